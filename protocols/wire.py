"""Sends one HTTP request to a configured endpoint, bounded in time and size.

No redirect is followed, so a key goes where it was configured to go and nowhere else.
"""

import copy
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import msgspec
import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from protocols.headers import Headers, keys_in, plain
from protocols.watchdog import Watchdog, WatchedAdapter
from settings.connection import is_loopback
from settings.secret import Secret
from settings.vault_secret import VaultSecret

REQUEST_LIMIT = timedelta(seconds=60)
KEY_LIMIT = timedelta(seconds=3)
"""A claim says until when to send: a key that takes longer is for the next try."""
CONNECT_LIMIT = timedelta(seconds=10)
ANSWER_LIMIT = 64 * 1024
_AT_ONCE = (
    32  # as many as a tick works on: beyond, connections are thrown away, each with a warning
)
_FIRST_FINAL = 200
_UNAUTHORIZED = 401
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
        code: A constant name of what happened.
        retry_after: How long whoever did not answer asked us to wait.
    """

    code = "no_answer"
    retry_after: timedelta | None = None

    def __init__(self, what: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(what)


class KeyUnavailableError(NoAnswerError):
    """Nothing was done, as the key is not at hand; try later."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what, sent=False)
        self.code = code


class Keys(Protocol):
    """What has the keys that are not in the app's settings."""

    def current(self, key: VaultSecret) -> Secret:
        """Give a key's value; raises `KeyUnavailableError`."""

    def changed(self, key: VaultSecret, refused: Secret) -> bool:
        """Say whether *key* is another than *refused*, which was refused with 401."""


class Wire:
    """Sends requests. Connections are re-used; safe to use from several threads.

    Args:
        limit: How long one exchange may take in all.
        authorities: The certificate authorities to trust, a PEM file; None: those that the
            environment names, else those that come with `requests`.
        key_limit: How long a key may be read before something is sent with it.
    """

    def __init__(
        self,
        limit: timedelta = REQUEST_LIMIT,
        authorities: Path | None = None,
        key_limit: timedelta = KEY_LIMIT,
    ) -> None:
        self._limit, self._key_limit = limit, key_limit
        self._keys: Keys | None = None
        self._verify = str(authorities) if authorities else None
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, WatchedAdapter(pool_maxsize=_AT_ONCE))
        logging.getLogger(_ODD_HEADERS).addFilter(_is_free_of_headers)

    @property
    def limit(self) -> timedelta:
        """How long one exchange may take in all."""
        return self._limit

    def with_keys(self, keys: Keys) -> "Wire":
        """Give this wire with *keys* to read the keys that are in Key Vault."""
        return self._with(_keys=keys)

    def limited_to(self, limit: timedelta) -> "Wire":
        """Give this wire with *limit*, if that is shorter than its own."""
        return self._with(_limit=min(limit, self._limit))

    def _with(self, **changes: object) -> "Wire":
        """Give another of the same connections."""
        other = copy.copy(self)
        vars(other).update(changes)
        return other

    def send(self, method: str, url: str, *, key: Secret, body: bytes | None = None) -> HttpAnswer:
        """Send one request with *key* as its bearer and wait for the answer; see `send_as`."""
        return self.send_as(method, url, headers={"Authorization": ("Bearer ", key)}, body=body)

    def send_as(
        self,
        method: str,
        url: str,
        *,
        headers: Headers,
        body: bytes | None = None,
        limit: timedelta | None = None,
    ) -> HttpAnswer:
        """Send one request with *headers*, beside or over the usual ones, and wait for the answer.

        A key of Key Vault that is refused is read again. If it was changed, a GET is repeated; the
        rest is the caller's to try again, who knows until when it may be sent.

        Args:
            method: The HTTP method.
            url: Where to.
            headers: What is sent besides.
            body: JSON, unless the headers say otherwise.
            limit: How long it may take, reading keys included; None: as long as any exchange,
                besides the time that keys take.

        Raises:
            NoAnswerError: There was none, or it took too long.
            KeyUnavailableError: Key Vault did not give a key, or gave it late, or has another.
        """
        over_at = None if limit is None else time.monotonic() + limit.total_seconds()
        values = self._values_of(headers, in_time=method == "GET")
        answer = self._sent(method, url, plain(headers, values), body, over_at)
        if answer.status != _UNAUTHORIZED or not self._changed(values):
            return answer
        if method == "GET":
            values = self._values_of(headers)
            return self._sent(method, url, plain(headers, values), body, over_at)
        what = "the key was refused; Key Vault has another now, which the next try takes"
        raise KeyUnavailableError("key_rotated", what)

    def _values_of(self, headers: Headers, *, in_time: bool = True) -> dict[VaultSecret, Secret]:
        """Give what the keys of Key Vault are now."""
        keys = keys_in(headers)
        if not keys:
            return {}
        if self._keys is None:
            raise KeyUnavailableError("vault_unavailable", "nothing here reads keys of Key Vault")
        began = time.monotonic()
        values = {key: self._keys.current(key) for key in keys}
        if not in_time and time.monotonic() - began > self._key_limit.total_seconds():
            what = "Key Vault gave the key late; the next try has it at once"
            raise KeyUnavailableError("vault_unavailable", what)
        return values

    def _changed(self, refused: Mapping[VaultSecret, Secret]) -> bool:
        """Read each of the *refused* again, and say whether any is another now."""
        keys = self._keys
        changed = [keys.changed(key, value) for key, value in refused.items()] if keys else []
        return any(changed)

    def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        over_at: float | None,
    ) -> HttpAnswer:
        said = CaseInsensitiveDict({"Accept": "application/json"})
        if body is not None:
            said["Content-Type"] = "application/json; charset=utf-8"
        said.update(headers)
        said["Accept-Encoding"] = "identity"  # the body is read as it comes
        # Not the session's own way to prepare it, which takes other credentials out of ~/.netrc.
        request = requests.Request(method, url, headers=said, data=body)
        limit = self._limit
        if over_at is not None:
            limit = min(timedelta(seconds=over_at - time.monotonic()), limit)
        if limit <= timedelta(0):
            raise NoAnswerError("no time was left to send it", sent=False)
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
