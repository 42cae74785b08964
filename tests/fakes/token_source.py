"""A source of tokens without an account."""

from datetime import datetime
from urllib.parse import quote

import msgspec

from tests.fakes.calls import Calls

SIGNATURE = "c2lnbmF0dXJl"


class Signed(msgspec.Struct, frozen=True):
    """One token that was asked for."""

    container: str
    name: str
    start: datetime
    expiry: datetime
    https_only: bool


class MemoryTokenSource:
    """See `patch_endpoint.sas.TokenSource`. Tokens have the shape of real ones."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.signed: list[Signed] = []

    def token(
        self, container: str, name: str, *, start: datetime, expiry: datetime, https_only: bool
    ) -> str:
        """See `TokenSource`."""
        with self._calls.making("token.sign", name):
            self.signed.append(Signed(container, name, start, expiry, https_only))
        parts = {"st": f"{start:%Y-%m-%dT%H:%M:%SZ}", "se": f"{expiry:%Y-%m-%dT%H:%M:%SZ}"}
        said = "&".join(f"{key}={quote(value, safe='')}" for key, value in parts.items())
        return f"{said}&sp=r&sv=2025-11-05&sr=b&sig={SIGNATURE}"
