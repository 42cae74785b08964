"""Reads a JSON object that breaks off, as far as it goes: answers are read up to a limit."""

import json
import re
from typing import Any, Final

from protocols.classic_answers import json_of

_NAME: Final = re.compile(r'\s*,?\s*"([^"\\]*)"\s*:\s*')
_TEXT: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*')


def members_of(body: bytes) -> dict[str, Any]:
    """Give the members that are whole, and as much of a text as there is where it breaks off.

    Empty where it is no beginning of an object.
    """
    text = body.decode("utf-8-sig", errors="ignore").lstrip()
    found: dict[str, Any] = {}
    at = 1 if text.startswith("{") else len(text)
    while name := _NAME.match(text, at):
        try:
            _, at = json.JSONDecoder().raw_decode(text, name.end())
            found[name[1]] = json_of(text[name.end() : at].encode())
        except (ValueError, RecursionError):
            if begun := _TEXT.match(text, name.end()):
                found[name[1]] = _writable(json.loads(f'{begun[0]}"'))
            break
    return found


def _writable(text: str) -> str:
    """Leave out half of a surrogate pair: it cannot be written down."""
    return text.encode("utf-8", errors="ignore").decode()
