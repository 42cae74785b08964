"""Keys from Key Vault: read by the app's identity, kept, and read again when one is refused.

The wire: `GET {vault}/secrets/{name}[/{version}]?api-version=7.4` with a bearer token; the answer
is a JSON object whose `value` is the secret, an error is `{"error": {"code", "message"}}`.
Source: learn.microsoft.com/rest/api/keyvault/secrets/get-secret, its versions and error codes.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from protocols.classic_answers import json_object, retry_after
from protocols.identity import Identity, IdentityError
from protocols.wire import HttpAnswer, KeyUnavailableError, NoAnswerError, Wire
from settings.secret import Secret
from settings.vault_secret import VaultSecret
from telemetry.events import emit

_log = logging.getLogger(__name__)

API_VERSION: Final = "7.4"
VAULT_LIMIT: Final = timedelta(seconds=10)
"""How long one question to a vault may take: an endpoint's claim is short."""
SILENT_FOR: Final = timedelta(seconds=30)
"""How long a vault that gave no answer is not asked, so that hundreds of keys wait for one."""
_OK: Final = 200
_NOT_FOUND: Final = 404
_NOT_LET_IN: Final = frozenset({401, 403})
_NOT_THERE: Final = frozenset({"SecretNotFound", "SecretDisabled"})


class Vault:
    """The keys that are in Key Vault. Safe to use from several threads.

    Args:
        wire: What reaches the vaults; its limit bounds one question.
        identity: What gives tokens for them.
        now: The clock.
    """

    def __init__(self, wire: Wire, identity: Identity, now: Callable[[], datetime]) -> None:
        self._wire, self._identity, self._now = wire, identity, now
        self._values: dict[str, Secret] = {}
        self._silent_until: dict[str, tuple[datetime, KeyUnavailableError]] = {}
        self._lock = threading.Lock()

    def current(self, key: VaultSecret) -> Secret:
        """Give the value of *key* as it was last read; it is read if it never was.

        Raises:
            KeyUnavailableError: The vault did not give it.
        """
        with self._lock:
            value = self._values.get(key.uri)
        if value is None:
            return self._read(key)
        key.was_read(value)
        return value

    def changed(self, key: VaultSecret, refused: Secret) -> bool:
        """Read *key* again, as *refused* was refused with 401, and say whether it is another now.

        Whatever stands in the way of reading it: it is not known to be another.
        """
        with self._lock:
            value = self._values.get(key.uri)
        if value is not None and value != refused:
            return True  # another thread has read it meanwhile
        try:
            has_changed = self._read(key) != refused
        except KeyUnavailableError:
            return False
        emit(_log, "key.read_again", secret=key.uri, changed=has_changed)
        return has_changed

    def _read(self, key: VaultSecret) -> Secret:
        with self._lock:
            until, last = self._silent_until.get(key.vault, (None, None))
        if until is not None and last is not None and self._now() < until:
            raise KeyUnavailableError(last.code, str(last))
        value = self._value_in(self._asked(key), key)
        key.was_read(value)
        with self._lock:
            self._values[key.uri] = value
        return value

    def _asked(self, key: VaultSecret) -> HttpAnswer:
        """Ask the vault; note one that does not answer."""
        try:
            token = self._identity.token(f"https://{key.domain}/.default")
        except IdentityError as error:
            raise self._noted(key, KeyUnavailableError("no_identity", str(error))) from error
        try:
            return self._wire.send("GET", f"{key.uri}?api-version={API_VERSION}", key=token)
        except NoAnswerError as error:
            what = f"Key Vault did not answer: {error}"
            raise self._noted(key, KeyUnavailableError("vault_unavailable", what)) from error

    def _noted(self, key: VaultSecret, error: KeyUnavailableError) -> KeyUnavailableError:
        _tell(key, error)
        with self._lock:
            self._silent_until[key.vault] = (self._now() + SILENT_FOR, error)
        return error

    def _value_in(self, answer: HttpAnswer, key: VaultSecret) -> Secret:
        value = (json_object(answer) or {}).get("value") if answer.status == _OK else None
        text = value.strip() if isinstance(value, str) else ""
        if text and text.isascii() and text.isprintable():
            return Secret(text)
        failure = _failure(answer, key)
        _tell(key, failure)
        raise failure


def _failure(answer: HttpAnswer, key: VaultSecret) -> KeyUnavailableError:
    if answer.status == _OK:
        return KeyUnavailableError("key_unusable", f"what Key Vault has at {key.uri} is no key")
    if answer.status == _NOT_FOUND or _NOT_THERE & set(_codes(answer)):
        what = f"Key Vault has no secret, or a disabled one, at {key.uri}"
        return KeyUnavailableError("key_missing", what)
    if answer.status in _NOT_LET_IN:
        what = "the app's identity may not read it: it needs the role Key Vault Secrets User"
        return KeyUnavailableError("vault_forbidden", f"{what} for {key.uri}")
    what = f"Key Vault answered {answer.status} for {key.uri}"
    failure = KeyUnavailableError("vault_unavailable", what)
    failure.retry_after = retry_after(answer)
    return failure


def _tell(key: VaultSecret, error: KeyUnavailableError) -> None:
    emit(_log, "key.unavailable", level=logging.WARNING, secret=key.uri, code=error.code)


def _codes(answer: HttpAnswer) -> list[str]:
    """Give the error's code, and the inner one, which tells a disabled secret."""
    error = (json_object(answer) or {}).get("error")
    outer: dict[str, Any] = error if isinstance(error, dict) else {}
    inner = outer.get("innererror")
    both = (outer, inner if isinstance(inner, dict) else {})
    return [str(one["code"]) for one in both if "code" in one]
