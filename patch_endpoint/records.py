"""The records of all endpoints, one blob each, written with conditions on their version."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote, unquote

import msgspec

from patch_endpoint.decide import is_at_rest
from patch_endpoint.record import NEVER, Deployment, Record, Serving
from state.storage_errors import UnavailableError
from state.store import Read, StateStore

WAITING = "waiting_"
"""What the mirrored fields of the model that waits begin with; those of what is desired have none.
"""
_PREFIX = "endpoints/"
_LONGEST_MIRRORED = 720  # a multiple of what a sign of two, three or four bytes takes
# Made once, at import: two threads that decode a type for the first time crash msgspec 0.22.
_DECODER = msgspec.json.Decoder(Record)


class Stored(msgspec.Struct, frozen=True):
    """A record as it was read.

    Attributes:
        record: What it says; empty where there is none yet.
        etag: Its version; None: there is none yet.
        date: When storage answered, by its own clock.
    """

    record: Record
    etag: str | None
    date: datetime


class Summary(msgspec.Struct, frozen=True):
    """What a listing shows of a record, out of its metadata; texts may be cut.

    Attributes:
        endpoint: Its name.
        fields: What is mirrored, None for what is not there.
    """

    endpoint: str
    fields: Mapping[str, str]


class Records:
    """The records in the state store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def read(self, endpoint: str) -> Stored:
        """Read the record of *endpoint*.

        Raises:
            StorageError: It could not be read, or what is there is no record.
        """
        found: Read = self._store.read(_name(endpoint))
        if found.content is None:
            return Stored(Record(endpoint=endpoint), None, found.date)
        try:
            record = _DECODER.decode(found.content)
        except msgspec.DecodeError as error:
            raise UnavailableError(f"read {_name(endpoint)}", code="NoRecord") from error
        return Stored(record, found.etag, found.date)

    def write(self, record: Record, etag: str | None) -> str:
        """Write *record* over the version *etag*, and give the new version.

        Raises:
            ConflictError: Someone else wrote first, or our own first answer was lost.
        """
        content = msgspec.json.encode(record)
        return self._store.write(
            _name(record.endpoint), content, etag=etag, metadata=_mirrored(record)
        )

    def summaries(self, *, after: str = "") -> Iterator[Summary]:
        """List the endpoints that come after *after* in `listing_order`; no record is read."""
        for listed in self._store.listed(_PREFIX, after=_name(after) if after else ""):
            endpoint = listed.name.removeprefix(_PREFIX).removesuffix(".json")
            yield Summary(endpoint, {key: unquote(text) for key, text in listed.metadata.items()})


def listing_order(endpoint: str) -> str:
    """Give what endpoints are listed by: storage sorts `digits-old.json` before `digits.json`."""
    return _name(endpoint)


def _name(endpoint: str) -> str:
    return f"{_PREFIX}{endpoint}.json"


def _mirrored(record: Record) -> dict[str, str]:
    """Give the metadata of *record*: ASCII, bounded, no secret."""
    serving = record.serving
    fields: dict[str, object] = {
        "entries": len(record.agenda),
        "at_rest": is_at_rest(record),
        "held": record.held.since.isoformat() if record.held else None,
        "in_flight": record.attempt is not None or None,
    }
    if record.desired is not None:
        fields |= _mirrored_deployment(record.desired)
    if record.waiting is not None:
        waiting = _mirrored_deployment(record.waiting)
        fields |= {f"{WAITING}{key}": value for key, value in waiting.items()}
    if serving is not None:
        fields |= {
            "serving": serving.model.name,
            "since": serving.since.isoformat(),
            "token_expires_at": _expiry(serving),
            "late_at": serving.late_at.isoformat() if serving.late_at else None,
            "confirmed_by": serving.confirmed_by,
            "serving_error": serving.error.code if serving.error else None,
        }
    said = {key: str(value) for key, value in fields.items() if value is not None}
    return {key: _cut(quote(value, safe=" /:+-_.")) for key, value in said.items()}


def _mirrored_deployment(deployment: Deployment) -> dict[str, object]:
    return {
        "state": deployment.state,
        "cause": deployment.cause,
        "instant": deployment.instant.isoformat(),
        "model": deployment.model.name,
        "etag": deployment.model.etag,
        "error": deployment.error.code if deployment.error else None,
    }


def _expiry(serving: Serving) -> str | None:
    expires_at = serving.token_expires_at
    return None if expires_at == NEVER else expires_at.isoformat()


def _cut(text: str) -> str:
    """Cut to a length that eight kilobytes of metadata have room for, and at no half escape."""
    if len(text) <= _LONGEST_MIRRORED:
        return text
    cut = text[:_LONGEST_MIRRORED]
    return cut[: cut.rindex("%")] if "%" in cut[-2:] else cut
