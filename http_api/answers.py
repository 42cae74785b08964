"""Answers: JSON, and errors as RFC 9457 problems."""

from http import HTTPStatus
from typing import Annotated, Final, NotRequired, TypedDict

import azure.functions as func
import msgspec

from settings.fault import Fault

PROBLEM: Final = "application/problem+json"

type ListedInstant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""An instant out of a listing."""


class FaultDocument(TypedDict):
    """One thing that is wrong: the setting, or the table and key, and what to do about it."""

    where: str
    what: str


class ProblemDocument(TypedDict):
    """Why there is no success, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    faults: NotRequired[list[FaultDocument]]


class ProblemError(Exception):
    """What was asked cannot be answered with success.

    Attributes:
        status: The HTTP status.
        detail: What is wrong and what to do, without secrets.
        faults: The faults behind it, if any.
    """

    def __init__(self, status: HTTPStatus, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        self.status, self.detail, self.faults = status, detail, faults
        super().__init__(detail)


def answer(
    body: object, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """Answer with *body* as JSON."""
    return func.HttpResponse(
        _line(body),
        status_code=status,
        headers={"Cache-Control": "no-store"} | (headers or {}),
        mimetype="application/json",
    )


def problem(error: ProblemError) -> func.HttpResponse:
    """Answer with an RFC 9457 problem."""
    body: ProblemDocument = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": int(error.status),
        "detail": error.detail,
    }
    if error.faults:
        body["faults"] = [fault_document(fault) for fault in error.faults]
    return func.HttpResponse(
        _line(body),
        status_code=error.status,
        headers={"Cache-Control": "no-store"},
        mimetype=PROBLEM,
    )


def listed_instant(mirrored: str | None) -> ListedInstant | None:
    """Give an instant of a record's metadata in the one form that all answers have."""
    return mirrored.replace("+00:00", "Z") if mirrored else None


def _line(body: object) -> bytes:
    """Give *body* as a line of JSON: on a terminal, the prompt comes below it."""
    return msgspec.json.encode(body) + b"\n"


def fault_document(fault: Fault) -> FaultDocument:
    """Say what is wrong, and where."""
    return {"where": fault.where, "what": fault.what}
