"""Where the model of a job is that its service keeps: known by asking the service, by job id."""

from datetime import datetime
from typing import Protocol

import msgspec

from patch_endpoint.trained_model import JobOutput
from protocols.blob_reference import BlobReference
from state.storage_errors import UnavailableError


class ResultLocation(msgspec.Struct, frozen=True):
    """Where a job's output is now, with the service's token.

    Attributes:
        reference: What an endpoint is told.
        blob: Container and name, as they are.
        expires_at: When the token expires.
        expiry_text: The token's `se` as it stands.
    """

    reference: BlobReference
    blob: str
    expires_at: datetime
    expiry_text: str


class ResultUnavailableError(UnavailableError):
    """The service could not say where the output is; it may later."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__("read the job's result", code=code)
        self.args = (f"the training service could not say where the model is: {message}",)


class JobResults(Protocol):
    """The results of finished jobs."""

    def location(self, output: JobOutput, now: datetime) -> ResultLocation:
        """Say where *output* is, with a token that the service gave just now.

        Raises:
            ResultUnavailableError: The service could not say, or says that it knows no such job. So
                also says a proxy, or an address that is wrong for a minute: nothing is given up.
        """
