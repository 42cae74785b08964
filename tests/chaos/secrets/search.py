"""Looks through texts for secrets, however they are written."""

import base64
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

_PIECE: Final = 16
"""So much of a secret, from its beginning or its end, is a find: half of one is one too many."""
_UNICODE: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")
_BYTE: Final = re.compile(r"\\+x([0-9a-fA-F]{2})")


def _unescaped(text: str) -> str:
    """What JSON and Python write with a backslash."""
    if "\\" not in text:
        return text
    text = _UNICODE.sub(lambda found: chr(int(found[1], 16)), text)
    return _BYTE.sub(lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")


_READINGS: Final[tuple[Callable[[str], str], ...]] = (unquote, html.unescape, _unescaped)
_DEPTH: Final = 3


def readings(text: str) -> set[str]:
    """Give *text* as it stands, and all that reading it as URL, HTML or JSON makes of it."""
    known, fresh = {text}, {text}
    for _ in range(_DEPTH):
        fresh = {read(one) for one in fresh for read in _READINGS} - known
        known |= fresh
    return known


def pieces(secret: str) -> Iterator[str]:
    """Give what betrays *secret*: its beginning, its end, and those in base 64 at any offset."""
    yield from {secret[:_PIECE], secret[-_PIECE:]}
    for offset in range(3):
        whole = base64.b64encode(b"x" * offset + secret.encode()).decode()
        yield whole[4 : 4 + 2 * _PIECE] if offset else whole[: 2 * _PIECE]


def found(lines: Iterable[str], secrets: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give what each secret found is, and a line that it is in."""
    betraying = {piece: what for secret, what in secrets.items() for piece in pieces(secret)}
    any_of_them = re.compile("|".join(re.escape(piece) for piece in betraying))
    finds = []
    for line in set(lines):
        hits = [any_of_them.search(reading) for reading in readings(line)]
        finds += [(betraying[hit[0]], line) for hit in hits[:] if hit is not None][:1]
    return finds
