"""Tables that are one endpoint, whatever it speaks."""

from collections.abc import Callable, Mapping

import pytest

from doctor.shared_endpoints import shared_endpoints
from protocols.table import PROTOCOLS
from settings.endpoints_file import parse_endpoints
from settings.scoring_endpoint import ScoringEndpoint
from tests.unit.protocols.azureml_online.story import TABLE

type Say = Callable[[str, str], str]


def _classic(name: str, address: str) -> str:
    return f"""
[endpoints.{name}]
models = "{name}/**"
patch_url = "https://studio.invalid/{address}"
api_key = "%A_KEY%"
resource = "Census [trained model]"
"""


def _http(name: str, address: str) -> str:
    """Say a server that has many models at one address, and tells them by the body."""
    return f"""
[endpoints.{name}]
protocol = "http"
models = "{name}/**"
[[endpoints.{name}.requests]]
method = "POST"
url = "https://server.invalid/load"
body = {{ name = "{address}", model = "{{url}}" }}
"""


def _azureml(name: str, address: str) -> str:
    table = TABLE.replace("endpoints.census", f"endpoints.{name}")
    more = f'online_endpoint = "{address}"\nmodels = "{name}/**"\ndatastores'
    return table.replace("datastores", more, 1)


def parsed(*tables: str) -> Mapping[str, ScoringEndpoint]:
    endpoints = parse_endpoints(
        "".join(tables),
        environ={"A_KEY": "a-key", "B_KEY": "another-key"},
        read_relative=lambda _: b"{}",
        protocols={name: kind.read_keys for name, kind in PROTOCOLS.items()},
        trainings={},
    )
    assert [one.faults for one in endpoints.by_name.values()] == [()] * len(tables)
    return endpoints.by_name


def found(*tables: str) -> list[tuple[str, str]]:
    return [(one.where, one.state) for one in shared_endpoints(parsed(*tables).values())]


@pytest.mark.parametrize("say", [_classic, _http, _azureml])
def test_two_tables_that_are_one_endpoint_are_told(say: Say) -> None:
    assert found(say("digits", "first"), say("letters", "first")) == [
        ("endpoints.letters", "warning")
    ]


@pytest.mark.parametrize("say", [_classic, _http, _azureml])
def test_two_endpoints_beside_each_other_are_well(say: Say) -> None:
    assert found(say("digits", "first"), say("letters", "second")) == []


def test_two_resources_of_one_classic_endpoint_are_patched_apart() -> None:
    other = _classic("letters", "first").replace("Census", "Letters")

    assert found(_classic("digits", "first"), other) == []


def test_a_classic_table_without_a_resource_is_each_resource_of_its_endpoint() -> None:
    named = _classic("letters", "first")
    nameless = _classic("digits", "first").replace('resource = "Census [trained model]"\n', "")

    assert found(nameless, named) == [("endpoints.letters", "warning")]
    assert found(named, nameless) == [("endpoints.digits", "warning")]
    assert found(nameless, named.replace("/first", "/second")) == []


def test_a_table_between_two_resources_makes_them_no_one_place() -> None:
    nameless = _classic("any", "first").replace('resource = "Census [trained model]"\n', "")
    other = _classic("letters", "first").replace("Census", "Letters")

    assert found(_classic("digits", "first"), other, nameless) == [("endpoints.any", "warning")]


@pytest.mark.parametrize("placeholder", ["model", "stem", "folder"])
@pytest.mark.parametrize("where", ["load", "first"])
def test_where_the_model_names_the_place_nothing_is_said(where: str, placeholder: str) -> None:
    def say(name: str) -> str:
        return _http(name, "first").replace(where, f"{where}/{{{placeholder}}}")

    assert found(say("digits"), say("letters")) == []


def _headed(name: str, headers: str) -> str:
    return f"{_http(name, 'first')}headers = {{ {headers} }}\n"


@pytest.mark.parametrize("other", ['X-Tenant = "b"', 'X-Tenant = "a %A_KEY%"', 'X-Group = "a"'])
def test_a_plain_header_tells_two_places_apart(other: str) -> None:
    assert found(_headed("digits", 'X-Tenant = "a"'), _headed("letters", other)) == []


def test_neither_a_key_nor_the_case_or_order_of_headers_tells_places_apart() -> None:
    first = _headed("digits", 'X-Tenant = "a", Authorization = "Bearer %A_KEY%"')
    second = _headed("letters", 'authorization = "Bearer %B_KEY%", x-tenant = "a"')

    assert found(first, second) == [("endpoints.letters", "warning")]


def test_no_place_holds_a_key() -> None:
    endpoints = parsed(_headed("digits", 'Authorization = "Bearer %A_KEY%"'))

    place = endpoints["digits"].keys.place

    assert place is not None
    assert "Bearer" in place.address
    assert "a-key" not in repr(place)


def test_the_case_of_a_workspace_s_address_makes_no_other_endpoint() -> None:
    assert found(_azureml("digits", "first"), _azureml("letters", "FIRST")) != []
