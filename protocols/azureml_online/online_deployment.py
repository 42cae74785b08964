"""A deployment as its workspace describes it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from protocols.azureml_online.arm import Document
from protocols.azureml_online.candidate import MODEL_TAG, Candidate

_BUSY: Final = frozenset({"creating", "updating", "scaling"})


class OnlineDeployment(msgspec.Struct, frozen=True):
    """One deployment.

    Attributes:
        document: How it is described.
    """

    document: Document

    @property
    def name(self) -> str:
        """Its name at the endpoint."""
        return str(self.document.get("name") or "").rpartition("/")[2]

    @property
    def said(self) -> str:
        """Its provisioning state as the workspace says it."""
        return str(self._properties.get("provisioningState") or "")

    @property
    def state(self) -> str:
        """The same in lower case; `busy` while an operation is at work on it."""
        state = self.said.lower()
        return "busy" if state in _BUSY else state

    @property
    def is_ours(self) -> bool:
        """Whether this app made it."""
        return MODEL_TAG in self._tags

    @property
    def operation(self) -> str:
        """The address of the last operation on it; empty: it does not tell."""
        told = self._properties.get("properties")
        return str(told.get("AzureAsyncOperationUri") or "") if isinstance(told, dict) else ""

    def is_of(self, candidate: Candidate) -> bool:
        """Say whether it is the deployment of *candidate*, and of nothing else."""
        return candidate.tags.items() <= self._tags.items()

    @property
    def _properties(self) -> Mapping[str, Any]:
        found = self.document.get("properties")
        return found if isinstance(found, dict) else {}

    @property
    def _tags(self) -> Mapping[str, Any]:
        found = self.document.get("tags")
        return found if isinstance(found, dict) else {}
