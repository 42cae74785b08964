"""What can go wrong with storage, split by what the caller will do.

StorageError
├── ConflictError     someone else wrote first: read again and decide anew
└── UnavailableError  try later; nothing is known about the write
"""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
)

from telemetry.redaction import redact

_CONFLICTS = frozenset({409, 412})


class StorageError(Exception):
    """Storage did not do what was asked.

    Attributes:
        doing: What was asked, as in `write record census`.
        status: The HTTP status, where there was an answer.
        code: The storage service's own error code, where it gave one.
    """

    def __init__(self, doing: str, status: int | None = None, code: str | None = None) -> None:
        self.doing, self.status, self.code = doing, status, code
        said = f"answered {status} {code or ''}".strip() if status else f"failed ({code})"
        super().__init__(f"storage could not {doing}: it {said}")


class ConflictError(StorageError):
    """A condition did not hold: someone else wrote first."""


class UnavailableError(StorageError):
    """Storage could not be reached, refused, or failed."""


@contextmanager
def mapped(doing: str) -> Iterator[None]:
    """Turn an SDK error into ours."""
    try:
        yield
    except HttpResponseError as error:
        # Without its cause, which a traceback would show: storage quotes the request's signature.
        raise _ours(doing, error) from None
    except AzureError as error:
        raise _ours(doing, error) from error


def _ours(doing: str, error: AzureError) -> StorageError:
    status = error.status_code if isinstance(error, HttpResponseError) else None
    code = getattr(error, "error_code", None) or type(error).__name__
    conflict = isinstance(error, (ResourceExistsError, ResourceModifiedError))
    kind = ConflictError if conflict or status in _CONFLICTS else UnavailableError
    return kind(doing, status, redact(str(getattr(code, "value", code))))
