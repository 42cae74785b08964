"""A retraining of the demo: data up, a batch job, a model down in the container that is watched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobClient, BlobSasPermissions, BlobServiceClient

from local_stack.azurite import StorageAccount
from local_stack.batch_client import BatchClient, BlobReference
from local_stack.ml_service.table import Table

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
    """Trains over the wire of the batch execution service.

    Attributes:
        account: Where data and models are.
        jobs: The training service.
        now: The clock that tokens are signed by.
        pause: Waits between two looks.
        patience: How long the job may take.
        data: The blob that the training data is in.
    """

    account: StorageAccount
    jobs: BatchClient
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
            evaluation = service.get_blob_client(MODEL_CONTAINER, f"digits/{run}/evaluation.csv")
            data = service.get_blob_client(DATA_CONTAINER, self.data)
            read, write = BlobSasPermissions(read=True), BlobSasPermissions(create=True, write=True)
            job_id = self.jobs.start(
                {"input1": self._sign(data, read)},
                {"output1": self._sign(evaluation, write), "output2": self._sign(model, write)},
            )
            self._wait(job_id, tell)
            return _landed(model)

    def _sign(self, blob: BlobClient, permission: BlobSasPermissions) -> BlobReference:
        return BlobReference.sign(self.account, blob, permission, self.now())

    def _wait(self, job_id: str, tell: Callable[[str], None]) -> None:
        begun = self.now()
        while (status := self.jobs.status(job_id)).status_code != "Finished":
            tell(f"batch job {job_id[:8]}: {status.status_code}")
            if status.status_code in {"Failed", "Cancelled"}:
                raise RetrainingError(f"Job {job_id} {status.status_code}: {status.details}")
            if self.now() - begun > self.patience:
                raise RetrainingError(f"Job {job_id} is still {status.status_code}.")
            self.pause(_POLL)

    def _service(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.account.connection_string)


def _landed(model: BlobClient) -> LandedModel:
    properties = model.get_blob_properties()
    return LandedModel(model.blob_name, properties.size, properties.last_modified)
