"""A value that cannot be printed."""

import hmac
from typing import override


class Secret:
    """A key or a token that prints as `<SECRET>`; `reveal` is the one way out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the raw value, for the wire alone."""
        return self._value

    def known(self) -> tuple[str, ...]:
        """Give every value that no text may repeat."""
        return (self._value,)

    @override
    def __repr__(self) -> str:
        return "<SECRET>"

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._bytes(), other._bytes())

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def _bytes(self) -> bytes:
        # An environment may hold what is no UTF-8, and a plain encode() would raise with the value.
        return self._value.encode("utf-8", "surrogatepass")

    @override
    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")
