"""An endpoint's own description, as ``swagger.json`` and ``apidocument``."""

from typing import Final

from local_stack.http_service.call import Answer, Call
from local_stack.ml_service.endpoint_document import api_location
from local_stack.ml_service.errors import not_built
from local_stack.ml_service.scoring import INPUT, OUTPUT_COLUMNS
from local_stack.ml_service.state import EndpointState, State

_VERSION: Final = {
    "name": "api-version",
    "in": "query",
    "required": True,
    "type": "string",
    "enum": ["2.0"],
}


class Swagger:
    """The handler of both addresses; they need no key."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of_endpoint(self, call: Call) -> Answer:
        """GET …/services/{guid}/swagger.json and …/endpoints/{guid}/apidocument."""
        guid = call.parameters.get("guid") or call.parameters["endpoint"]
        endpoint = self._state.endpoint_by_guid(guid)
        if not endpoint.resources:
            raise not_built("the swagger of a training service")
        return Answer(200, self._document(endpoint))

    def _document(self, endpoint: EndpointState) -> dict[str, object]:
        placements = endpoint.placements(self._state.now())
        columns = {name: {"type": "number"} for _, p in placements for name in p.model().columns}
        _, _, host = self._state.url.partition("://")
        rows = {"type": "array", "items": {"$ref": "#/definitions/Input"}}
        parameters = [
            _VERSION,
            {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Request"}},
        ]
        answer = {"200": {"description": "OK", "schema": {"$ref": "#/definitions/Answer"}}}
        execute = {"operationId": "execute", "parameters": parameters, "responses": answer}
        outputs = {f"output{at}": _scored() for at, _ in enumerate(placements, start=1)}
        return {
            "swagger": "2.0",
            "info": {"version": "2.0", "title": endpoint.service.name},
            "host": host,
            "basePath": api_location(endpoint, self._state).removeprefix(self._state.url),
            "schemes": ["http"],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "paths": {"/execute?format=swagger": {"post": execute}},
            "definitions": {
                "Input": _object(columns),
                "Request": _object({"Inputs": _object({INPUT: rows})}),
                "Answer": _object({"Results": _object(outputs)}),
            },
        }


def _object(properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


def _scored() -> dict[str, object]:
    return {
        "type": "array",
        "items": _object({name: {"type": "string"} for name in OUTPUT_COLUMNS}),
    }
