"""Reads a JSON object that breaks off, as far as it goes: answers are read up to a limit."""

import json
import re
from collections.abc import Collection
from typing import Any, Final

from protocols.classic_answers import json_of

_NAME: Final = re.compile(r'\s*,?\s*"([^"\\]*)"\s*:\s*')
_TEXT: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*')


def members_of(body: bytes, within: Collection[str] = ()) -> dict[str, Any]:
    """Give the members that are whole, and as much of a text as there is where it breaks off.

    Empty where it is no beginning of an object.

    Args:
        body: What breaks off.
        within: The members that are objects whose whole members are given, where it breaks off in
            one of them.
    """
    text = body.decode("utf-8-sig", errors="ignore").lstrip()
    if not text.startswith("{"):
        return {}
    found, name, at = _whole_members(text, 1)
    if name is None:
        return found
    if begun := _TEXT.match(text, at):
        found[name] = _writable(json.loads(f'{begun[0]}"'))
    elif name in within and text[at : at + 1] == "{":
        found[name], _, _ = _whole_members(text, at + 1)
    return found


def _whole_members(text: str, at: int) -> tuple[dict[str, Any], str | None, int]:
    """Give the members that are whole, and the one that is not: its name, and where it begins."""
    found: dict[str, Any] = {}
    while name := _NAME.match(text, at):
        try:
            _, at = json.JSONDecoder().raw_decode(text, name.end())
            found[name[1]] = json_of(text[name.end() : at].encode())
        except (ValueError, RecursionError):
            return found, name[1], name.end()
    return found, None, at


def _writable(text: str) -> str:
    """Leave out half of a surrogate pair: it cannot be written down."""
    return text.encode("utf-8", errors="ignore").decode()
