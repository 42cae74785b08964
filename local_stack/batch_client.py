"""A caller of the batch execution service: submit, start, ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import msgspec
import requests
from azure.storage.blob import BlobClient, BlobSasPermissions, generate_blob_sas

from local_stack.azurite import StorageAccount

_ANSWER_WITHIN = 30  # seconds
_BACKDATED = timedelta(minutes=15)
_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class BlobReference:
    """One blob with a token for it, as the wire carries it."""

    base_location: str
    relative_location: str
    sas_blob_token: str = field(repr=False)

    @classmethod
    def sign(
        cls,
        account: StorageAccount,
        blob: BlobClient,
        permission: BlobSasPermissions,
        now: datetime,
    ) -> Self:
        """A reference that the service can use for an hour."""
        token = generate_blob_sas(
            account.name,
            blob.container_name,
            blob.blob_name,
            account_key=account.key,
            permission=permission,
            start=now - _BACKDATED,
            expiry=now + _LIFETIME,
        )
        base = f"{account.blob_service_uri}/"
        return cls(base, blob.url.removeprefix(base), f"?{token}")

    def to_wire(self) -> dict[str, str]:
        """The three members that a job wants."""
        return {
            "BaseLocation": self.base_location,
            "RelativeLocation": self.relative_location,
            "SasBlobToken": self.sas_blob_token,
        }


class JobStatus(msgspec.Struct, frozen=True, rename="pascal"):
    """What the service says of a job."""

    status_code: str
    details: str | None = None


class BatchClient:
    """Runs jobs of one web service."""

    def __init__(self, jobs_url: str, key: str) -> None:
        self._jobs_url = jobs_url
        self._headers = {"Authorization": f"Bearer {key}"}

    def start(
        self, inputs: Mapping[str, BlobReference], outputs: Mapping[str, BlobReference]
    ) -> str:
        """Submit a job and start it; answers its id."""
        body = {
            "Inputs": {name: reference.to_wire() for name, reference in inputs.items()},
            "Outputs": {name: reference.to_wire() for name, reference in outputs.items()},
            "GlobalParameters": {},
        }
        job_id = msgspec.json.decode(self._request("POST", "", body), type=str)
        self._request("POST", f"/{job_id}/start", None)
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """One look at a job."""
        return msgspec.json.decode(self._request("GET", f"/{job_id}", None), type=JobStatus)

    def _request(self, method: str, path: str, body: object) -> bytes:
        response = requests.request(
            method,
            f"{self._jobs_url}{path}?api-version=2.0",
            json=body,
            headers=self._headers,
            timeout=_ANSWER_WITHIN,
            allow_redirects=False,
        )
        response.raise_for_status()
        return response.content
