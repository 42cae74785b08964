"""The events of the app, as its code emits them."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from patch_endpoint.decide import Decision
from patch_endpoint.record import AttemptStep
from protocols.protocol import Answer
from retrain_trigger import job
from scripts.check_boundaries import MAY_IMPORT
from tests.unit.docs.markdown import ROOT

_ANSWERS = tuple(kind.__name__.lower() for kind in Answer.__value__.__args__)
# Of what is tidied up, there is nothing to follow.
_STEPS = tuple(
    f"{step}.{answer}"
    for step in AttemptStep.__value__.__args__
    for answer in _ANSWERS
    if (step, answer) != ("tidy", "underway")
)
# What a name that is put together may end in, by how it begins.
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "deployment.": tuple(kind.__name__.lower() for kind in Decision.__value__.__args__),
    "job.": job.State.__value__.__args__,
}


def events() -> dict[str, set[str]]:
    """Each event and the fields that any place in the code gives it."""
    found: dict[str, set[str]] = {}
    for names, keywords in _emitted():
        for event in names:
            found.setdefault(event, set()).update(keywords - {"level"})
    return found


def loud() -> set[str]:
    """The events that the app logs as a warning or an error: of answers, only refusals."""
    found = {event for names, keywords in _emitted() if "level" in keywords for event in names}
    return found - {event for event in _STEPS if not event.endswith(".refused")}


def _emitted() -> Iterator[tuple[list[str], set[str]]]:
    """Each call that logs an event: the names that it may give it, and its keywords."""
    for file in _files():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="emit"), args=[_, name]):
                    yield list(_names(name)), {one.arg or "" for one in node.keywords}


def _files() -> Iterator[Path]:
    for folder in MAY_IMPORT:
        yield from (ROOT / folder).rglob("*.py")


def _names(name: ast.expr) -> Iterator[str]:
    match name:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _names(name.body)
            yield from _names(name.orelse)
        case ast.JoinedStr(values=[ast.FormattedValue(value=ast.Attribute(attr="step")), *_]):
            yield from _STEPS
        case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
            yield from (f"{begin}{end}" for end in _ENDINGS[begin])
        case _:
            raise AssertionError(f"an event's name that nobody can know: {ast.unparse(name)}")


def asked_in(query: str) -> set[str]:
    """The events that a query names."""
    return {word.strip() for word in re.findall(r'"([a-z_]+\.[a-z_]+) ?"', query)}


def fields_in(query: str) -> set[str]:
    """The fields that a query reads out of lines."""
    lists = re.findall(r"parse-kv message as \(([^)]*)\)", query)
    return {one.split(":")[0].strip() for names in lists for one in names.split(",")}
