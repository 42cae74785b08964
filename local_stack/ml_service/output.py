"""Where a batch job's output goes, and the reference under which it is read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

from local_stack.ml_service.blob_account import BlobAccount
from local_stack.ml_service.blob_reference import BlobReference
from local_stack.ml_service.blob_transfer import Transfer

DEFAULT_CONTAINER: Final = "experimentoutput"


class Output(Protocol):
    """One output of a job."""

    def write(self, content: bytes) -> None:
        """Write the output's blob."""

    def reference(self, now: datetime, lifetime: timedelta) -> BlobReference:
        """Where it is, with a fresh token wherever this service can sign one."""


@dataclass(frozen=True, slots=True)
class SignedOutput:
    """An output for which the caller gave a token.

    This service has no key for it, so the reference is the caller's own (what the real service
    answered then is unknown).
    """

    given: BlobReference
    transfer: Transfer

    def write(self, content: bytes) -> None:
        """Write through the caller's token."""
        self.transfer.put(self.given.url, content)

    def reference(self, now: datetime, lifetime: timedelta) -> BlobReference:  # noqa: ARG002 - as in Output
        """The caller's own reference."""
        return self.given


@dataclass(frozen=True, slots=True)
class AccountOutput:
    """An output for which the caller gave a connection string."""

    connection_string: str = field(repr=False)
    container: str
    blob: str
    ca_file: Path | None

    def write(self, content: bytes) -> None:
        """Write with the account's key."""
        BlobAccount(self.connection_string, self.ca_file).write(self.container, self.blob, content)

    def reference(self, now: datetime, lifetime: timedelta) -> BlobReference:
        """Readable with a token for this blob alone, as documented for overridden locations."""
        account = BlobAccount(self.connection_string, self.ca_file)
        return account.blob_reference(self.container, self.blob, now, lifetime)


@dataclass(frozen=True, slots=True)
class DefaultOutput:
    """An output that was not overridden: a random name in the service's own storage."""

    connection_string: str = field(repr=False)
    extension: str
    ca_file: Path | None
    folder: str = field(default_factory=lambda: str(uuid4()))

    @property
    def blob(self) -> str:
        """``{guid}/{guid}.ilearner``: both are the same in the documents' example."""
        return f"{self.folder}/{self.folder}{self.extension}"

    def write(self, content: bytes) -> None:
        """Write with the key of the service's own storage."""
        account = BlobAccount(self.connection_string, self.ca_file)
        account.write(DEFAULT_CONTAINER, self.blob, content)

    def reference(self, now: datetime, lifetime: timedelta) -> BlobReference:
        """Readable with a token for the container, as documented for the default storage."""
        account = BlobAccount(self.connection_string, self.ca_file)
        return account.container_reference(DEFAULT_CONTAINER, self.blob, now, lifetime)
