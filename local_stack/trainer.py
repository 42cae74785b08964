"""Who trains a model from rows in one blob, into another: a batch service, or a workspace."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from azure.storage.blob import BlobClient, BlobSasPermissions
from msgspec import Struct

from local_stack.azurite import StorageAccount
from local_stack.batch_client import BatchClient, BlobReference
from local_stack.identity import token
from local_stack.workspace_client import WorkspaceClient

MANAGEMENT: Final = "https://management.azure.com"
_ENDED_BADLY: Final = frozenset({"Failed", "Cancelled", "Canceled"})
_ENDED_WELL: Final = frozenset({"Finished", "Completed"})


class Look(Struct, frozen=True):
    """What was seen of a job.

    Attributes:
        status: As its service says it.
        details: What it says besides.
    """

    status: str
    details: str | None = None

    @property
    def has_ended_well(self) -> bool:
        """Whether there is a model."""
        return self.status in _ENDED_WELL

    @property
    def has_ended_badly(self) -> bool:
        """Whether there will be none."""
        return self.status in _ENDED_BADLY


class BatchTrainer(Struct, frozen=True, tag="batch"):
    """The batch execution service of Studio (classic). It is given tokens.

    Attributes:
        jobs_url: Where it takes jobs.
        key: What it is asked with.
    """

    jobs_url: str
    key: str

    def start(
        self, account: StorageAccount, rows: BlobClient, model: BlobClient, now: datetime
    ) -> str:
        """Have a job train; answers its id."""
        read, write = BlobSasPermissions(read=True), BlobSasPermissions(create=True, write=True)
        evaluation = BlobClient.from_connection_string(
            account.connection_string,
            model.container_name,
            f"{model.blob_name.rpartition('/')[0]}/evaluation.csv",
        )
        sign = BlobReference.sign
        return self._client.start(
            {"input1": sign(account, rows, read, now)},
            {
                "output1": sign(account, evaluation, write, now),
                "output2": sign(account, model, write, now),
            },
        )

    def look(self, job_id: str) -> Look:
        """One look at a job."""
        status = self._client.status(job_id)
        return Look(status.status_code, status.details)

    @property
    def _client(self) -> BatchClient:
        return BatchClient(self.jobs_url, self.key)

    def __repr__(self) -> str:
        """Without the key."""
        return f"BatchTrainer({self.jobs_url!r})"


class WorkspaceTrainer(Struct, frozen=True, tag="workspace"):
    """A workspace of Azure Machine Learning. It reads and writes by rights of its own.

    Attributes:
        workspace_url: The workspace.
        datastores: Its datastore of each container.
        identity: Where tokens are got, as App Service says it.
    """

    workspace_url: str
    datastores: Mapping[str, str]
    identity: Mapping[str, str]

    def start(
        self, account: StorageAccount, rows: BlobClient, model: BlobClient, now: datetime
    ) -> str:
        """Have a job train; answers its id."""
        del account, now
        job_id, asset = f"digits_{uuid4().hex}", f"{self._client.id}/{{}}/versions/1"
        job: dict[str, Any] = {
            "jobType": "Command",
            "command": "python train.py --rows ${{inputs.rows}} --model ${{outputs.model}}",
            "codeId": asset.format("codes/digits"),
            "environmentId": asset.format("environments/training"),
            "inputs": {"rows": {"jobInputType": "uri_file", "uri": self._place(rows)}},
            "outputs": {"model": {"jobOutputType": "custom_model", "uri": self._place(model)}},
        }
        self._client.start_job(job_id, job)
        return job_id

    def look(self, job_id: str) -> Look:
        """One look at a job."""
        return Look(self._client.job_status(job_id))

    def _place(self, blob: BlobClient) -> str:
        datastore = self.datastores[blob.container_name]
        return f"azureml://datastores/{datastore}/paths/{blob.blob_name}"

    @property
    def _client(self) -> WorkspaceClient:
        return WorkspaceClient(self.workspace_url, lambda: token(self.identity, MANAGEMENT))

    def __repr__(self) -> str:
        """Without what tokens are got with."""
        return f"WorkspaceTrainer({self.workspace_url!r})"


type Trainer = BatchTrainer | WorkspaceTrainer
