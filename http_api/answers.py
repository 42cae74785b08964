"""Answers: JSON, and errors as RFC 9457 problems."""

from http import HTTPStatus

import azure.functions as func
import msgspec

from settings.fault import Fault


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
        msgspec.json.encode(body),
        status_code=status,
        headers={"Cache-Control": "no-store"} | (headers or {}),
        mimetype="application/json",
    )


def problem(error: ProblemError) -> func.HttpResponse:
    """Answer with an RFC 9457 problem."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": error.status.phrase,
        "status": int(error.status),
        "detail": error.detail,
    }
    if error.faults:
        body["faults"] = [{"where": fault.where, "what": fault.what} for fault in error.faults]
    return func.HttpResponse(
        msgspec.json.encode(body),
        status_code=error.status,
        headers={"Cache-Control": "no-store"},
        mimetype="application/problem+json",
    )
