"""A retraining of the demo: data up, a job, a model down in the container that is watched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobClient, BlobServiceClient

from local_stack.azurite import StorageAccount
from local_stack.ml_service.table import Table
from local_stack.trainer import Trainer

MODEL_CONTAINER = "experimentoutput"
DATA_CONTAINER = "training"
_POLL = timedelta(milliseconds=300)


class RetrainingError(Exception):
    """The job did not finish; the message carries what the service says of it."""


@dataclass(frozen=True)
class LandedModel:
    """A model in the watched container."""

    name: str
    size: int
    last_modified: datetime


@dataclass(frozen=True)
class Retraining:
    """Trains over the wire of whoever trains.

    Attributes:
        account: Where data and models are.
        trainer: Who trains.
        now: The clock that tokens are signed by.
        pause: Waits between two looks.
        patience: How long the job may take.
        data: The blob that the training data is in.
    """

    account: StorageAccount
    trainer: Trainer
    now: Callable[[], datetime]
    pause: Callable[[timedelta], None]
    patience: timedelta = timedelta(minutes=3)
    data: str = "digits/latest.csv"

    def make_containers(self) -> None:
        """Make the containers, where they are not there yet."""
        with self._service() as service:
            for name in (DATA_CONTAINER, MODEL_CONTAINER):
                try:
                    service.create_container(name)
                except ResourceExistsError:
                    continue

    def upload(self, rows: Table) -> str:
        """Put the training data where the job finds it; answers container and blob."""
        with self._service() as service:
            service.get_blob_client(DATA_CONTAINER, self.data).upload_blob(
                rows.to_csv(), overwrite=True
            )
        return f"{DATA_CONTAINER}/{self.data}"

    def land(self, name: str, content: bytes) -> LandedModel:
        """Put a model where the app finds it."""
        with self._service() as service:
            model = service.get_blob_client(MODEL_CONTAINER, name)
            model.upload_blob(content, overwrite=True)
            return _landed(model)

    def run(self, run: str, tell: Callable[[str], None]) -> LandedModel:
        """Train and wait for the end; the model lands as `digits/{run}/model.ilearner`.

        Raises:
            RetrainingError: it failed, was cancelled, or took too long.
        """
        with self._service() as service:
            model = service.get_blob_client(MODEL_CONTAINER, f"digits/{run}/model.ilearner")
            data = service.get_blob_client(DATA_CONTAINER, self.data)
            self._wait(self.trainer.start(self.account, data, model, self.now()), tell)
            return _landed(model)

    def _wait(self, job_id: str, tell: Callable[[str], None]) -> None:
        begun = self.now()
        while not (seen := self.trainer.look(job_id)).has_ended_well:
            tell(f"job {job_id[:15]}: {seen.status}")
            if seen.has_ended_badly:
                raise RetrainingError(f"Job {job_id} {seen.status}: {seen.details}")
            if self.now() - begun > self.patience:
                raise RetrainingError(f"Job {job_id} is still {seen.status}.")
            self.pause(_POLL)

    def _service(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.account.connection_string)


def _landed(model: BlobClient) -> LandedModel:
    properties = model.get_blob_properties()
    return LandedModel(model.blob_name, properties.size, properties.last_modified)
