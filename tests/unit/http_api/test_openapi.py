"""The OpenAPI document: every route of the app and no other, out of the types of the code."""

import re
import tomllib
from http import HTTPStatus
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from http_api.openapi import VERSION, openapi_document
from local_stack.functions_host import indexed_functions
from tests.unit.docs.markdown import ROOT

DOCUMENT = openapi_document("/api")
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


@pytest.fixture(scope="module")
def triggers() -> dict[str, dict[str, Any]]:
    """The HTTP triggers of the app, by the function's name."""
    first = {one["name"]: one["bindings"][0] for one in indexed_functions(ROOT, {})}
    return {name: one for name, one in first.items() if one["type"] == "httpTrigger"}


def test_the_document_has_every_route_of_the_app_and_no_other(
    triggers: dict[str, dict[str, Any]],
) -> None:
    described = {name: (method, path) for name, (method, path, _) in OPERATIONS.items()}

    routes = {
        name: (*(str(one) for one in trigger["methods"]), f"/{trigger['route']}")
        for name, trigger in triggers.items()
    }
    assert described == routes


def test_what_needs_no_key_there_needs_none_in_the_document(
    triggers: dict[str, dict[str, Any]],
) -> None:
    said = {name for name, (*_, one) in OPERATIONS.items() if one.get("security") == []}

    anonymous = {name for name, one in triggers.items() if one["authLevel"] == "ANONYMOUS"}
    assert said == anonymous == {"health"}
    for name, (*_, one) in OPERATIONS.items():
        assert (str(int(HTTPStatus.UNAUTHORIZED)) in one["responses"]) is (name not in said)


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_parameter_of_a_path_is_described_and_each_body_has_a_dry_run(name: str) -> None:
    _, path, operation = OPERATIONS[name]
    in_path = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
    in_query = [one["name"] for one in operation["parameters"] if one["in"] == "query"]

    assert in_path == re.findall(r"\{(\w+)\}", path)
    assert ("dry_run" in in_query) is ("requestBody" in operation)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    named = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(DOCUMENT)))

    assert named == schemas.keys()
    for schema in schemas.values():
        Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def test_an_error_is_a_problem_and_success_never_is() -> None:
    for name, (*_, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            kinds = list(response.get("content", {}))
            of_the_host = status in {"401", "413"}
            if name != "health":
                expected = ["application/json" if status < "300" else "application/problem+json"]
                assert kinds == ([] if of_the_host else expected), (name, status)


@pytest.mark.parametrize("path", ["/api", "api", "/api/", "//api"])
def test_the_server_is_a_path_at_the_host_that_was_asked(path: str) -> None:
    assert openapi_document(path)["servers"] == [{"url": "/api"}]


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["version"] == VERSION
