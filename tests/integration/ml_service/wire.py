"""A client of the local ML service's wire, a clock that tests drive, and storage to read from."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient, generate_blob_sas

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, dataset
from local_stack.ml_service.table import Table

RESOURCE = "Digits Model [trained model]"


@dataclass
class DrivenClock:
    """Stands still until it is told to go on; starts now, so that real storage takes its tokens."""

    instant: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        """The instant."""
        return self.instant

    def advance(self, **by: float) -> None:
        """Let time pass, by the arguments of a timedelta."""
        self.instant += timedelta(**by)


@dataclass
class Storage:
    """A container of one test's own in Azurite."""

    azurite: Azurite
    container: str

    def put(self, blob: str, content: bytes) -> None:
        """Write a blob over whatever is there."""
        with BlobServiceClient.from_connection_string(self.azurite.connection_string) as client:
            client.get_blob_client(self.container, blob).upload_blob(content, overwrite=True)

    def get(self, blob: str) -> bytes:
        """A blob's bytes."""
        with BlobServiceClient.from_connection_string(self.azurite.connection_string) as client:
            return client.get_blob_client(self.container, blob).download_blob().readall()

    def reference(
        self, blob: str, *, permission: str = "r", lifetime: timedelta = timedelta(hours=1)
    ) -> dict[str, str]:
        """A blob reference with a token that Azurite judges."""
        token = generate_blob_sas(
            self.azurite.account_name,
            self.container,
            blob,
            account_key=self.azurite.account_key,
            permission=permission,
            start=datetime.now(UTC) - timedelta(hours=2),
            expiry=datetime.now(UTC) + lifetime,
        )
        return {
            "BaseLocation": f"{self.azurite.blob_service_uri}/",
            "RelativeLocation": f"{self.container}/{blob}",
            "SasBlobToken": f"?{token}",
        }


@dataclass
class Caller:
    """A client of the wire that knows the keys."""

    service: MlService
    clock: DrivenClock

    def headers(self, name: str) -> dict[str, str]:
        """The primary key of an endpoint."""
        return {"Authorization": f"Bearer {self.service.key(name)}"}

    def owner(self) -> dict[str, str]:
        """The workspace's token."""
        return {"Authorization": f"Bearer {self.service.studio.workspace_token}"}

    def endpoint(self, name: str = "digits") -> Any:
        """The document of an endpoint."""
        url = self.service.patch_url(name)
        return requests.get(url, headers=self.headers(name), timeout=30).json()

    def patch(
        self, location: dict[str, Any], *, resource: str = RESOURCE, name: str = "digits"
    ) -> requests.Response:
        """PATCH one resource of an endpoint with a location."""
        body = {"Resources": [{"Name": resource, "Location": location}]}
        return self.patch_body(body, name=name)

    def patch_body(self, body: object, *, name: str = "digits") -> requests.Response:
        """PATCH an endpoint with any body."""
        url = self.service.patch_url(name)
        return requests.patch(url, json=body, headers=self.headers(name), timeout=30)

    def execute(self, body: object, *, name: str = "digits", more: str = "") -> requests.Response:
        """Score with any body."""
        url = self.service.score_url(name) + more
        return requests.post(url, json=body, headers=self.headers(name), timeout=30)

    def labels(self, rows: Table, *, name: str = "digits") -> list[str]:
        """What an endpoint says of each row."""
        sent = {"ColumnNames": rows.columns, "Values": rows.rows}
        answer = self.execute({"Inputs": {"input1": sent}}, name=name)
        assert answer.status_code == 200, answer.text
        return [row[0] for row in answer.json()["Results"]["output1"]["value"]["Values"]]

    def accuracy(self, rows: Table) -> float:
        """How often the endpoint is right."""
        truth = rows.column(dataset.LABEL)
        pairs = zip(self.labels(rows), truth, strict=True)
        return sum(scored == true for scored, true in pairs) / len(truth)

    def job(self, method: str, path: str = "", body: object = None) -> requests.Response:
        """Call the training service's batch API."""
        url = f"{self.service.jobs_url('digits-training')}{path}?api-version=2.0"
        headers = self.headers("digits-training")
        return requests.request(method, url, json=body, headers=headers, timeout=60)


type MakeCaller = Callable[..., AbstractContextManager[Caller]]
