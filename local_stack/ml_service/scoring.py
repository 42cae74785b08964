"""The request/response API: ``execute``, in the column form and in the swagger form."""

from typing import Final

import msgspec
from msgspec import Struct

from local_stack.http_service.call import Answer, Call
from local_stack.ml_service.api_version import require_api_version
from local_stack.ml_service.credentials import require_score
from local_stack.ml_service.errors import ServiceError, bad_argument, not_built
from local_stack.ml_service.model_file import InputMismatchError, InputParseError, Model, Score
from local_stack.ml_service.request_body import decode
from local_stack.ml_service.state import State

INPUT: Final = "input1"
OUTPUT_COLUMNS: Final = ("Scored Labels", "Scored Probabilities")
_COLUMN_TYPES: Final = ("String", "Double")
type _Cell = str | float | int | bool | None


class Columns(Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """The column form of an input."""

    column_names: tuple[str, ...]
    values: tuple[tuple[_Cell, ...], ...]


class Request(Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """A body whose inputs are decoded once their form is known."""

    inputs: dict[str, msgspec.Raw] | None = None
    global_parameters: dict[str, msgspec.Raw] | None = None


class Scoring:
    """The handler of ``…/services/{guid}/execute``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def execute(self, call: Call) -> Answer:
        """Score rows with the models in effect now.

        A service with several trained models gives one output each: output1, output2 and so on.
        """
        endpoint = self._state.endpoint_by_guid(call.parameters["guid"])
        require_score(call, *endpoint.keys)
        require_api_version(call)
        if not endpoint.resources:
            raise not_built("scoring with a training service, which takes batch jobs alone")
        swagger = _is_swagger(call)
        sent = _input(call.body, swagger=swagger)
        detailed = call.query.get("details", "false").casefold() == "true"
        results = {}
        for at, (_, placement) in enumerate(endpoint.placements(self._state.now()), start=1):
            scores = _scored(placement.model(), sent)
            results[f"output{at}"] = _objects(scores) if swagger else _table(scores, detailed)
        return Answer(200, {"Results": results})


def _is_swagger(call: Call) -> bool:
    form = call.query.get("format")
    if form not in {None, "swagger"}:
        raise not_built(f"format={form}")
    return form == "swagger"


def _input(body: bytes, *, swagger: bool) -> Columns:
    request = decode(body, Request)
    if not request.inputs:
        raise bad_argument("MissingRequestInput")
    if unknown := request.inputs.keys() - {INPUT}:
        raise bad_argument("InvalidInputNames", ", ".join(sorted(unknown)))
    if request.global_parameters:
        raise bad_argument("UnexpectedParameter")
    raw = request.inputs[INPUT]
    return _as_columns(decode(raw, list[dict[str, _Cell]])) if swagger else decode(raw, Columns)


def _as_columns(rows: list[dict[str, _Cell]]) -> Columns:
    names = tuple(rows[0]) if rows else ()
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ServiceError("BadUserArgument", "InputMismatchError", hint="rows differ in columns")
    return Columns(names, tuple(tuple(row[name] for name in names) for row in rows))


def _scored(model: Model, sent: Columns) -> list[Score]:
    try:
        return model.score(sent.column_names, sent.values)
    except InputMismatchError as exc:
        raise ServiceError("BadUserArgument", "InputMismatchError", hint=str(exc)) from exc
    except InputParseError as exc:
        raise ServiceError("BadUserArgument", "InputParseError", str(exc)) from exc


def _table(scores: list[Score], detailed: bool) -> dict[str, object]:  # noqa: FBT001 - the query's own flag
    types = {"ColumnTypes": _COLUMN_TYPES} if detailed else {}
    values = [_cells(score) for score in scores]
    return {"type": "table", "value": {"ColumnNames": OUTPUT_COLUMNS, **types, "Values": values}}


def _objects(scores: list[Score]) -> list[dict[str, str]]:
    return [dict(zip(OUTPUT_COLUMNS, _cells(score), strict=True)) for score in scores]


def _cells(score: Score) -> tuple[str, str]:
    """All cells are text on this wire."""
    return score.label, repr(score.probability)
