"""The alerts ask for events and functions that there are."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest

from local_stack.functions_host import indexed_functions
from patch_endpoint.decide import Decision
from patch_endpoint.record import AttemptStep
from protocols.protocol import Answer
from retrain_trigger.job import State
from scripts.check_boundaries import APP
from tests.unit.docs.markdown import ROOT, code
from tests.unit.infra.deployed import deployed
from tests.unit.infra.deployment import INFRA

ALERTS: Final = {
    "functions-failed",
    "messages-given-up",
    "timer-silent",
    "token-near-expiry",
    "patch-refused",
}
QUERIES: Final = {file.stem: file.read_text("utf-8") for file in INFRA.glob("alerts/*.kql")}
RULES: Final = "avm/res/insights/scheduled-query-rule"
COMPOSED: Final = {
    "f'{attempt.step}.{type(answer).__name__.lower()}'": [
        f"{step}.{kind.__name__.lower()}"
        for step in AttemptStep.__value__.__args__
        for kind in Answer.__value__.__args__
    ],
    "f'deployment.{type(decision).__name__.lower()}'": [
        f"deployment.{kind.__name__.lower()}" for kind in Decision.__value__.__args__
    ],
    "f'job.{job.state}'": [f"job.{state}" for state in State.__value__.__args__],
}
"""The events whose names are put together, by the expression that does."""

DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?")


@cache
def _events() -> frozenset[str]:
    """Every event that the app emits: the names that `emit` is given, in whatever expression."""
    return frozenset(name for call in _emits() for name in _names_in(call.args[1]))


def _emits() -> Iterator[ast.Call]:
    for folder in APP - {"function_app"}:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "emit":
                    yield node


def _names_in(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield from COMPOSED[ast.unparse(node)]
    elif isinstance(node, ast.Constant):
        yield str(node.value)
    else:
        assert isinstance(node, ast.IfExp), ast.unparse(node)
        yield from _names_in(node.body)
        yield from _names_in(node.orelse)


@pytest.fixture(scope="module")
def triggers() -> dict[str, dict[str, Any]]:
    """The trigger of each function."""
    return {one["name"]: one["bindings"][0] for one in indexed_functions(ROOT, {})}


def _minutes(duration: str) -> int:
    found = DURATION.fullmatch(duration)
    assert found is not None
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def test_the_alerts_are_those_that_operators_are_told_of() -> None:
    rules = [one["name"] for one in deployed().of(RULES)]
    metrics = {one["name"] for one in deployed().of("avm/res/insights/metric-alert")}
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    told = re.search(r"^The alerts: (.*?)\.", text, re.MULTILINE)

    assert sorted(rules) == sorted(ALERTS)
    assert metrics <= ALERTS
    assert told is not None
    assert set(code(told[1])) == ALERTS


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_asks_its_own_query(name: str) -> None:
    (rule,) = (one for one in deployed().of(RULES) if one["name"] == name)
    (criterion,) = rule["criterias"]["allOf"]

    assert criterion["query"] == QUERIES[name]
    assert (criterion["operator"], criterion["threshold"]) == ("GreaterThan", 0)
    assert rule["scopes"] == [
        deployed().of("avm/res/insights/component")[0]["name"] + ":resourceId"
    ]
    assert len(rule["actions"]["actionGroupResourceIds"]) == 1


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_each_event_of_a_query_is_one_that_the_app_emits(name: str) -> None:
    asked = {word.strip() for word in re.findall(r'"([a-z_]+\.[a-z_]+ ?)"', QUERIES[name])}

    assert asked <= _events()
    assert asked or name in {"functions-failed", "messages-given-up", "timer-silent"}


def test_an_event_is_asked_for_to_its_end() -> None:
    """A line begins with the event's name and a blank: without it, longer names would match too."""
    for name, query in QUERIES.items():
        for word in re.findall(r'startswith "([^"]*)"', query):
            assert word.endswith(" "), name


def test_the_functions_whose_failure_is_told_are_all_that_are_not_called_by_http(
    triggers: dict[str, dict[str, Any]],
) -> None:
    asked = re.search(r"name in \(([^)]*)\)", QUERIES["functions-failed"])
    others = {name for name, one in triggers.items() if one["type"] != "httpTrigger"}

    assert asked is not None
    assert set(re.findall(r'"(\w+)"', asked[1])) == others


def test_each_timer_is_listened_for_at_least_three_of_its_periods(
    triggers: dict[str, dict[str, Any]],
) -> None:
    timers = {name for name, one in triggers.items() if one["type"] == "timerTrigger"}
    found = re.findall(r'"(\w+)", (\d+)m', QUERIES["timer-silent"])
    longest = {name: int(minutes) for name, minutes in found}
    (rule,) = (one for one in deployed().of(RULES) if one["name"] == "timer-silent")

    assert longest.keys() == timers
    assert longest["watch"] >= 3
    assert longest["sweep"] >= 30
    # What is older than that is not looked at, so it must reach further back than any of them.
    assert _minutes(rule["windowSize"]) > max(longest.values())


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_no_time_passes_that_an_alert_does_not_look_at(name: str) -> None:
    (rule,) = (one for one in deployed().of(RULES) if one["name"] == name)

    assert _minutes(rule["windowSize"]) >= _minutes(rule["evaluationFrequency"])


def test_the_token_alert_looks_back_over_more_than_one_sweep() -> None:
    (rule,) = (one for one in deployed().of(RULES) if one["name"] == "token-near-expiry")

    assert _minutes(rule["windowSize"]) >= 20


def test_an_email_address_is_told_where_one_is_given() -> None:
    (silent,) = deployed().of("avm/res/insights/action-group")
    (group,) = deployed(alertEmail="a@example.com").of("avm/res/insights/action-group")

    assert silent["emailReceivers"] == []
    assert [one["emailAddress"] for one in group["emailReceivers"]] == ["a@example.com"]
