"""Keys of the host: one master key, function keys, system keys for web hooks."""

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request


class KeysFileError(Exception):
    """The keys file cannot be used; the message says why and never quotes it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys; none of them can be printed."""

    master: str = field(repr=False)
    functions: Mapping[str, str] = field(repr=False)
    systems: Mapping[str, str] = field(repr=False)

    def opens_admin(self, key: str) -> bool:
        """Whether a key opens the admin routes and functions of level ADMIN."""
        return _is_one_of(key, [self.master])

    def opens_function(self, key: str) -> bool:
        """Whether a key opens functions of level FUNCTION."""
        return _is_one_of(key, [self.master, *self.functions.values()])

    def opens_webhook(self, key: str, system: str) -> bool:
        """Whether a key opens the web hook of an extension."""
        return _is_one_of(key, [self.master, self.systems.get(system, "")])

    def to_json(self) -> str:
        """The keys file; it contains the keys."""
        document = {
            "masterKey": self.master,
            "functionKeys": dict(self.functions),
            "systemKeys": dict(self.systems),
        }
        return json.dumps(document, indent=2) + "\n"


def generate_keys() -> Keys:
    """New random keys."""
    return Keys(
        master=secrets.token_urlsafe(40),
        functions={"default": secrets.token_urlsafe(40)},
        systems={"blobs_extension": secrets.token_urlsafe(40)},
    )


def write_keys(file: Path, keys: Keys) -> None:
    """Write a new keys file that only its owner can read.

    Raises:
        FileExistsError: there is one already.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(keys.to_json())


def read_or_create_keys(file: Path) -> Keys:
    """The keys of a file, which is made if missing.

    Raises:
        KeysFileError: it is no keys file.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_keys(file, generate_keys())
    try:
        document = json.loads(file.read_bytes())
        keys = Keys(document["masterKey"], document["functionKeys"], document["systemKeys"])
    except (ValueError, LookupError, TypeError):
        raise KeysFileError(f"{file} is no keys file; delete it to have a new one made") from None
    values = [keys.master, *keys.functions.values(), *keys.systems.values()]
    if not all(isinstance(value, str) and value for value in values):
        raise KeysFileError(f"{file}: every key must be a string that is not empty")
    return keys


def presented_key(request: Request) -> str:
    """The key that a request carries in `x-functions-key` or `?code=`; empty if none."""
    return request.headers.get("x-functions-key") or request.query_params.get("code", "")


def _is_one_of(key: str, keys: list[str]) -> bool:
    matches = [hmac.compare_digest(key.encode(), each.encode()) for each in keys if each]
    return any(matches)
