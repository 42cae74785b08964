"""How an answer of Studio (classic) is read: documented errors, HTML of proxies, throttling.

Its endpoint half and its batch half answer alike, so both read with this.
"""

import html
import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from protocols.protocol import Refused, Unsettled
from protocols.wire import HttpAnswer, NoAnswerError, Wire
from settings.secret import Secret
from telemetry.redaction import redact

LONGEST_RETRY_AFTER = timedelta(hours=1)
LONGEST_MESSAGE = 500
_RETRIED = frozenset({408, 425, 429})
# A refusal with one of these may be about the model; with any other it is about the endpoint.
_ABOUT_MODEL = frozenset({400, 409, 413, 415, 422})
_HTML = re.compile(rb"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_UNSEEN = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>")


def exchange(  # noqa: PLR0913 - all of it is named
    wire: Wire,
    method: str,
    url: str,
    *,
    key: Secret,
    body: bytes | None = None,
    secrets: Iterable[Secret] = (),
    longest: int = LONGEST_MESSAGE,
) -> HttpAnswer | Refused | Unsettled:
    """Send a request; only a 2xx comes back as an answer.

    Args:
        wire: What sends it.
        method: The HTTP method.
        url: Where to.
        key: The bearer.
        body: What to send.
        secrets: What *body* holds that no message may repeat.
        longest: How many characters of a message are kept.
    """
    try:
        answer = wire.send(method, url, key=key, body=body)
    except NoAnswerError as error:
        return Unsettled(error.code, str(error), error.retry_after, maybe_applied=error.sent)
    if 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
        return answer
    return unwelcome(answer, [key, *secrets], longest)


def unwelcome(
    answer: HttpAnswer, secrets: Iterable[Secret], longest: int = LONGEST_MESSAGE
) -> Refused | Unsettled:
    """Read an answer that is no success."""
    error = _error(json_object(answer))
    code, message = f"http_{answer.status}", _message(answer, error, secrets, longest)
    if answer.status >= 500 or answer.status in _RETRIED:  # noqa: PLR2004 - the class of failure
        return Unsettled(
            code,
            message,
            retry_after=retry_after(answer),
            maybe_applied=answer.status >= 500,  # noqa: PLR2004 - as above
        )
    about_model = answer.status in _ABOUT_MODEL
    return Refused(code, message, about_model=about_model, causes=_causes(error))


def complaint_in(
    document: dict[str, Any], secrets: Iterable[Secret] = ()
) -> tuple[tuple[str, ...], str]:
    """Read a document that tells of an error: the service's own codes, and its words."""
    error = _error(document) or {}
    return _causes(error), _in_short(_words(error), secrets, LONGEST_MESSAGE)


def json_object(answer: HttpAnswer) -> dict[str, Any] | None:
    """Read a body that should be a JSON object; None: it is none, as where a proxy answered."""
    try:
        document = json_of(answer.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def json_of(body: bytes) -> Any:
    """Read JSON that is valid and can be written down again: no half of a surrogate pair.

    Raises:
        ValueError: It is anything else.
    """
    try:
        return msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def retry_after(answer: HttpAnswer) -> timedelta | None:
    """Read `Retry-After`, in seconds or as a date, up to an hour; None: there is none."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text.isdecimal() else _seconds_until(text, answer)
    except (ValueError, TypeError, OverflowError):  # TypeError: one date without a zone
        return None
    return min(timedelta(seconds=min(max(seconds, 0.0), 1e6)), LONGEST_RETRY_AFTER)


def _seconds_until(text: str, answer: HttpAnswer) -> float:
    """Measure from the answer's own date: no clock but the endpoint's is asked."""
    answered = parsedate_to_datetime(answer.headers.get("date", ""))
    return (parsedate_to_datetime(text) - answered).total_seconds()


def _error(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """Find `error`, or `Error` as a sibling API of the service spells it, keys in lower case."""
    lowered = _lower(document)
    error = _lower(lowered.get("error")) if lowered else None
    return error or lowered


def _lower(value: object) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    return {str(key).lower(): item for key, item in value.items()}


def _details(error: dict[str, Any]) -> list[dict[str, Any]]:
    details = error.get("details")
    found = [_lower(item) for item in details] if isinstance(details, list) else []
    return [item for item in found if item is not None]


def _causes(error: dict[str, Any] | None) -> tuple[str, ...]:
    """Give the service's own codes, the general one first."""
    if error is None:
        return ()
    all_of_it = (error, *_details(error), *_inner(error))
    return tuple(str(one["code"]) for one in all_of_it if one.get("code"))


def _inner(error: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the errors within *error*, each within the one before."""
    found: list[dict[str, Any]] = []
    inner = _lower(error.get("innererror"))
    while inner is not None:
        found.append(inner)
        inner = _lower(inner.get("innererror"))
    return found


def _message(
    answer: HttpAnswer, error: dict[str, Any] | None, secrets: Iterable[Secret], longest: int
) -> str:
    """Read the documented error shape, or whatever there is, without secrets."""
    return _in_short(_words(error) or _plain(answer.body), secrets, longest)


def _words(error: dict[str, Any] | None) -> str:
    said = [one.get("message") for one in (error, *_details(error))] if error else []
    return " ".join(str(one) for one in said if one)


def _in_short(text: str, secrets: Iterable[Secret], longest: int) -> str:
    # Masked before it is cut, so that no half of a secret is left over.
    return " ".join(redact(text, secrets).split())[:longest]


def _plain(body: bytes) -> str:
    """Give the text of a body; of HTML, what a browser would show."""
    text = body.decode("utf-8", errors="replace")
    return html.unescape(_UNSEEN.sub(" ", text)) if _HTML.match(body) else text
