"""Reads what the documents say: their sections, tables, code blocks and links."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"

_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")

type Row = dict[str, str]


def documents() -> list[Path]:
    """Every document that is checked."""
    return [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def tables(text: str) -> list[list[Row]]:
    """Every table, each row by the titles of its columns."""
    plain = _FENCE.sub("", text)
    blocks = re.findall(r"(?:^\|.*\|\n)+", plain, re.MULTILINE)
    return [list(_rows(block.splitlines())) for block in blocks]


def table(text: str, first_column: str) -> list[Row]:
    """The one table whose first column has this title."""
    found = tables_of(text, first_column)
    assert len(found) == 1, f"{len(found)} tables begin with the column {first_column}"
    return found[0]


def tables_of(text: str, first_column: str) -> list[list[Row]]:
    """Every table whose first column has this title."""
    return [rows for rows in tables(text) if next(iter(rows[0])) == first_column]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    headings = list(_HEADING.finditer(_FENCE.sub(_blanked, text)))
    for found, following in zip(headings, [*headings[1:], None], strict=True):
        if found[2] == heading:
            return text[found.end() : following.start() if following else len(text)]
    raise AssertionError(f"there is no heading {heading!r}")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks in a language."""
    return [found[2] for found in _FENCE.finditer(text) if found[1] == language]


def links(text: str) -> list[str]:
    """Where the links and pictures lead."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """What a link to a heading may be, as code forges make it."""
    headings = (found[2] for found in _HEADING.finditer(_FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(cell: str) -> list[str]:
    """What a cell says in code."""
    return _CODE.findall(cell)


def _rows(lines: list[str]) -> Iterator[Row]:
    titles, rule, *rest = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert set("".join(rule)) <= set("-:"), f"the table of {titles} has no rule"
    for cells in rest:
        yield dict(zip(titles, cells, strict=True))


def _blanked(fence: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", fence[0])
