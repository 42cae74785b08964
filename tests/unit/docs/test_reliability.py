"""The page on reliability: each promise and rule names a test that there is; so do the suites."""

import ast
import re
from types import SimpleNamespace

import pytest

from scripts.try_guards import guards
from tests.chaos.conftest import pytest_terminal_summary
from tests.chaos.figures_page import BEGIN, END, name_of
from tests.unit.docs.markdown import ROOT, code, table

TEXT = (ROOT / "docs" / "reliability.md").read_text("utf-8")
PROMISES, RULES = table(TEXT, "#"), table(TEXT, "rule")
STEPS = table(TEXT, "step by step")
JOBS = table(TEXT, "job of a workspace")
SUITES = table(TEXT, "suite")


def _tests_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_invariant_and_every_race_rule_has_its_line() -> None:
    assert [row["#"] for row in PROMISES] == [str(number) for number in range(1, 11)]
    assert [row["rule"] for row in RULES] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize(
    "row", [*PROMISES, *RULES, *STEPS, *JOBS], ids=lambda row: row["test"][-60:]
)
def test_the_test_that_a_line_names_is_there(row: dict[str, str]) -> None:
    file, name = code(row["test"])

    assert name in _tests_in(file)


def test_every_promise_has_a_guard_that_can_be_removed_to_see_its_test_go_red() -> None:
    """`make guards` does so; here, that it still finds each guard."""
    said = {f"invariant {row['#']}": "::".join(code(row["test"])) for row in PROMISES}
    said |= {f"rule {row['rule']}": "::".join(code(row["test"])) for row in RULES}
    said |= {f"step by step {row['step by step']}": "::".join(code(row["test"])) for row in STEPS}
    column = "job of a workspace"
    said |= {f"{column} {row[column]}": "::".join(code(row["test"])) for row in JOBS}

    assert {guard.promise: guard.test for guard in guards()} == said
    for guard in guards():
        assert (ROOT / guard.file).read_text("utf-8").count(guard.line) == 1, guard.promise


def test_every_suite_of_attacks_is_named_and_no_other() -> None:
    said = {code(row["suite"])[0].rstrip("/") for row in SUITES}
    found = {
        str(path.parent if path.parent.name != "chaos" else path)
        for path in (one.relative_to(ROOT) for one in (ROOT / "tests/chaos").rglob("test_*.py"))
    }

    assert said == found


def test_every_test_that_counts_has_its_figures_and_no_other() -> None:
    """A full run writes them; one that is renamed or new needs another full run."""
    said: set[tuple[str, str]] = set()
    for part in re.split(r"^`(?=tests/)", _figures(), flags=re.MULTILINE)[1:]:
        file, _, lines = part.partition("`\n")
        said |= {(file, name_of(line)) for line in re.findall(r"^- (.+?): ", lines, re.MULTILINE)}

    counting = {
        (file, name)
        for file in _files_of_attacks()
        for name in _tests_in(file)
        if name.startswith("test_") and "figures" in _parameters(file, name)
    }
    assert said <= counting
    # What is locked cannot be audited where nobody knows the advisories: then it is skipped.
    assert {file for file, _ in counting - said} <= {"tests/chaos/supply_chain/test_audit.py"}


def test_the_figures_say_that_nothing_was_lost_or_leaked() -> None:
    bad = ("lost", "found", "violations", "answers 500", "models lost", "jobs run twice")

    said = re.findall(rf"[:,] ({'|'.join(bad)}) (\d+)", _figures())

    assert {name for name, _ in said} == set(bad)
    assert {count for _, count in said} == {"0"}


def _figures() -> str:
    figures = TEXT.split(BEGIN)[1].split(END)[0]
    if not figures.strip():
        pytest.skip("no full run has written its figures yet: make chaos ARGS=--write-figures")
    return figures


def _files_of_attacks() -> list[str]:
    files = (ROOT / "tests/chaos").rglob("test_*.py")
    return [one.relative_to(ROOT).as_posix() for one in files]


def _parameters(file: str, name: str) -> set[str]:
    """Say what a test takes, and what the fixtures of its file that it takes do."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    takes = {
        node.name: {one.arg for one in [*node.args.args, *node.args.kwonlyargs]}
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    direct = takes[name]
    return direct.union(*(takes.get(one, set()) for one in direct))


def test_a_worker_that_knows_its_own_tests_alone_writes_no_figures() -> None:
    """Nor does it ask whether those passed: others may have failed elsewhere."""
    asked: list[str] = []
    config = SimpleNamespace(workerinput={}, getoption=asked.append)

    pytest_terminal_summary(SimpleNamespace(), config)  # type: ignore[arg-type]

    assert not asked
