"""All that a run found, and how it is shown: a table on the terminal, and parts of the document.

The document's parts stand between markers and are made of the figures of a run alone, so that no
figure in it is typed by hand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec
from rich.table import Table

from bench.finding import Finding, Line
from bench.machine import remark
from bench.paper import paper

_TITLES = ("what was measured", "size", "app", "bare", "app ÷ bare", "must reach", "reached")
_SIZES = {
    "full": "all sizes",
    "short": "small sizes",
    "tiny": "the smallest sizes, which show that it runs and no more",
}
_MARKER = "<!-- {0} {1} -->"
_BEGIN, _END = "begin", "end"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run found.

    Attributes:
        date: When, as a date.
        machine: Where, in words.
        load: How busy that machine was before: processes for each processor.
        sizes: How much was measured: `full`, `short` or `tiny`.
        minutes: How long it took.
        findings: By the benchmark's name.
    """

    date: str
    machine: str
    load: float
    sizes: Literal["full", "short", "tiny"]
    minutes: float
    findings: dict[str, Finding]

    @property
    def lines(self) -> list[Line]:
        """All lines of the table."""
        return [line for finding in self.findings.values() for line in finding.lines]

    @property
    def figures(self) -> dict[str, float]:
        """All figures, by name."""
        return {
            name: figure
            for finding in self.findings.values()
            for name, figure in finding.figures.items()
        }


def shown(report: Report) -> Table:
    """Make the table for a terminal."""
    table = Table(*_TITLES, title=_run(report), caption_justify="left")
    for line in report.lines:
        style = "red" if line.reached is False else None
        table.add_row(*_cells(line), style=style)
    return table


def parts(report: Report) -> dict[str, str]:
    """Give the parts of the document that are made of figures, by name."""
    return {
        "run": _run(report) + "\n",
        "table": "\n".join(_markdown(_TITLES, (_cells(line) for line in report.lines))) + "\n",
        "notes": "".join(f"- {note}\n" for note in _notes(report)),
        "shares": "\n".join(_shares(report.findings)),
        "paper": "\n".join(_markdown(*paper(report.figures))) + "\n",
    }


def filled(document: str, report: Report) -> str:
    """Put the parts between their markers in *document*.

    Raises:
        ValueError: It lacks a marker.
    """
    for name, part in parts(report).items():
        begin, end = _MARKER.format(_BEGIN, name), _MARKER.format(_END, name)
        found = re.compile(f"(?<={re.escape(begin)}\n).*(?={re.escape(end)})", re.DOTALL)
        if not found.search(document):
            raise ValueError(f"the document has no {begin} … {end}")
        document = found.sub(f"\n{part}\n".replace("\\", r"\\"), document)
    return document


def _run(report: Report) -> str:
    took = f"{_SIZES[report.sizes]}, in {report.minutes:.0f} minutes"
    where = f"{report.machine}; load before: {report.load:.1f} a core"
    warning = remark(report.load)
    return f"{report.date}, {took}, on {where}{f' ({warning})' if warning else ''}."


def _cells(line: Line) -> tuple[str, ...]:
    reached = {True: "yes", False: "no", None: ""}[line.reached]
    return (line.what, line.size, line.app, line.bare, line.ratio, line.target, reached)


def _notes(report: Report) -> Iterator[str]:
    for finding in report.findings.values():
        for note in finding.notes:
            yield f"{finding.lines[0].what.partition(':')[0]}: {note}"


def _shares(findings: Mapping[str, Finding]) -> Iterator[str]:
    for finding in findings.values():
        for title, part in finding.parts.items():
            yield from _markdown((title, "takes"), part.items())
            yield ""


def _markdown(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
