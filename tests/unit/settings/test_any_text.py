"""Whatever stands in an endpoints file, reading it fails in one way alone."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from protocols.classic_keys import classic_keys
from settings.fault import SettingsError
from tests.unit.settings.endpoints_text import KEYS, WHOLE, read

PLAUSIBLE = st.sampled_from(
    [
        "%CENSUS_API_KEY%",
        "%OTHER%",
        "https://a.example/{endpoint}",
        "https://[",
        "http://localhost",
        "census/**",
        "[",
        "..",
        "12h",
        "0 0 3 * * *",
        "0 0 0 31 2 *",
        "training/a.csv",
        "studio-classic",
        "census",
        "a[0] == `1`",
        "`{`",
        "High",
    ]
)
TEXTS = PLAUSIBLE | st.text(max_size=12)
SCALARS = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), time(1, 2, 3)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def _tables(**keys: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Tables with some of these keys, each with a fitting value or any, and with others."""
    known = st.fixed_dictionaries({}, optional={key: keys[key] | VALUES for key in keys})
    unknown = st.dictionaries(st.text(max_size=4), VALUES, max_size=1)
    return st.builds(lambda one, other: {**other, **one}, known, unknown)


JOB_KEYS = st.sampled_from(["jobType", "codeId", "environmentId", "inputs", "outputs", "status"])
SMOKE_TESTS = _tables(score_url=TEXTS, request=TEXTS, expect=TEXTS)
RETRAINS = _tables(
    service=TEXTS,
    schedule=TEXTS,
    inputs=st.dictionaries(TEXTS, TEXTS, max_size=2),
    outputs=st.dictionaries(TEXTS, TEXTS, max_size=2),
    parameters=st.dictionaries(TEXTS, SCALARS, max_size=2),
)
ENDPOINTS = _tables(
    protocol=TEXTS,
    patch_url=TEXTS,
    api_key=TEXTS,
    resource=TEXTS,
    models=TEXTS,
    auto_deploy=st.booleans(),
    keep=st.integers(),
    workspace_token=TEXTS,
    create=_tables(description=TEXTS, throttle_level=TEXTS, max_concurrent_calls=st.integers()),
    smoke_test=SMOKE_TESTS,
    retrain=RETRAINS,
)
SERVICES = _tables(
    protocol=st.sampled_from(["studio-classic", "azureml-online"]),
    jobs_url=TEXTS,
    api_key=TEXTS,
    output=TEXTS,
    timeout=TEXTS,
    workspace=TEXTS,
    datastores=st.dictionaries(TEXTS, TEXTS, max_size=2),
    job=st.dictionaries(JOB_KEYS | TEXTS, VALUES, max_size=4),
)
DOCUMENTS = _tables(
    defaults=ENDPOINTS,
    endpoints=st.dictionaries(TEXTS, ENDPOINTS, max_size=3),
    training_services=st.dictionaries(TEXTS, SERVICES, max_size=2),
)


def _toml(value: object) -> str:
    """Write one value as TOML, tables in one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            return f"{{ {', '.join(f'{_toml(k)} = {_toml(v)}' for k, v in value.items())} }}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)  # a number: nan and inf are the same in TOML


def _outcome(content: str) -> list[str]:
    """Say what a text is refused for; anything else than a refusal or an answer goes through."""
    try:
        read(content)
    except SettingsError as error:
        return [fault.where for fault in error.faults]
    return []


def _read_request(name: str) -> bytes:
    if name.startswith("census"):
        return b"{}"
    return name.encode()


@given(st.text())
@example(WHOLE)
@example("\ufeff" + WHOLE)
def test_any_text_is_an_endpoints_file_or_refused_as_none(content: str) -> None:
    assert _outcome(content) in ([], ["ENDPOINTS_FILE"])


@given(st.integers(0, len(WHOLE) - 1), st.sampled_from('"[]{}=.%\n\\,0a '))
def test_a_character_amiss_leaves_a_file_or_none(position: int, other: str) -> None:
    changed = WHOLE[:position] + other + WHOLE[position + 1 :]

    assert _outcome(changed) in ([], ["ENDPOINTS_FILE"])


@hypothesis_settings(max_examples=300)
@given(DOCUMENTS)
@example({"endpoints": {"census": {"protocol": ["http"]}}})
@example({"endpoints": {"census": {"patch_url": "https://["}}})
@example({"endpoints": {"census": {"smoke_test": {"expect": "`{`"}}}})
def test_any_values_make_endpoints_with_faults_and_no_other_error(
    document: dict[str, Any],
) -> None:
    content = "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in document.items())

    endpoints = read(content, read_relative=_read_request)

    known = set(endpoints.faults)
    for name, endpoint in endpoints.by_name.items():
        assert endpoint.name == name
        assert set(endpoint.faults) <= known
    told = " ".join(str(fault) for fault in endpoints.faults)
    assert not any(key in told for key in KEYS.values())


def test_the_documents_above_can_be_without_a_fault() -> None:
    """Or the test above would only ever have seen refusals."""
    endpoint = {"patch_url": "https://a.example/{endpoint}", "api_key": "%CENSUS_API_KEY%"}

    content = f"endpoints = {_toml({'census': endpoint})}"

    assert read(content).faults == ()
    census = read(content).by_name["census"]
    assert classic_keys(census).patch_url == "https://a.example/census"


@pytest.mark.parametrize("depth", [50, 3000])
def test_tables_in_tables_stop_the_one_endpoint_that_has_them(depth: int) -> None:
    deep = "[endpoints.deep]\n" + "a." * depth + "a = 1\n"

    endpoints = read(deep + WHOLE)

    assert endpoints.by_name["deep"].faults
    assert endpoints.by_name["census"].faults == ()
