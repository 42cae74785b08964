"""`requests.http` has every call of the API and none that there is not."""

import json
import re
from typing import Final

import msgspec
import pytest

from http_api.openapi import openapi_document
from http_api.operations import OPERATIONS, Operation
from tests.unit.docs.markdown import ROOT

TEXT: Final = (ROOT / "requests.http").read_text("utf-8")
DEFINED: Final = dict(re.findall(r"^@(\w+) = (.*)$", TEXT, re.MULTILINE))


class Call(msgspec.Struct, frozen=True):
    """One call of the file."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


def _calls() -> list[Call]:
    found = []
    for block in TEXT.split("###")[1:]:
        head, _, body = block.partition("\n\n")
        _, first, *headers = head.splitlines()
        method, _, address = first.partition(" ")
        path, _, query = address.removeprefix("{{api}}").partition("?")
        pairs = dict(line.split(": ", 1) for line in headers)
        found.append(Call(method, path, query, pairs, body.strip()))
    return found


CALLS: Final = _calls()


def _operation(call: Call) -> Operation:
    """The operation that a call is of."""
    for one in OPERATIONS:
        method, _, path = one.call.partition(" ")
        if (method, path) == (call.method, re.sub(r"\{\{(\w+)\}\}", r"{\1}", call.path)):
            return one
    raise AssertionError(f"{call.method} {call.path} is no call of the API")


def test_every_call_of_the_api_is_there_and_no_other() -> None:
    described = {
        f"{method.upper()} {path}"
        for path, methods in openapi_document("/api")["paths"].items()
        for method in methods
    }

    assert {_operation(call).call for call in CALLS} == described


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path} {call.query}")
def test_a_call_is_as_the_api_takes_it(call: Call) -> None:
    operation = _operation(call)
    queries = {pair.partition("=")[0] for pair in call.query.split("&") if pair}
    may = set(operation.query) | ({"dry_run"} if operation.body else set())

    assert queries <= may
    assert ("x-functions-key" in call.headers) is not operation.is_open
    if call.body:
        assert operation.body is not None
        assert call.headers["Content-Type"] == "application/json"
        msgspec.convert(json.loads(call.body), operation.body)


def test_every_variable_is_defined_and_used() -> None:
    used = set(re.findall(r"\{\{(\w+)\}\}", TEXT))

    assert used == DEFINED.keys()
    assert DEFINED["api"] == "http://127.0.0.1:7071/api"
    assert "paste" in DEFINED["key"]
