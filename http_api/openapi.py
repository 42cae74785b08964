"""The OpenAPI document, built from the operations and from the types that they take and answer."""

import functools
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from http_api.answers import PROBLEM, ProblemDocument
from http_api.operations import OPERATIONS, Operation
from retrain_trigger.job_id import JOB_ID
from settings.endpoints_file import ENDPOINT_NAME

type Json = dict[str, Any]

VERSION: Final = "0.1.0"
_JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{name}"
_IN_PATH: Final = {"endpoint": ENDPOINT_NAME, "job": JOB_ID}
_MEANINGS: Final = {
    "endpoint": "The endpoint's name in the endpoints file.",
    "job": "The job's id.",
    "after": "What to go on after; `nextLink` has it.",
    "dry_run": "Answer with the plan, every secret masked, and change nothing.",
}
_DRY_RUN: Final = {
    "name": "dry_run",
    "in": "query",
    "description": _MEANINGS["dry_run"],
    "schema": {"type": "boolean", "default": False},
}
_KEYS: Final = {
    "header": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
    "query": {"type": "apiKey", "in": "query", "name": "code"},
}
_LOCATION: Final = {"description": "Where to look.", "schema": {"type": "string", "format": "uri"}}
_UNLOCKED: Final = {"description": "No key, or a wrong one; the host says so, without a body."}
_TOO_LARGE: Final = {"description": "The body is longer than the host takes; it has no body."}


def openapi_document(base_path: str) -> Json:
    """Describe the API, whose paths begin with *base_path* at whatever host is asked."""
    return _described() | {"servers": [{"url": f"/{base_path.strip('/')}"}]}


@functools.cache
def _described() -> Json:
    schemas, components = _schemas()
    paths: Json = {}
    for operation in OPERATIONS:
        method, _, path = operation.call.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(operation, path, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "model-redeployer",
            "version": VERSION,
            "description": "What serves where, since when and why; and a person takes over.",
        },
        "security": [{scheme: []} for scheme in _KEYS],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _KEYS},
    }


def _schemas() -> tuple[Mapping[Any, Json], Json]:
    """Give a schema for each type that is taken or answered, and what those refer to."""
    taken = [one.body for one in OPERATIONS if one.body]
    said = [kinds for one in OPERATIONS for kinds in one.answers.values()]
    answered = [kind for kinds in said if isinstance(kinds, tuple) for kind in kinds]
    types = list(dict.fromkeys([ProblemDocument, *taken, *answered]))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    for component in components.values():
        component["description"] = component["description"].partition("\n\n")[0]
    return dict(zip(types, schemas, strict=True)), components


def _operation(operation: Operation, path: str, schemas: Mapping[Any, Json]) -> Json:
    names = re.findall(r"\{(\w+)\}", path)
    parameters = [_parameter(name, "path", f"^{_IN_PATH[name]}$") for name in names]
    # An empty text is as good as none.
    parameters += [
        _parameter(name, "query", f"^(?:{pattern})?$") for name, pattern in operation.query.items()
    ]
    described: Json = {
        "operationId": operation.function,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": _responses(operation, schemas),
    }
    if operation.is_open:
        described["security"] = []
    if operation.body:
        parameters.append(_DRY_RUN)
        content = {_JSON: {"schema": schemas[operation.body]}}
        described["requestBody"] = {"required": False, "content": content}
    return described


def _parameter(name: str, place: str, pattern: str) -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": _MEANINGS[name],
        "schema": {"type": "string", "pattern": pattern},
    }


def _responses(operation: Operation, schemas: Mapping[Any, Json]) -> Json:
    """Say everything that is answered, by status."""
    problem = {PROBLEM: {"schema": schemas[ProblemDocument]}}
    contents = {status: _content(kinds, schemas) for status, kinds in operation.answers.items()}
    contents |= dict.fromkeys(operation.problems, problem)
    responses: Json = {
        str(int(status)): _response(status, content, operation)
        for status, content in contents.items()
    }
    if not operation.is_open:
        responses[str(int(HTTPStatus.UNAUTHORIZED))] = _UNLOCKED
    if operation.body:
        responses[str(int(HTTPStatus.CONTENT_TOO_LARGE))] = _TOO_LARGE
    return dict(sorted(responses.items()))


def _response(status: HTTPStatus, content: Json, operation: Operation) -> Json:
    response: Json = {"description": status.phrase, "content": content}
    if status in operation.located:
        # A plan says nothing of where, and not every conflict is with something that has a place.
        always = status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}
        response["headers"] = {"Location": _LOCATION | {"required": always}}
    return response


def _content(kinds: tuple[Any, ...] | str, schemas: Mapping[Any, Json]) -> Json:
    if isinstance(kinds, str):
        return {"text/plain": {"schema": {"type": "string", "const": kinds}}}
    found = [schemas[kind] for kind in kinds]
    return {_JSON: {"schema": found[0] if len(found) == 1 else {"anyOf": found}}}
