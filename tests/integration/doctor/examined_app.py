"""A healthy set-up on the real parts of the local stack, for the doctor to look at."""

import functools
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from doctor.examination import Patient, examined
from doctor.finding import Finding
from local_stack.azurite import Azurite
from local_stack.key_vault import KeyVault
from local_stack.ml_service import MlService
from protocols.identity import Identity
from protocols.wire import Wire
from retrain_trigger.engine import App
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from state.clients import blob_service

ROOT = Path(__file__).parents[3]
TRAINING = "digits-training"
PATIENT = timedelta(seconds=20)  # a machine under load scores for the first time in seconds


@dataclass
class ExaminedApp:
    """An app and all that it speaks to.

    Attributes:
        azurite: Storage.
        service: The local ML service.
        vault: Where the endpoint's key is.
        identity: What reads it.
        container: Where models land.
        folder: A copy of what the doctor reads of the app.
        environ: The app settings.
        python: The version of Python that runs the doctor.
        now: The doctor's clock.
    """

    azurite: Azurite
    service: MlService
    vault: KeyVault
    identity: Identity
    container: str
    folder: Path
    environ: dict[str, str]
    python: tuple[int, int] = (3, 13)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def prepare(self) -> None:
        """Make it healthy: files, containers, keys, and timers that ticked."""
        for name in ("host.json", "requirements.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        for name in ("", "-state"):
            self.blobs().create_container(self.container + name)
        self.vault.put("digits", self.service.key("digits"))
        self.write(ENDPOINTS)
        self.tick()

    def tick(self) -> None:
        """Have both timers tick."""
        engine = self.app().engine
        watch(engine)
        sweep(engine)

    def write(self, text: str, *more: str) -> None:
        """Write the endpoints file."""
        said = "\n".join([text, *more]).format(
            patch_url=self.service.patch_url("digits"),
            score_url=self.service.score_url("digits"),
            jobs_url=self.service.jobs_url(TRAINING),
            vault=self.vault.url,
            container=self.container,
        )
        (self.folder / "endpoints.toml").write_text(said, "utf-8")

    def app(self) -> App:
        """The app, put together anew."""
        return App(
            self.environ,
            self.folder,
            now=self.now,
            wire=Wire(PATIENT),
            storage=self._storage,
            identity=self.identity,
        )

    def findings(self) -> list[Finding]:
        """All that the doctor finds."""
        patient = Patient(
            folder=self.folder,
            environ=self.environ,
            python=self.python,
            app=self.app(),
            storage=self._storage,
        )
        return list(examined(patient))

    def blobs(self) -> BlobServiceClient:
        """The storage, for the test itself."""
        return BlobServiceClient.from_connection_string(self.azurite.connection_string)

    @property
    def _storage(self) -> Callable[..., BlobServiceClient]:
        return functools.partial(blob_service, retries=0)


# Braces that are TOML's own are doubled: the text is a format.
ENDPOINTS = """
[endpoints.digits]
patch_url = "{patch_url}"
api_key = "{vault}/secrets/digits"
resource = "Digits Model [trained model]"

[endpoints.digits.smoke_test]
score_url = "{score_url}"
request = "digits.json"
expect = "Results.output1.value.Values[0] != null"

[endpoints.digits.retrain]
service = "digits"
inputs.input1 = "{container}/training/digits.csv"
outputs.output2 = "{container}/digits/{{run}}.ilearner"

[training_services.digits]
jobs_url = "{jobs_url}"
api_key = "%TRAINING_KEY%"
"""
assert tomllib.loads(ENDPOINTS.replace("{{", "{").replace("}}", "}"))
