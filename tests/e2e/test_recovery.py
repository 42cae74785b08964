"""An outage of the endpoint and a crash of the host delay a model; they do not lose it."""

from datetime import timedelta

from tests.e2e.deployment import Deployment, document, state_of, wait_for_event, wait_until

# The app waits 30 s after a failed PATCH, and 30 s after one that went well before it asks.
PATIENCE = timedelta(seconds=60)


def test_after_an_outage_and_a_crash_the_timer_brings_the_model_to_live(
    deployed: Deployment, model: bytes
) -> None:
    deployed.service.script("PATCH", status=503)
    with deployed.host() as host:
        deployed.put("a.ilearner", model)
        wait_for_event(host, "patch.unsettled")
        wait_until(lambda: state_of(host) == "pending", evidence=host.log_text)
        host.kill()

    with deployed.host() as host:
        wait_until(lambda: state_of(host) == "live", 2 * PATIENCE, host.log_text)

        assert document(host)["serving"]["confirmed_by"] == "location"
        assert len(deployed.patches()) == 2
