"""A scoring endpoint, as the endpoints file describes it."""

import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from settings.expression import expression
from settings.fault import Fault
from settings.protocol_name import USUAL_PROTOCOL, one_of
from settings.retraining import Retrain, read_retrain, safe_url
from settings.secret import Secret
from settings.table import Table, text, typed

EVERY_MODEL = "**"
_LEFT_OUT = ""  # is no pattern


class SmokeTest(msgspec.Struct, frozen=True):
    """Proof that the new model answers: a scoring call and what it must say.

    Attributes:
        score_url: The request/response address of the endpoint.
        request: The body to send, JSON as it stands in its file.
        request_file: That file, relative to the endpoints file.
        expect: A JMESPath expression over the answer that must be true.
    """

    score_url: str
    request: bytes
    expect: str
    request_file: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where models are sent; it holds no secret.

    Attributes:
        address: What two tables must give alike to be one endpoint.
        part: Which of the models there is replaced; None: the one that there is.
    """

    address: str
    part: str | None = None

    def meets(self, other: "Place") -> bool:
        """Say whether a model sent here replaces one sent to *other*."""
        parts = {self.part, other.part}
        return self.address == other.address and (None in parts or len(parts) == 1)


class ProtocolKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of an endpoint's table that its protocol alone knows; each protocol has its own."""

    @property
    def place(self) -> Place | None:
        """Where its models are sent: tables whose places meet are one endpoint, not two.

        None: it hangs on the model, so the table alone does not tell.
        """
        raise NotImplementedError


class ScoringEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint of the endpoints file.

    Attributes:
        name: Its name in this app.
        protocol: What it speaks.
        keys: What its protocol needs to know of it.
        models: Which blobs are for it (`PurePosixPath.full_match` within the container); None where
            no landed blob is.
        auto_deploy: False: every model waits for a person.
        keep: How many models stay restorable after their blob is overwritten.
        smoke_test: How a model in effect is proven; None: by the endpoint's own location.
        retrain: How it is retrained; None: not by this app.
        faults: What is wrong with the table. With any, the endpoint's models are recorded and wait.
    """

    name: str
    protocol: str
    keys: ProtocolKeys
    models: str | None = EVERY_MODEL
    auto_deploy: bool = True
    keep: int = 5
    smoke_test: SmokeTest | None = None
    retrain: Retrain | None = None
    faults: tuple[Fault, ...] = ()

    def takes(self, model_name: str) -> bool:
        """Say whether the blob *model_name* within the container is for this endpoint."""
        return self.models is not None and PurePosixPath(model_name).full_match(self.models)


class Surroundings(msgspec.Struct, frozen=True):
    """What a table needs to be read that is not in it.

    Attributes:
        secret: Reads a key: the name of an app setting between percent signs.
        request: Reads the body of a smoke test by its path relative to the endpoints file.
        protocols: How the keys of each protocol are read, by its name.
        services: The names of the training services there are.
        alone: Whether it is the file's one endpoint, which may leave out `models`.
    """

    secret: Callable[[Any], Secret]
    request: Callable[[Any], bytes]
    protocols: "Mapping[str, ReadKeys]"
    services: frozenset[str]
    alone: bool


type ReadKeys = Callable[[Table, Table | None, Surroundings], ProtocolKeys]
"""Reads what a protocol alone knows out of an endpoint's table, and out of its smoke test's.

What is wrong is noted in the tables.
"""


def read_endpoint(name: str, table: Table, around: Surroundings) -> ScoringEndpoint:
    """Read one table of `endpoints`; what is wrong with it is in the endpoint's faults."""
    retrain = read_retrain(table.table("retrain"), around.services)
    smoke_test = table.table("smoke_test")
    spoken = table.optional("protocol", one_of(around.protocols), USUAL_PROTOCOL)
    endpoint = ScoringEndpoint(
        name=name,
        protocol=spoken,
        keys=around.protocols[spoken](table, smoke_test, around),
        models=_read_models(table, alone=around.alone, is_retrained=retrain is not None),
        # Read wrongly, an unapproved model would be on record as approved, and go live once mended.
        auto_deploy=table.cautious("auto_deploy", typed(bool), default=True, instead=False),
        keep=table.optional("keep", _keep, 5),
        smoke_test=_read_smoke_test(smoke_test, around),
        retrain=retrain,
    )
    table.refuse_unknown()
    return msgspec.structs.replace(endpoint, faults=tuple(table.faults))


def _read_models(table: Table, *, alone: bool, is_retrained: bool) -> str | None:
    """Read `models`, which may be left out where it is clear without it; None takes no blob."""
    models = table.cautious("models", _pattern, default=_LEFT_OUT, instead=None)
    if models != _LEFT_OUT:
        return models
    if is_retrained:
        return None
    if not alone:
        table.fault("models", "is missing: it may be left out only where there is one endpoint")
        return None
    return EVERY_MODEL


def _read_smoke_test(table: Table | None, around: Surroundings) -> SmokeTest | None:
    if table is None:
        return None
    request_file, request = table.required(
        "request", lambda value: (value, around.request(value)), instead=("", b"")
    )
    smoke_test = SmokeTest(
        score_url=table.required("score_url", safe_url, instead=""),
        request=request,
        expect=table.required("expect", expression, instead=""),
        request_file=request_file,
    )
    table.refuse_unknown()
    return smoke_test


def _pattern(value: object) -> str:
    pattern = text(value)
    if pattern.startswith("/"):
        raise ValueError("must not begin with a slash: it matches within the container")
    if pattern.endswith("/"):
        raise ValueError("must not end with a slash: all below a folder is folder/**")
    if not {".", ".."}.isdisjoint(pattern.split("/")):
        raise ValueError("must not hold . or .. between slashes: no blob matches that")
    return pattern


def _keep(value: object) -> int:
    keep = msgspec.convert(value, int, strict=True)
    if keep < 0:
        raise ValueError("must be 0 or more")
    return keep


def is_json(body: bytes) -> bool:
    """Say whether *body* is JSON."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
