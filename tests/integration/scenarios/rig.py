"""What a scenario needs of each protocol: an endpoint on a real socket, and models for it."""

from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qs


class Rig(Protocol):
    """One endpoint of one protocol.

    Attributes:
        settings: The app settings that its table names.
        smoke: The body of its smoke test.
        rejects_as: The state in which a model ends that fails its smoke test.
        reads_by_token: Whether it is given tokens.
    """

    settings: dict[str, str]
    smoke: bytes
    rejects_as: str
    reads_by_token: bool

    def table(self, name: str) -> str:
        """Write the endpoint's table; its smoke test is in a file of its name."""

    def model(self, *, good: bool = True) -> bytes:
        """Give a model that passes the smoke test, or one that fails it."""

    def serves(self) -> str | None:
        """Say which model it scores with; None: none of ours."""

    def told(self) -> list[str]:
        """Name the models that it was told to serve, in their order."""

    def fail(self, times: int) -> None:
        """Answer 503 to so many requests that would have a model served."""

    def token_expires_at(self) -> datetime | None:
        """Say when the token expires that it was given last."""


def expiry_of(token: str) -> datetime:
    """Read when a token expires."""
    return datetime.fromisoformat(parse_qs(token.removeprefix("?"))["se"][0])
