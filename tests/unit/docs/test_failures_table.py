"""What the README says of failures: its states, codes and times are those of the code."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest

from patch_endpoint import aged, attempt, decide, sas
from patch_endpoint.record import State
from protocols import classic_answers, studio_classic, wire
from protocols.protocol import Refused
from retrain_trigger import job, job_times, retention
from tests.unit.docs.markdown import README, ROOT, code, section, table, tables_of

TEXT = README.read_text("utf-8")
FAILURES = list(chain.from_iterable(tables_of(TEXT, "cause")))
JOB_FAILURES = table(TEXT, "what happens to a job")
STATES = set(State.__value__.__args__)
JOB_STATES = set(job.State.__value__.__args__)
# What only jobs and the adding of endpoints meet.
NOT_OF_DEPLOYMENTS = {"studio_batch.py", "studio_management.py", "jobs.py"}
# A protocol is asked for the smoke test only where there is one.
NOBODY_SEES = {"no_smoke_test"}
CARRY_A_CODE = {"Problem", "Refused", "Unsettled", "KeyUnavailableError"}

TIMES = {
    "first pause between two tries": decide.FIRST_PAUSE,
    "longest pause, after doubling each time": decide.LONGEST_PAUSE,
    "longest `Retry-After` that is heeded": classic_answers.LONGEST_RETRY_AFTER,
    "one request in all": wire.REQUEST_LIMIT,
    "from an accepted PATCH to the first question whether it serves": (
        studio_classic.StudioClassic.settles_after
    ),
    "how long its effect is asked for": decide.CONFIRM_FOR,
    "how long a PATCH without an answer may yet be applied": attempt.LATE_FOR,
    "how often an endpoint whose table has a fault is looked at again": attempt.FAULT_PAUSE,
    "a token is back-dated by": sas.BACK_DATED,
    "shortest pause between two looks at a job": job_times.SHORTEST_POLL,
    "longest pause between two looks at a job": job_times.LONGEST_POLL,
    "how long a training service is asked to end a job": job_times.GIVEN_UP_AFTER,
    "how long a job that has ended is kept": retention.KEPT_FOR,
    "how long a deployment that was replaced is remembered": aged.HISTORY_KEPT_FOR,
    "how old a copy is that no record names before it is dropped": retention.UNNAMED_FOR,
}


def _codes(file: Path) -> Iterator[str]:
    """Every code that a file can give a failure; one with a number in it ends in `<status>`."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]):
                if name in CARRY_A_CODE:
                    yield text
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(text))):
                yield text
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.IfExp() as choice):
                yield from map(ast.literal_eval, (choice.body, choice.orelse))
            case ast.JoinedStr() if _begins(node) == "http_":
                yield "http_<status>"


def _begins(text: ast.JoinedStr) -> str:
    first = text.values[0]
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _codes_of_the_app() -> set[str]:
    files = [*(ROOT / "protocols").rglob("*.py"), *(ROOT / "patch_endpoint").glob("*.py")]
    return {one for file in files if file.name not in NOT_OF_DEPLOYMENTS for one in _codes(file)}


def _codes_of_jobs() -> set[str]:
    files = [ROOT / "protocols" / "studio_batch.py", *(ROOT / "retrain_trigger").glob("*.py")]
    # Of every exchange: what the wire, Key Vault and the reading of an answer say.
    files += [ROOT / "protocols" / f"{name}.py" for name in ("wire", "vault", "classic_answers")]
    files += [ROOT / "protocols" / "azureml_online" / f"{name}.py" for name in ("arm", "jobs")]
    return {one for file in files for one in _codes(file)}


def _said(rows: list[dict[str, str]]) -> set[str]:
    return {word for row in rows for word in code(row["state, code"])}


def test_no_table_begins_with_a_row_that_speaks_of_the_one_before() -> None:
    first = [rows[0]["cause"] for rows in tables_of(TEXT, "cause")]

    assert not [cause for cause in first if cause.startswith(("the same", "it "))]


def test_every_code_and_state_in_the_table_is_in_the_code_and_none_is_left_out() -> None:
    codes = _codes_of_the_app() - NOBODY_SEES

    assert _said(FAILURES) == codes | STATES


def test_every_code_and_state_of_a_job_is_in_its_table_and_no_other() -> None:
    assert _said(JOB_FAILURES) == _codes_of_jobs() | JOB_STATES


def test_the_statuses_in_the_table_are_told_apart_as_the_code_does() -> None:
    of_patches = [row for row in FAILURES if not row["cause"].startswith("the smoke test")]
    causes = {status: row for row in of_patches for status in _statuses(row["cause"])}

    for status in range(400, 500):
        found = classic_answers.unwelcome(wire.HttpAnswer(status, {}, b""), [])
        refused = isinstance(found, Refused)
        row = causes.get(status)
        state = code(row["state, code"])[0] if row else "refused"
        assert ("refused" if refused else "pending") == state, status
        about_model = getattr(found, "about_model", False)
        assert about_model == (row is not None and refused), status


def _statuses(cause: str) -> list[int]:
    return [int(word) for word in cause.replace(",", " ").split() if word.isdecimal()]


@pytest.mark.parametrize("row", table(TEXT, "time"), ids=lambda row: row["time"])
def test_a_time_in_the_table_is_the_constant(row: dict[str, str]) -> None:
    number, unit = row["is"].split()
    units = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}

    assert timedelta(**{units[unit]: int(number)}) == TIMES[row["time"]]


def test_no_time_is_left_out() -> None:
    assert {row["time"] for row in table(TEXT, "time")} == set(TIMES)


def test_the_claim_ends_when_the_table_says() -> None:
    row = next(row for row in FAILURES if "crashes" in row["cause"])
    claim = attempt.SEND_WITHIN + wire.REQUEST_LIMIT + attempt.CLOCK_SLACK

    assert f"after {claim.total_seconds():g} s" in row["the app"]
    slow = next(row for row in FAILURES if "between the claim" in row["cause"])
    assert f"{attempt.SEND_WITHIN.total_seconds():g} s" in slow["cause"]


def test_the_section_names_the_call_that_shows_it() -> None:
    assert "`GET /api/endpoints/{endpoint}`" in section(TEXT, "When things fail")
