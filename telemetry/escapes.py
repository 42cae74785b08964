"""Finds a text in another, however it is escaped there: as in a URL, in JSON or in HTML."""

import html.entities
import re
from collections.abc import Iterator

_DEEPEST = 8
"""How often an escape may have been escaped itself: %2B, %252B, %25252B."""

# One for each depth, because what is escaped may itself look like an escape.
_ESCAPES = tuple(
    re.compile(
        rf"%(?:25){{{deep}}}(?P<url>[0-9a-f]{{2}})"
        rf"|\\{{{deep + 1}}}(?:u00(?P<json>[0-9a-f]{{2}})|(?P<plain>[/\"\\]))"
        rf"|&(?:amp;){{{deep}}}(?P<html>#\d{{1,7}}|#x[0-9a-f]{{1,6}}|[a-z]{{1,31}});",
        re.IGNORECASE,
    )
    for deep in range(_DEEPEST)
)


def places(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Give begin and end of each place where *text* holds *wanted*, any of its signs escaped.

    Args:
        text: Where to look.
        wanted: Printable ASCII, as keys and tokens are; not empty.
    """
    begins = re.compile(rf"[%\\&{re.escape(wanted[0])}]")
    at = 0
    while found := begins.search(text, at):
        end = _end(text, found.start(), wanted)
        if end is not None:
            yield found.start(), end
        at = end or found.end()


def _end(text: str, begin: int, wanted: str) -> int | None:
    """Say where *wanted* ends that begins there; None: it does not."""
    ends = {begin}
    for sign in wanted:
        ends = {end for at in ends for said, end in _signs(text, at) if said == sign}
        if not ends:
            return None
    return max(ends)


def _signs(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Give each sign that may stand there, and where it ends."""
    if at == len(text):
        return
    yield text[at], at + 1
    if text[at] in "%\\&":
        for escape in _ESCAPES:
            if found := escape.match(text, at):
                yield _meant(found), found.end()


def _meant(found: re.Match[str]) -> str:
    """Say what an escape stands for; an empty text: for nothing."""
    if number := found["url"] or found["json"]:
        return chr(int(number, 16))
    if found["plain"]:
        return found["plain"]
    return html.unescape(f"&{found['html']};")
