"""The figures of a run as a page shows them: between two marks of `docs/reliability.md`."""

import os
import platform
from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

BEGIN: Final = "<!-- figures: written by `make chaos ARGS=--write-figures` -->"
END: Final = "<!-- end of the figures -->"
PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"


class Counted(NamedTuple):
    """What one test counted.

    Attributes:
        file: Of the test, from the project's folder.
        test: Its name, with its case in brackets where it has cases.
        figures: `name=value`, one or more.
    """

    file: str
    test: str
    figures: tuple[str, ...]

    @classmethod
    def of(cls, nodeid: str, figures: Iterable[str]) -> "Counted":
        """Read pytest's name of a test."""
        file, _, test = nodeid.partition("::")
        return cls(file, test, tuple(figures))


def figures_text(counted: Iterable[Counted], took: timedelta, passed: int, skipped: int) -> str:
    """Show a full run, suite by suite, so that it can be read aloud."""
    run = (
        f"{passed} tests passed, none failed, {skipped} skipped, in"
        f" {took.total_seconds() / 60:.0f} min, on {platform.system()} with {os.cpu_count()} cores"
        f" and Python {platform.python_version()}."
    )
    lines = [run]
    for file, tests in groupby(sorted(counted), key=lambda one: one.file):
        lines += ["", f"`{file}`", ""]
        lines += [f"- {_sentence(one.test)}: {_told(one.figures)}" for one in tests]
    return "\n".join(lines)


def written(page: str, text: str) -> str:
    """Give *page* with *text* in the place of the figures that it has."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


def name_of(sentence: str) -> str:
    """Give the name of the test that a line tells of."""
    return "test_" + sentence.partition(" [")[0].replace(" ", "_")


def _sentence(test: str) -> str:
    name, bracket, case = test.removeprefix("test_").partition("[")
    return name.replace("_", " ") + (f" [{case}" if bracket else "")


def _told(figures: Iterable[str]) -> str:
    pairs = (one.partition("=") for one in figures)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, _, value in pairs)
