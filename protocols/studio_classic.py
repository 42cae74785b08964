"""Azure Machine Learning Studio (classic) on the wire: the endpoint half.

The facts and how sure they are: the service's own documentation of retraining a classic web
service, and its published management description. The service closed on 31 August 2024.
"""

import codecs
import json
from codecs import BOM_UTF8
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from protocols.blob_reference import BlobReference, expiry_in
from protocols.protocol import Accepted, Answer, Refused, Served, Unsettled
from protocols.wire import HttpAnswer, NoAnswerError, Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import MASK, redact

NAME = "studio-classic"
LONGEST_RETRY_AFTER = timedelta(hours=1)
_LONGEST_MESSAGE = 500
_RETRIED = frozenset({408, 425, 429})
# A refusal with one of these may be about the model; with any other it is about the endpoint.
_ABOUT_MODEL = frozenset({400, 409, 413, 415, 422})


class StudioClassic:
    """See `ScoringProtocol`."""

    # Documented: the new model is in use "after about 30 seconds", and nothing announces it.
    settles_after = timedelta(seconds=30)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._resources: dict[str, str] = {}

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """Give the configured resource, or the one that the endpoint has, asked once."""
        known = endpoint.resource or self._resources.get(endpoint.patch_url)
        if known is not None:
            return known
        document = self._get(endpoint)
        if isinstance(document, (Refused, Unsettled)):
            return document
        names = [str(item["Name"]) for item in _resources(document) if item.get("Name")]
        if len(names) != 1:
            return _no_single_resource(names)
        self._resources[endpoint.patch_url] = names[0]
        return names[0]

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """PATCH the endpoint with one resource and its new location."""
        token = model.sas_token.reveal()
        body = json.dumps(_patch_body(resource, model, token), ensure_ascii=False).encode()
        answer = self._send("PATCH", endpoint.patch_url, endpoint.api_key, body, [model.sas_token])
        if isinstance(answer, Refused):
            self._resources.pop(endpoint.patch_url, None)
        return Accepted() if isinstance(answer, HttpAnswer) else answer

    def served(
        self, endpoint: ScoringEndpoint, resource: str
    ) -> Served | Refused | Unsettled | None:
        """GET the endpoint and read the resource's location, which the schema has room for."""
        document = self._get(endpoint)
        if isinstance(document, (Refused, Unsettled)):
            return document
        for item in _resources(document):
            location = item.get("Location")
            if item.get("Name") == resource and isinstance(location, dict):
                relative = location.get("RelativeLocation")
                if isinstance(relative, str):
                    expiry = expiry_in(str(location.get("SasBlobToken") or ""))
                    return Served(unquote(relative).lstrip("/"), expiry)
        return None

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """POST the smoke test's request and hold the answer against its expectation."""
        import jmespath.exceptions  # noqa: PLC0415 - only endpoints with a smoke test need it

        smoke_test = endpoint.smoke_test
        if smoke_test is None:
            return Refused("no_smoke_test", "the endpoint has no smoke test")
        answer = self._send("POST", smoke_test.score_url, endpoint.api_key, smoke_test.request)
        if not isinstance(answer, HttpAnswer):
            return answer
        try:
            found = jmespath.search(smoke_test.expect, _parsed(answer.body))
        except (ValueError, RecursionError, jmespath.exceptions.JMESPathError):
            return Unsettled("smoke_test_unreadable", "the answer is not what `expect` can read")
        return found is True

    def request_plan(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> dict[str, object]:
        """Say what `patch` would send, every secret masked."""
        return {
            "method": "PATCH",
            "url": endpoint.patch_url,
            "headers": {"Authorization": f"Bearer {MASK}"},
            "body": _patch_body(resource, model, redact(model.sas_token.reveal())),
        }

    def _get(self, endpoint: ScoringEndpoint) -> dict[str, Any] | Refused | Unsettled:
        answer = self._send("GET", endpoint.patch_url, endpoint.api_key)
        if not isinstance(answer, HttpAnswer):
            return answer
        with suppress(ValueError):
            document = _parsed(answer.body)
            if isinstance(document, dict):
                return document
        return Unsettled("unreadable_endpoint", "the endpoint's description is no JSON object")

    def _send(
        self,
        method: str,
        url: str,
        key: Secret,
        body: bytes | None = None,
        secrets: Iterable[Secret] = (),
    ) -> HttpAnswer | Refused | Unsettled:
        """Send a request; only a 2xx comes back as an answer."""
        try:
            answer = self._wire.send(method, url, key=key, body=body)
        except NoAnswerError as error:
            return Unsettled("no_answer", str(error), maybe_applied=error.sent)
        if 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
            return answer
        return _unwelcome(answer, [key, *secrets])


def _patch_body(resource: str, model: BlobReference, sas_token: str) -> dict[str, object]:
    location = {
        "BaseLocation": model.base_location,
        "RelativeLocation": model.relative_location,
        "SasBlobToken": sas_token,
    }
    return {"Resources": [{"Name": resource, "Location": location}]}


def _resources(document: dict[str, Any]) -> list[dict[str, Any]]:
    resources = document.get("Resources")
    found = resources if isinstance(resources, list) else []
    return [item for item in found if isinstance(item, dict)]


def _parsed(body: bytes) -> Any:
    """Read JSON that is valid and can be written down again: no half of a surrogate pair.

    Raises:
        ValueError: It is anything else.
    """
    try:
        return msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_single_resource(names: list[str]) -> Refused:
    if names:
        listed = ", ".join(names)[:_LONGEST_MESSAGE]
        return Refused("several_resources", f"set `resource` to one of the endpoint's: {listed}")
    what = "the endpoint has no updatable resource: is it one of the training web service?"
    return Refused("no_updatable_resource", what)


def _unwelcome(answer: HttpAnswer, secrets: Iterable[Secret]) -> Refused | Unsettled:
    code, message = f"http_{answer.status}", _message(answer, secrets)
    if answer.status >= 500 or answer.status in _RETRIED:  # noqa: PLR2004 - the class of failure
        return Unsettled(
            code,
            message,
            retry_after=_retry_after(answer),
            maybe_applied=answer.status >= 500,  # noqa: PLR2004 - as above
        )
    return Refused(code, message, about_model=answer.status in _ABOUT_MODEL)


def _message(answer: HttpAnswer, secrets: Iterable[Secret]) -> str:
    """Read the documented error shape, or whatever there is, without secrets and in short."""
    text = answer.body.decode("utf-8", errors="replace")
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        error = _parsed(answer.body)["error"]
        details = [item.get("message") for item in error.get("details") or []]
        text = " ".join(str(said) for said in [error.get("message"), *details] if said) or text
    # Masked before it is cut, so that no half of a secret is left over.
    return " ".join(redact(text, secrets).split())[:_LONGEST_MESSAGE]


def _json(body: bytes) -> Any:
    """Read what should be JSON.

    Raises:
        ValueError: It is none, is nested too deeply, or holds text that is no Unicode.
    """
    try:
        return msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _retry_after(answer: HttpAnswer) -> timedelta | None:
    """Read `Retry-After`, in seconds or as a date, up to an hour."""
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
