"""`python -m bench`: measures, and prints one table.

A figure that falls short is said so in the table; the exit status is 0 all the same, and 1 only if
something could not be measured.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from bench.finding import Finding
from bench.fresh import FreshProcessError
from bench.machine import load, machine, remark
from bench.report import Report, filled, shown
from bench.rows import ROWS
from bench.sizes import FULL, SHORT, TINY, Sizes
from local_stack.azurite import AzuriteError
from local_stack.child import ChildError
from local_stack.functions_host import HostStartError

_DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, FIGURES = _DOCS / "performance.md", _DOCS / "performance.json"
_FAILURES = (AzuriteError, ChildError, FreshProcessError, HostStartError)
_SIZES = {"short": SHORT, "full": FULL, "tiny": TINY}
_WIDTH = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; answers the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.write and given.only:
        parser.error("the page is filled from a run of every benchmark")
    if given.fill:
        write(msgspec.json.decode(FIGURES.read_bytes(), type=Report))
        return 0
    console = Console(stderr=True)
    before, begun = load(), time.monotonic()
    _warn(before, console)
    try:
        findings = _measured(given.only or list(ROWS), _SIZES[given.sizes], console)
    except _FAILURES as error:
        console.print(f"bench: {error}", style="red", markup=False)
        return 1
    report = Report(
        date=given.date,
        machine=machine(),
        load=before,
        sizes=given.sizes,
        minutes=(time.monotonic() - begun) / 60,
        findings=findings,
    )
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(shown(report))
    if given.write:
        write(report)
    return 0


def write(report: Report) -> None:
    """Keep the figures of *report*, and fill the document with them."""
    figures = msgspec.json.format(msgspec.json.encode(report), indent=1)
    FIGURES.write_bytes(figures + b"\n")
    DOCUMENT.write_text(filled(DOCUMENT.read_text("utf-8"), report), "utf-8")


def _warn(before: float, console: Console) -> None:
    if warning := remark(before):
        console.print(f"bench: load before: {before:.1f} a core; {warning}", style="yellow")


def _measured(names: Sequence[str], sizes: Sizes, console: Console) -> dict[str, Finding]:
    findings = {}
    for name in names:
        begun = time.monotonic()
        with console.status(f"{name} …"):
            findings[name] = ROWS[name](sizes)
        console.print(f"{name}: measured in {time.monotonic() - begun:.0f} s", highlight=False)
    return findings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", choices=_SIZES, default="short", help="how much is measured")
    parser.add_argument("--only", action="append", choices=ROWS, help="one benchmark; repeatable")
    parser.add_argument(
        "--write", action="store_true", help="fill docs/performance.md; not with --only"
    )
    parser.add_argument(
        "--fill", action="store_true", help="fill the page anew from the kept figures, and exit"
    )
    today = datetime.now(UTC).date().isoformat()
    parser.add_argument("--date", default=today, help="the date that the report says")
    return parser


if __name__ == "__main__":
    sys.exit(main())
