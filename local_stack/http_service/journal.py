"""The requests that were received, for whoever wants to count and read them."""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

_MOST: Final = 5000
_LONGEST_BODY: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request.

    Attributes:
        method: Upper case.
        path: Decoded, without the query.
        query: As it was sent.
        headers: By lower-case name; the key in ``authorization`` is masked.
        body: Parsed JSON; text where it is no JSON; ``None`` if empty or longer than 64 KiB.
        instant: When its body had arrived, by the service's clock.
        authorization: The header with the key.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: object = field(repr=False)
    instant: datetime
    authorization: str = field(repr=False)


class Journal:
    """The latest 5,000 requests, in the order of their arrival."""

    def __init__(self) -> None:
        self._requests: deque[ReceivedRequest] = deque(maxlen=_MOST)
        self._lock = Lock()

    @property
    def requests(self) -> list[ReceivedRequest]:
        """A copy, oldest first."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._requests.clear()

    def record(  # noqa: PLR0913 - the parts of a request
        self,
        *,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes,
        instant: datetime,
    ) -> None:
        """Keep a request."""
        authorization = headers.get("authorization", "")
        masked = headers | {"authorization": "<SECRET>"} if authorization else headers
        request = ReceivedRequest(
            method, path, query, masked, _parsed(body), instant, authorization
        )
        with self._lock:
            self._requests.append(request)


def _parsed(body: bytes) -> object:
    if not body or len(body) > _LONGEST_BODY:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
