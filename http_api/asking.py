"""What a person asks: the body, the dry run, who it is."""

import threading
import unicodedata
from http import HTTPStatus
from typing import Annotated

import azure.functions as func
import msgspec

from http_api.answers import ProblemError
from telemetry.redaction import redact

_LONGEST_BODY = 16 * 1024
_SOMEBODY = "holder of a function key"
_LONGEST_NAME = 200  # it goes on record and into every line of the log about this word
# The host takes a function key as `code`, and what the portal calls its name as `clientId`.
_IN_QUERY = frozenset({"dry_run", "code", "clientId"})
_UNSPEAKABLE = frozenset({"Cc", "Cs"})  # Unicode's categories: control characters, surrogates

# msgspec (0.22.0) crashes the process where two threads at once are the first to read a type.
_ONE_BY_ONE = threading.Lock()

type Reason = Annotated[str, msgspec.Meta(max_length=500)]


def body_of[T](req: func.HttpRequest, kind: type[T]) -> T:
    """Read the body; a body that is left out is an empty object.

    Raises:
        ProblemError: It is not of that kind.
    """
    content = req.get_body()
    if len(content) > _LONGEST_BODY:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is longer than 16 KiB")
    try:
        with _ONE_BY_ONE:
            return msgspec.json.decode(content or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"the body is faulty: {error}") from error


def is_dry_run(req: func.HttpRequest) -> bool:
    """Say whether only a plan is asked for.

    Raises:
        ProblemError: `dry_run` is neither true nor false, or what is in the query may be meant for
            it: a person who mistyped a dry run must not have the deed done.
    """
    for name in req.params.keys() - _IN_QUERY:
        shown = redact(repr(name))[:_LONGEST_NAME]
        detail = f"the query takes dry_run, beside the key as code, and not {shown}"
        raise ProblemError(HTTPStatus.BAD_REQUEST, detail)
    text: str = req.params.get("dry_run", "false").lower()
    if text not in {"true", "false"}:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "dry_run must be true or false")
    return text == "true"


def is_speakable(text: str) -> bool:
    """Say whether *text* has neither control characters nor halves of surrogate pairs."""
    return _UNSPEAKABLE.isdisjoint(map(unicodedata.category, text))


def asker(req: func.HttpRequest) -> str:
    """Say who asks, as far as the platform tells.

    It proves something only behind App Service authentication, which sets the header itself:
    without, whoever has a function key may send what they like.
    """
    said = req.headers.get("x-ms-client-principal-name") or ""
    name = redact("".join(sign for sign in said if is_speakable(sign)))
    return name[:_LONGEST_NAME].strip() or _SOMEBODY


def reason_of(text: str | None) -> str | None:
    """Give what the person said, without secrets: it goes on record."""
    return redact(text) if text else None
