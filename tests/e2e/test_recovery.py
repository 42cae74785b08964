"""An outage of the endpoint and a crash of the host delay a model; they do not lose it."""

from datetime import timedelta

import pytest

from local_stack.functions_host import FunctionsHost
from tests.e2e.deployment import Deployment, document, state_of, wait_until

# The app waits 30 s after a failed PATCH, and 30 s after one that went well before it asks.
PATIENCE = timedelta(seconds=60)


@pytest.mark.timeout(300)
def test_after_an_outage_and_a_crash_the_timer_brings_the_model_to_live(
    deployed: Deployment, model: bytes
) -> None:
    deployed.service.script("PATCH", status=503)
    with deployed.host() as host:
        deployed.put("a.ilearner", model)
        wait_until(lambda: _trouble(host) is not None, evidence=host.log_text)
        host.kill()

    with deployed.host() as host:
        wait_until(lambda: state_of(host) == "live", 2 * PATIENCE, host.log_text)

        assert document(host)["serving"]["confirmed_by"] == "location"
        assert len(deployed.patches()) == 2


def _trouble(host: FunctionsHost) -> str | None:
    """Why the desired model is not there yet, as the record says once an attempt has ended."""
    desired = document(host)["desired"]
    return desired["error"] if desired else None
