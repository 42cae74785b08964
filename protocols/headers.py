"""Headers with keys in them. A key of Key Vault has its value only as it is sent."""

from collections.abc import Mapping

from settings.secret import Secret
from settings.vault_secret import VaultSecret

type Said = tuple[str | Secret, ...]
"""What a header says, in pieces: texts, and the keys between them."""
type Headers = Mapping[str, Said]


def keys_in(headers: Headers) -> frozenset[VaultSecret]:
    """Give the keys that have to be read before *headers* can be sent."""
    pieces = (piece for said in headers.values() for piece in said)
    return frozenset(piece for piece in pieces if isinstance(piece, VaultSecret))


def plain(headers: Headers, values: Mapping[VaultSecret, Secret]) -> dict[str, str]:
    """Give *headers* as they are sent, with *values* in the place of the keys of Key Vault."""
    return {
        name: "".join(_plain(piece, values) for piece in said) for name, said in headers.items()
    }


def _plain(piece: str | Secret, values: Mapping[VaultSecret, Secret]) -> str:
    if isinstance(piece, str):
        return piece
    return (values[piece] if isinstance(piece, VaultSecret) else piece).reveal()
