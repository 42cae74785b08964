"""The endpoints file as the README and the sample tell it is the one that the app reads."""

import json
import re
from collections.abc import Callable
from typing import Any, override

import pytest

from protocols.classic_keys import (
    CreateEndpoint,
    classic_keys,
    read_classic_keys,
    read_classic_service_keys,
)
from settings.bindings import DEFAULTS
from settings.endpoints_file import Endpoints, parse_endpoints
from settings.fault import Fault
from settings.model_blobs import parse_model_blobs
from settings.retraining import read_training_service
from settings.scoring_endpoint import Surroundings, read_endpoint
from settings.secret import Secret
from settings.table import Parse, Table
from tests.unit.docs.markdown import README, ROOT, Row, blocks, code, section, table

TEXT = README.read_text("utf-8")
SAMPLE = (ROOT / "endpoints.sample.toml").read_text("utf-8")
REQUEST = blocks(TEXT, "json")[0].encode()
PROTOCOLS = {"studio-classic": read_classic_keys}
TRAININGS = {"studio-classic": read_classic_service_keys}

ENDPOINT = "[endpoints.<name>]"
SMOKE_TEST = "[endpoints.<name>.smoke_test]"
RETRAIN = "[endpoints.<name>.retrain]"
SERVICE = "[training_services.<name>]"

LEAST = """
[endpoints.one]
patch_url = "https://a.example"
api_key = "%KEY%"
[training_services.one]
jobs_url = "https://a.example"
api_key = "%KEY%"
"""


class Recorder(Table):
    """A table that notes which keys were read, here and in the tables in it."""

    def __init__(self, where: str, values: object, faults: list[Fault]) -> None:
        super().__init__(where, values, faults)
        self.keys: dict[str, bool] = {}
        self.inner: dict[str, Recorder] = {}

    @override
    def required[T](self, key: str, parse: Parse[T], *, instead: T) -> T:
        self.keys[key] = True
        return super().required(key, parse, instead=instead)

    @override
    def optional[T, D](self, key: str, parse: Parse[T], default: D) -> T | D:
        self.keys[key] = False
        return super().optional(key, parse, default)

    @override
    def cautious[T, D, I](self, key: str, parse: Parse[T], default: D, *, instead: I) -> T | D | I:
        self.keys[key] = False
        return super().cautious(key, parse, default, instead=instead)

    @override
    def table(self, key: str) -> "Recorder":
        self.keys[key] = False
        self.inner[key] = Recorder(key, {}, [])
        return self.inner[key]


def _tables() -> dict[str, dict[str, bool]]:
    """The keys of each table that the app reads, and whether each must be there."""
    endpoint, service = Recorder("one", {}, []), Recorder("one", {}, [])
    nothing = Surroundings(
        secret=lambda _: Secret(""),
        request=lambda _: b"",
        protocols=PROTOCOLS,
        services=frozenset(),
        alone=True,
    )
    read_endpoint("one", endpoint, nothing)
    read_training_service(service, lambda _: Secret(""), TRAININGS)
    return {
        ENDPOINT: endpoint.keys,
        SMOKE_TEST: endpoint.inner["smoke_test"].keys,
        RETRAIN: endpoint.inner["retrain"].keys,
        SERVICE: service.keys,
    }


def _rows(heading: str) -> dict[str, Row]:
    return {code(row["key"])[0]: row for row in table(section(TEXT, f"`{heading}`"), "key")}


def _parsed(content: str, read: Callable[[str], bytes] = lambda _: REQUEST) -> Endpoints:
    """Read a file with every app setting there that it names."""
    environ = dict.fromkeys(re.findall(r"%(\w+)%", content), "a-key")
    return parse_endpoints(
        content,
        environ=environ,
        read_relative=read,
        protocols=PROTOCOLS,
        trainings=TRAININGS,
    )


@pytest.mark.parametrize("heading", [ENDPOINT, SMOKE_TEST, RETRAIN, SERVICE])
def test_a_table_names_the_keys_that_are_read_and_which_must_be_there(heading: str) -> None:
    said = {key: row["default"] == "required" for key, row in _rows(heading).items()}

    assert said == _tables()[heading]


@pytest.mark.parametrize(
    ("heading", "key", "default"),
    [
        (heading, key, code(row["default"])[0])
        for heading in (ENDPOINT, SMOKE_TEST, RETRAIN, SERVICE)
        for key, row in _rows(heading).items()
        if code(row["default"])
    ],
)
def test_a_default_in_the_tables_is_what_is_taken(heading: str, key: str, default: str) -> None:
    table_head = heading.replace("<name>", "one")

    said = _parsed(LEAST.replace(table_head, f"{table_head}\n{key} = {default}"))

    assert said.faults == ()
    assert said == _parsed(LEAST)


def test_all_that_can_be_said_of_an_endpoint_to_create_is_named() -> None:
    named = set(code(_rows(ENDPOINT)["create"]["meaning"]))

    assert named == set(CreateEndpoint.__struct_fields__)


def test_the_readme_shows_the_sample_as_it_is() -> None:
    assert SAMPLE in blocks(TEXT, "toml")


def test_the_sample_has_no_fault_and_says_what_its_comments_say() -> None:
    read: list[str] = []

    def reading(name: str) -> bytes:
        read.append(name)
        return REQUEST

    endpoints = _parsed(SAMPLE, reading)

    assert endpoints.faults == ()
    assert read == ["smoke/census.json"]
    census, credit = endpoints.by_name["census"], endpoints.by_name["credit"]
    assert census.auto_deploy
    assert not credit.auto_deploy
    assert census.takes("census/2026/05/model.ilearner")
    assert not credit.takes("census/2026/05/model.ilearner")
    assert classic_keys(credit).patch_url.endswith("/endpoints/credit")


def test_the_sample_retrains_one_endpoint_into_a_blob_that_lands_there() -> None:
    endpoints = _parsed(SAMPLE)

    assert set(endpoints.training_services) == {"census"}
    assert endpoints.by_name["credit"].retrain is None
    census = endpoints.by_name["census"]
    assert census.retrain is not None
    assert census.retrain.schedule is not None
    output = census.retrain.outputs[str(endpoints.training_services["census"].output)]
    container, _, name = output.replace("{run}", "census_20260301T030000Z").partition("/")
    models = parse_model_blobs(DEFAULTS["MODEL_BLOBS"])
    assert container == models.container
    assert models.matches(name)
    assert census.takes(name)


def test_the_request_shown_is_json_with_as_many_values_as_columns() -> None:
    shown: dict[str, Any] = json.loads(REQUEST)["Inputs"]["input1"]

    assert [len(row) for row in shown["Values"]] == [len(shown["ColumnNames"])]
