"""The stack left alone: a retrain every minute, tokens that live 90 seconds, and nobody looks."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from local_stack.azurite import Azurite
from local_stack.ml_service import dataset
from protocols.blob_reference import expiry_in
from tests.chaos.conftest import Figures
from tests.e2e.deployment import Deployment, deployment
from tests.integration.retraining.retraining_app import TRAINING

_LEFT_FOR: Final = timedelta(minutes=15)
_PATIENCE: Final = timedelta(minutes=3)
"""How long the first model may take to be served, on a machine that is busy."""
_ON_ITS_WAY: Final = timedelta(seconds=60)
"""How long after it landed a model is served at the latest."""
_TABLES: Final = """
[endpoints.digits.retrain]
service = "digits"
schedule = "0 * * * * *"
inputs.input1 = "{container}/training/digits.csv"
outputs.output2 = "{container}/{{run}}.ilearner"
[training_services.digits]
jobs_url = "{jobs_url}"
api_key = "%TRAINING_KEY%"
output = "output2"
"""


class Watched:
    """The endpoint and the models, looked at from outside."""

    def __init__(self, deployed: Deployment) -> None:
        self._deployed = deployed
        self.looks = 0
        self.least_left = timedelta.max
        self.served: list[str] = []
        self.late: list[str] = []

    def serves(self) -> bool:
        """Look whether any of the models is served."""
        return self._location() is not None

    def sees_a_fault(self) -> bool:
        """Hold what serves against the time, and against the newest model."""
        location, landed = self._location(), self._landed()
        assert location is not None
        now = datetime.now(UTC)
        self.looks += 1
        expiry = datetime.fromisoformat(expiry_in(location["SasBlobToken"]) or "")
        self.least_left = min(self.least_left, expiry - now)
        name = location["RelativeLocation"].partition("/")[2]
        if name not in self.served:
            self.served.append(name)
        due = [one for one, at in landed.items() if now - at > _ON_ITS_WAY]
        if due and due[-1] not in self.served:
            self.late.append(due[-1])
        return bool(self.late) or expiry <= now

    def _location(self) -> dict[str, str] | None:
        service = self._deployed.service
        headers = {"Authorization": f"Bearer {service.key('digits')}"}
        answer: Any = requests.get(service.patch_url("digits"), headers=headers, timeout=30).json()
        location: dict[str, str] | None = answer["Resources"][0].get("Location")
        is_ours = location is not None and self._deployed.container in location["RelativeLocation"]
        return location if is_ours else None

    def _landed(self) -> dict[str, datetime]:
        """Name the models and when they landed, the newest last."""
        with self._deployed.models() as models:
            found = [(one.last_modified, one.name) for one in models.list_blobs()]
        return {name: at for at, name in sorted(found) if name.endswith(".ilearner")}


@pytest.mark.timeout((_LEFT_FOR + 2 * _PATIENCE).total_seconds())
def test_left_alone_the_newest_model_serves_with_a_token_that_is_good(
    azurite: Azurite, container_name: str, tmp_path: Path, figures: Figures, *, full: bool
) -> None:
    if not full:
        pytest.skip("takes 15 minutes: see `make chaos`")
    with (
        _retrained_every_minute(azurite, container_name, tmp_path) as deployed,
        deployed.host(WATCH_SCHEDULE="*/5 * * * * *") as host,
    ):
        watched = Watched(deployed)
        assert _until(watched.serves, _PATIENCE), host.log_text()[-4000:]
        _until(watched.sees_a_fault, _LEFT_FOR)
        log = host.log_text()

    patches = len(deployed.patches())
    assert watched.least_left > timedelta(0)
    assert watched.late == []
    assert len(watched.served) >= _LEFT_FOR / timedelta(minutes=1) - 2
    # Each model once, and once more as its token grows old within the minute that it serves.
    assert len(watched.served) < patches <= 2 * len(watched.served) + 2
    assert re.findall(r"^.*\b(?:ERROR|CRITICAL)\b.*$", log, re.MULTILINE) == []
    figures(
        minutes=_LEFT_FOR / timedelta(minutes=1),
        looks=watched.looks,
        models=len(watched.served),
        patches=patches,
        least_time_left_of_a_token=f"{watched.least_left.total_seconds():.1f}s",
        expired_tokens=0,
        older_models=0,
    )


@contextmanager
def _retrained_every_minute(azurite: Azurite, container: str, folder: Path) -> Iterator[Deployment]:
    with deployment(azurite, container, folder) as deployed:
        file = Path(deployed.environ["ENDPOINTS_FILE"])
        jobs_url = deployed.service.jobs_url(TRAINING)
        tables = _TABLES.format(container=container, jobs_url=jobs_url)
        file.write_text(file.read_text("utf-8") + tables, "utf-8")
        deployed.environ.update(
            TRAINING_KEY=deployed.service.key(TRAINING), SAS_LIFETIME="90s", SAS_RENEW_BEFORE="40s"
        )
        deployed.put("training/digits.csv", dataset.rows("train").to_csv())
        yield deployed


def _until(look: Callable[[], bool], patience: timedelta) -> bool:
    """Look every second until it is so, or patience is over."""
    retrying = Retrying(
        retry=retry_if_result(lambda answer: not answer),
        stop=stop_after_delay(patience.total_seconds()),
        wait=wait_fixed(1),
        retry_error_callback=lambda _: False,
    )
    return bool(retrying(look))
