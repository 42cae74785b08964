"""The README's functions and calls are those of the app, as Microsoft's library indexes it."""

import json
import re
from http import HTTPStatus
from typing import Any

import pytest

from local_stack.functions_host import indexed_functions
from settings.bindings import DEFAULTS
from tests.unit.docs.markdown import README, ROOT, blocks, code, section, table

TEXT = README.read_text("utf-8")
TRIGGERED = table(section(TEXT, "How it works"), "function")
CALLED = table(section(TEXT, "HTTP API"), "function")
PREFIX = json.loads((ROOT / "host.json").read_text())["extensions"]["http"]["routePrefix"]

type Trigger = dict[str, Any]


@pytest.fixture(scope="module")
def triggers() -> dict[str, Trigger]:
    """The trigger of each function, by the function's name."""
    settings = dict.fromkeys(DEFAULTS, "x") | {"BLOB_SOURCE": DEFAULTS["BLOB_SOURCE"]}
    return {
        function["name"]: next(
            binding for binding in function["bindings"] if binding["type"].endswith("Trigger")
        )
        for function in indexed_functions(ROOT, settings)
    }


def test_the_two_tables_name_every_function_once(triggers: dict[str, Trigger]) -> None:
    named = [code(row["function"])[0] for row in [*TRIGGERED, *CALLED]]

    assert sorted(named) == sorted(triggers)


@pytest.mark.parametrize("row", TRIGGERED, ids=lambda row: code(row["function"])[0])
def test_a_trigger_is_as_the_table_says(row: dict[str, str], triggers: dict[str, Trigger]) -> None:
    trigger = triggers[code(row["function"])[0]]
    kind = row["trigger"].split()[0]
    setting, *connection = code(row["trigger"])

    assert trigger["type"] == f"{kind}Trigger"
    assert f"%{setting}%" in {trigger.get("path"), trigger.get("schedule")}
    assert [trigger["connection"]] == connection if kind == "blob" else not connection


@pytest.mark.parametrize("row", CALLED, ids=lambda row: code(row["function"])[0])
def test_a_call_is_as_the_table_says(row: dict[str, str], triggers: dict[str, Trigger]) -> None:
    trigger = triggers[code(row["function"])[0]]
    method, path = code(row["call"])[0].split()

    assert [str(one) for one in trigger["methods"]] == [method]
    assert path == f"/{PREFIX}/{trigger['route']}"
    open_to_all = "needs no key" in row["answers"]
    assert (str(trigger["authLevel"]).upper() == "ANONYMOUS") is open_to_all


def test_every_curl_line_calls_a_function_that_there_is(triggers: dict[str, Trigger]) -> None:
    block = next(one for one in blocks(TEXT, "sh") if "curl" in one)
    patterns = {
        re.sub(r"\{\w+\}", "[^/]+", trigger["route"]): trigger["methods"]
        for trigger in triggers.values()
        if trigger["type"] == "httpTrigger"
    }
    lines = [line for line in block.splitlines() if line.startswith("curl")]

    assert lines
    for line in lines:
        called = re.search(r"\$API/([^\s?\"]+)", line)
        assert called is not None, line
        method = "POST" if "-X POST" in line else "GET"
        found = [methods for route, methods in patterns.items() if re.fullmatch(route, called[1])]
        assert any(method in [str(one) for one in methods] for methods in found), line


def test_the_statuses_in_the_table_are_those_that_the_code_answers() -> None:
    said = {HTTPStatus(int(row["status"])) for row in table(TEXT, "status")}
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "http_api").glob("*.py"))
    answered = {HTTPStatus[name] for name in re.findall(r"HTTPStatus\.([A-Z_]+)", sources)}
    of_the_host = {HTTPStatus.UNAUTHORIZED}

    errors = {status for status in answered if status.is_client_error or status.is_server_error}
    assert said == errors | of_the_host
