"""Every error this service answers, in the shape of Azure Resource Manager.

``{"error": {"code", "message", "details": [{"code", "message"}], "additionalInfo": []}}``. What is
known of codes and texts comes from captured answers in public issues and from the page
"troubleshoot online endpoints"; a code that no source shows is marked so.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from local_stack.http_service.call import Answer

# What an operation may end with, that says nothing about the model.
OUT_OF_QUOTA: Final = "OutOfQuota"
IMAGE_BUILD_FAILURE: Final = "ImageBuildFailure"
BAD_ARGUMENT: Final = "BadArgument"
OPERATION_CANCELED: Final = "OperationCanceled"
INTERNAL_SERVER_ERROR: Final = "InternalServerError"
# What it ends with where the script's container does.
RESOURCE_NOT_READY: Final = "ResourceNotReady"

_INFERENCING: Final = "InferencingClientCallFailed"


class ArmError(Exception):
    """A request that is answered with an error.

    Args:
        status: Of HTTP.
        code: The general code.
        message: One sentence. Never a secret.
        detail: A code and a message below it.
        inner: Codes within the code.
        headers: What the answer has besides.
    """

    def __init__(  # noqa: PLR0913 - all of it is named
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        detail: tuple[str, str] | None = None,
        inner: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.detail, self.inner, self.headers = detail, inner, headers or {}

    def answer(self) -> Answer:
        """The HTTP answer."""
        details = [] if self.detail is None else [document(*self.detail)]
        error = document(self.code, self.message) | {"details": details}
        if self.inner is not None:
            error |= {"additionalInfo": [{"type": "InnerError", "info": {"value": self.inner}}]}
        return Answer(self.status, {"error": error}, self.headers)


def document(code: str, message: str) -> dict[str, object]:
    """An error as it stands within an answer."""
    return {"code": code, "message": message, "details": [], "additionalInfo": []}


def invalid(said: str, member: str = "") -> ArmError:
    """A 400 by the service behind Resource Manager, which says what is wrong within a text."""
    title = "One or more validation errors occurred."
    text = json.dumps({"errors": {member: [said]}, "title": title})
    detail = (_INFERENCING, text)
    return ArmError(HTTPStatus.BAD_REQUEST, "BadRequest", "The request is invalid.", detail=detail)


def unreadable(said: str) -> ArmError:
    """A 400 by Resource Manager itself: the body is not of the contract."""
    text = f"The request content was invalid and could not be deserialized: '{said}'."
    return ArmError(HTTPStatus.BAD_REQUEST, "InvalidRequestContent", text)


def not_found(what: str) -> ArmError:
    """A 404 by the service behind Resource Manager."""
    text = "The specified resource was not found."
    detail = (_INFERENCING, json.dumps({"title": "Not Found", "detail": what}))
    return ArmError(HTTPStatus.NOT_FOUND, "NotFound", text, detail=detail)


def immutable(members: str) -> ArmError:
    """A 400 for a job that is there and was put otherwise. Issues quote it; none tells the status.

    The codes within it: `Immutable`, and within that `JobPropertyImmutable`.
    """
    text = (
        f"A job with this name already exists. The existing job's {members} cannot be changed. "
        "Only description, tags, displayName, properties, and isArchived can be updated."
    )
    inner = {"code": "Immutable", "innerError": {"code": "JobPropertyImmutable"}}
    return ArmError(HTTPStatus.BAD_REQUEST, "UserError", text, inner=inner)


def conflict(said: str) -> ArmError:
    """A 409. No source shows what it holds."""
    text = "The request conflicts with an operation under way."
    return ArmError(HTTPStatus.CONFLICT, "Conflict", text, detail=(OPERATION_CANCELED, said))


def not_built(what: str) -> ArmError:
    """A 501 that says what this local service has not built. Ours."""
    text = f"This local service has not built it: {what}."
    return ArmError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", text)


class OperationError(Exception):
    """What an operation ends with; it shows in its status, never in the answer that began it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message

    def document(self) -> dict[str, object]:
        """As the operation's status has it."""
        return document(self.code, self.message)
