"""A caller of a workspace's control plane, as a person with an identity is one."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import requests

API_VERSION: Final = "2025-12-01"
_ANSWER_WITHIN: Final = 60  # seconds


class Deployment(msgspec.Struct, frozen=True):
    """A deployment, as far as the story tells it.

    Attributes:
        state: Its `provisioningState`.
        model: The name and version of the model in it.
    """

    name: str
    state: str
    model: str


class WorkspaceClient:
    """Asks a workspace.

    Args:
        url: The workspace's address.
        token: Gives a token for the control plane.

    Attributes:
        url: The workspace's address, without a slash at the end.
    """

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self.url, self._token = url, token

    @property
    def id(self) -> str:
        """Its id as a resource."""
        return self.url[self.url.index("/subscriptions/") :]

    def deployments(self, endpoint: str) -> list[Deployment]:
        """The deployments of an online endpoint."""
        listed = self._asked("GET", f"/onlineEndpoints/{endpoint}/deployments")["value"]
        return [
            Deployment(
                one["name"],
                one["properties"]["provisioningState"],
                one["properties"]["model"].partition("/models/")[2].replace("/versions", ""),
            )
            for one in listed
        ]

    def traffic(self, endpoint: str) -> dict[str, int]:
        """How an online endpoint's traffic is shared out."""
        document = self._asked("GET", f"/onlineEndpoints/{endpoint}")
        shares: dict[str, int] = document["properties"]["traffic"]
        return {name: share for name, share in shares.items() if share}

    def key(self, endpoint: str) -> str:
        """The key by which an online endpoint is scored."""
        return str(self._asked("POST", f"/onlineEndpoints/{endpoint}/listKeys")["primaryKey"])

    def start_job(self, job_id: str, properties: dict[str, Any]) -> None:
        """Have a job run under an id of one's own."""
        self._asked("PUT", f"/jobs/{job_id}", {"properties": properties})

    def job_status(self, job_id: str) -> str:
        """One look at a job."""
        return str(self._asked("GET", f"/jobs/{job_id}")["properties"]["status"])

    def _asked(self, method: str, path: str, body: object = None) -> Any:
        response = requests.request(
            method,
            f"{self.url}{path}",
            params={"api-version": API_VERSION},
            json=body,
            headers={"Authorization": f"Bearer {self._token()}"},
            timeout=_ANSWER_WITHIN,
            allow_redirects=False,
        )
        response.raise_for_status()
        return response.json()
