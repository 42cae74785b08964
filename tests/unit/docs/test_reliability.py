"""The page on reliability: each promise and rule names a test that there is; so do the suites."""

import ast
import re

import pytest

from tests.unit.docs.markdown import ROOT, code, table

TEXT = (ROOT / "docs" / "reliability.md").read_text("utf-8")
PROMISES, RULES = table(TEXT, "#"), table(TEXT, "rule")
SUITES = table(TEXT, "suite")


def _tests_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_invariant_and_every_race_rule_has_its_line() -> None:
    assert [row["#"] for row in PROMISES] == [str(number) for number in range(1, 11)]
    assert [row["rule"] for row in RULES] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("row", [*PROMISES, *RULES], ids=lambda row: row["test"][-60:])
def test_the_test_that_a_line_names_is_there(row: dict[str, str]) -> None:
    file, name = code(row["test"])

    assert name in _tests_in(file)


def test_every_suite_of_attacks_is_named_and_no_other() -> None:
    said = {code(row["suite"])[0].rstrip("/") for row in SUITES}
    found = {
        str(path.parent if path.parent.name != "chaos" else path)
        for path in (one.relative_to(ROOT) for one in (ROOT / "tests/chaos").rglob("test_*.py"))
    }

    assert said == found


def test_the_figures_name_tests_that_there_are() -> None:
    figures = re.findall(r"^\| `([\w/.]+)`: `(\w+)` \|", TEXT, re.MULTILINE)
    said = [row for row in figures if row[0].startswith("tests/chaos/")]

    for file, name in said:
        assert name in _tests_in(file)
