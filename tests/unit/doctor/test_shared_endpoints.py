"""Tables that are one endpoint, whatever it speaks."""

from collections.abc import Callable

import pytest

from doctor.shared_endpoints import shared_endpoints
from protocols.table import PROTOCOLS
from settings.endpoints_file import parse_endpoints
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


def found(*tables: str) -> list[tuple[str, str]]:
    endpoints = parse_endpoints(
        "".join(tables),
        environ={"A_KEY": "a-key"},
        read_relative=lambda _: b"{}",
        protocols={name: kind.read_keys for name, kind in PROTOCOLS.items()},
        trainings={},
    )
    assert [one.faults for one in endpoints.by_name.values()] == [()] * len(tables)
    return [(one.where, one.state) for one in shared_endpoints(endpoints.by_name.values())]


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


def test_the_case_of_a_workspace_s_address_makes_no_other_endpoint() -> None:
    assert found(_azureml("digits", "first"), _azureml("letters", "FIRST")) != []
