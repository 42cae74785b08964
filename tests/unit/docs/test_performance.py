"""The page on performance says what a run measured, and nothing that was typed by hand."""

import re

import msgspec
import pytest

from bench.__main__ import DOCUMENT, FIGURES
from bench.finding import Line
from bench.report import Report, filled, parts
from bench.rows import ROWS
from tests.unit.docs.markdown import table

TEXT = DOCUMENT.read_text("utf-8")
REPORT = msgspec.json.decode(FIGURES.read_bytes(), type=Report)


def test_every_part_is_made_of_the_figures_that_are_kept() -> None:
    assert filled(TEXT, REPORT) == TEXT


def test_the_figures_are_of_a_run_of_every_benchmark() -> None:
    assert list(REPORT.findings) == list(ROWS)


def test_the_page_has_each_line_and_whether_it_is_reached() -> None:
    said = {
        (row["what was measured"], row["size"]): row["reached"]
        for row in table(TEXT, "what was measured")
    }

    assert said == {
        (line.what, line.size): {True: "yes", False: "no", None: ""}[line.reached]
        for line in REPORT.lines
    }


def test_whatever_fell_short_has_its_reason_and_nothing_else_has_one() -> None:
    told = TEXT.partition("What fell short in this run, and why:")[2].partition("\n## ")[0]
    names = re.findall(r"^- `([^`]+)`", told, re.MULTILINE)
    fell_short = [line.what for line in REPORT.lines if line.reached is False]

    assert [what for what in fell_short if not what.startswith(tuple(names))] == []
    assert [name for name in names if not any(what.startswith(name) for what in fell_short)] == []


def test_every_part_stands_in_the_page() -> None:
    assert set(re.findall(r"<!-- begin (\w+) -->", TEXT)) == set(parts(REPORT))


def test_a_figure_that_is_typed_by_hand_is_found() -> None:
    typed = TEXT.replace(REPORT.machine, "a faster machine")

    assert typed != TEXT
    assert filled(typed, REPORT) != typed


def test_a_page_without_a_marker_is_not_filled() -> None:
    with pytest.raises(ValueError, match="begin table"):
        filled(TEXT.replace("<!-- begin table -->", ""), REPORT)


def test_a_line_that_falls_short_says_so() -> None:
    line = Line(what="w", size="s", app="2", bare="1", ratio="2.00", target="≤ 1", reached=False)
    finding = msgspec.structs.replace(REPORT.findings["warm_path"], lines=[line])
    report = msgspec.structs.replace(REPORT, findings={**REPORT.findings, "warm_path": finding})

    assert "| w | s | 2 | 1 | 2.00 | ≤ 1 | no |" in parts(report)["table"]
