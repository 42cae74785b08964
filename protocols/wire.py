"""Sends one HTTP request to a configured endpoint, bounded in time and size.

No redirect is followed, so a key goes where it was configured to go and nowhere else.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from protocols.watchdog import Watchdog, WatchedAdapter
from settings.connection import is_loopback
from settings.secret import Secret

REQUEST_LIMIT = timedelta(seconds=60)
CONNECT_LIMIT = timedelta(seconds=10)
ANSWER_LIMIT = 64 * 1024
_AT_ONCE = (
    32  # as many as a tick works on: beyond, connections are thrown away, each with a warning
)
_FIRST_FINAL = 200
_ODD_HEADERS = "urllib3.connection"


class HttpAnswer(msgspec.Struct, frozen=True):
    """What came back.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        body: At most `ANSWER_LIMIT` bytes; fewer than were sent if the connection broke.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswerError(Exception):
    """There was no answer.

    Attributes:
        sent: Whether the request may have reached the endpoint.
    """

    def __init__(self, what: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(what)


class Wire:
    """Sends requests. Connections are re-used; safe to use from several threads.

    Args:
        limit: How long one exchange may take in all.
        authorities: The certificate authorities to trust, a PEM file; None: those that the
            environment names, else those that come with `requests`.
    """

    def __init__(self, limit: timedelta = REQUEST_LIMIT, authorities: Path | None = None) -> None:
        self._limit = limit
        self._verify = str(authorities) if authorities else None
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, WatchedAdapter(pool_maxsize=_AT_ONCE))
        logging.getLogger(_ODD_HEADERS).addFilter(_is_free_of_headers)

    @property
    def limit(self) -> timedelta:
        """How long one exchange may take in all."""
        return self._limit

    def send(self, method: str, url: str, *, key: Secret, body: bytes | None = None) -> HttpAnswer:
        """Send one request with *key* as its bearer and wait for the answer.

        Raises:
            NoAnswerError: There was none, or it took too long.
        """
        return self.send_as(
            method, url, headers={"Authorization": f"Bearer {key.reveal()}"}, body=body
        )

    def send_as(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        limit: timedelta | None = None,
    ) -> HttpAnswer:
        """Send one request with *headers*, beside or over the usual ones, and wait for the answer.

        Args:
            method: The HTTP method.
            url: Where to.
            headers: What is sent besides.
            body: JSON, unless the headers say otherwise.
            limit: How long the exchange may take; None: as long as any.

        Raises:
            NoAnswerError: There was none, or it took too long.
        """
        said = CaseInsensitiveDict({"Accept": "application/json"})
        if body is not None:
            said["Content-Type"] = "application/json; charset=utf-8"
        said.update(headers)
        said["Accept-Encoding"] = "identity"  # the body is read as it comes
        # Not the session's own way to prepare it, which takes other credentials out of ~/.netrc.
        request = requests.Request(method, url, headers=said, data=body)
        limit = min(limit or self._limit, self._limit)
        with Watchdog(limit) as watchdog:
            try:
                return self._exchange(request.prepare())
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                late = f"no answer within {limit.total_seconds():.3g} s"
                what = late if watchdog.has_bitten else _in_short(error)
                raise NoAnswerError(what, sent=watchdog.is_connected) from error

    def _exchange(self, prepared: requests.PreparedRequest) -> HttpAnswer:
        url = prepared.url or ""
        settings = self._session.merge_environment_settings(url, {}, True, None, None)
        # What is on this machine is not asked of another.
        proxies = {} if is_loopback(url) else settings["proxies"]
        timeout = (CONNECT_LIMIT.total_seconds(), self._limit.total_seconds())
        # The adapter itself: a session would read a redirect's whole body before not following it.
        adapter = self._session.get_adapter(url)
        with adapter.send(
            prepared,
            stream=True,
            timeout=timeout,
            verify=self._verify or settings["verify"] or True,
            proxies=proxies,
        ) as response:
            if response.status_code < _FIRST_FINAL:
                # The final answer may come any moment, so the connection ends here: on one that is
                # used again it would be taken for the next request's.
                raise NoAnswerError("the answer was an interim one", sent=True)
            body = b""
            # The status has said it all: a body that breaks off changes nothing.
            with suppress(urllib3.exceptions.HTTPError, OSError):
                body = response.raw.read(ANSWER_LIMIT, decode_content=False)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpAnswer(status=response.status_code, headers=headers, body=body)


def _is_free_of_headers(record: logging.LogRecord) -> bool:
    """Drop the warning that quotes odd headers: an endpoint may repeat our key in them."""
    return not str(record.msg).startswith("Failed to parse headers")


def _in_short(error: BaseException) -> str:
    """Name the innermost reason, without addresses or anything that was sent."""
    reason: BaseException = error
    while (inner := _inner(reason)) is not None:
        reason = inner
    return f"the connection failed ({type(reason).__name__})"


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__)
    return next((item for item in candidates if isinstance(item, BaseException)), None)
