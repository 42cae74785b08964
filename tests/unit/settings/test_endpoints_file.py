"""The endpoints file: what it says, and where its faults stay."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from protocols.classic_keys import (
    ClassicKeys,
    ClassicServiceKeys,
    CreateEndpoint,
    classic_keys,
)
from settings.endpoints_file import is_endpoint_name
from settings.fault import SettingsError
from settings.scoring_endpoint import ScoringEndpoint, SmokeTest
from settings.secret import Secret
from tests.unit.settings.endpoints_text import LEAST, REQUEST, WHOLE, changed, read

TWO = LEAST + LEAST.replace("census", "credit").replace("%credit", "%CENSUS")


def _with(line: str) -> str:
    return LEAST + line


def test_every_key_of_the_contract_is_read() -> None:
    endpoints = read(WHOLE)

    assert endpoints.faults == ()
    census = endpoints.by_name["census"]
    assert census.retrain is not None
    assert msgspec.structs.replace(census, retrain=None) == ScoringEndpoint(
        name="census",
        protocol="http",
        keys=ClassicKeys(
            patch_url="https://management.example/endpoints/census",
            api_key=Secret("key-of-census"),
            resource="Modèle de census [trained model]",
            workspace_token=Secret("token-of-workspace"),
            create=CreateEndpoint(
                description="for census", throttle_level="High", max_concurrent_calls=20
            ),
        ),
        models="census/**/*.ilearner",
        auto_deploy=False,
        keep=0,
        smoke_test=SmokeTest(
            score_url="https://services.example/execute?api-version=2.0&details=true",
            request=REQUEST,
            expect="Results.output1.value.Values[0][0] == '>50K'",
            request_file="smoke/census.json",
        ),
    )
    assert census.retrain.service == "census"
    assert census.retrain.schedule is not None
    assert census.retrain.schedule.text == "0 0 3 * * *"
    assert census.retrain.inputs == {"input1": "training/census/latest.csv"}
    assert census.retrain.outputs == {"output2": "experimentoutput/census/{run}.ilearner"}
    assert census.retrain.parameters == {"URI": "a", "Rows": 10000, "Rate": 0.5, "Fast": True}


def test_a_training_service_is_read() -> None:
    service = read(WHOLE).training_services["census"]

    assert service.protocol == "studio-classic"
    assert service.keys == ClassicServiceKeys(
        jobs_url="https://services.example/jobs", api_key=Secret("key-of-training")
    )
    assert (service.output, service.timeout) == ("output2", timedelta(minutes=90))


def test_an_endpoint_that_says_the_least_has_the_defaults() -> None:
    endpoints = read(LEAST)

    assert endpoints.faults == ()
    assert endpoints.by_name["census"] == ScoringEndpoint(
        name="census",
        protocol="studio-classic",
        keys=ClassicKeys(
            patch_url="https://management.example/endpoints/census",
            api_key=Secret("key-of-census"),
            resource=None,
            workspace_token=None,
            create=CreateEndpoint(description="", throttle_level="Low", max_concurrent_calls=None),
        ),
        models="**",
        auto_deploy=True,
        keep=5,
        smoke_test=None,
        retrain=None,
        faults=(),
    )


def test_defaults_stand_where_an_endpoint_says_nothing_and_give_way_where_it_does() -> None:
    endpoints = read(WHOLE).by_name

    assert (
        classic_keys(endpoints["credit"]).patch_url == "https://management.example/endpoints/credit"
    )
    assert (endpoints["credit"].protocol, endpoints["credit"].keep) == ("http", 7)
    assert endpoints["census"].keep == 0


def test_defaults_are_laid_under_an_endpoint_table_by_table() -> None:
    content = (
        "[defaults.smoke_test]\n"
        'score_url = "https://services.example/{endpoint}"\nrequest = "a.json"\nexpect = "`true`"\n'
        + LEAST
        + '[endpoints.census.smoke_test]\nexpect = "ok"\n'
    )

    smoke_test = read(content).by_name["census"].smoke_test

    assert smoke_test == SmokeTest("https://services.example/census", REQUEST, "ok", "a.json")


def test_an_empty_file_has_no_endpoints_and_no_faults() -> None:
    endpoints = read("")

    assert (endpoints.by_name, endpoints.training_services, endpoints.faults) == ({}, {}, ())


@pytest.mark.parametrize(
    "content",
    [
        "[endpoints.census",
        "nonsense",
        "a = 1\na = 2",
        "[a]\n[a]",
        "a = " + "9" * 5000,  # no TOMLDecodeError: a plain ValueError
        "a = " + "[" * 100_000,  # neither: a RecursionError
        "\x00",
    ],
    ids=["bracket", "words", "key twice", "table twice", "long number", "deep", "nul"],
)
def test_a_text_that_is_no_toml_is_no_endpoints_file(content: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(content)

    (fault,) = refusal.value.faults
    assert (fault.where, fault.what[:11]) == ("ENDPOINTS_FILE", "is no TOML:")


FAULTS = [
    (changed(LEAST, "patch_url", '"http://a.example"'), "patch_url", "must be an https address"),
    (changed(LEAST, "patch_url", '""'), "patch_url", "must be a text that is not empty"),
    (changed(LEAST, "patch_url", "1"), "patch_url", "must be a text that is not empty"),
    (LEAST.replace("patch_url", "# "), "patch_url", "is missing"),
    (LEAST.replace("api_key", "# "), "api_key", "is missing"),
    (
        changed(LEAST, "api_key", '"%OTHER%"'),
        "api_key",
        "names the app setting OTHER, which is not",
    ),
    (changed(LEAST, "api_key", "[1]"), "api_key", "must name an app setting"),
    (_with("protocol = 'smtp'"), "protocol", "must be one of: http, studio-classic"),
    (_with("protocol = ['http']"), "protocol", "must be a text"),
    (_with("resource = ' '"), "resource", "must be a text that is not empty"),
    (_with("models = ''"), "models", "must be a text that is not empty"),
    (_with("models = '/census/*'"), "models", "must not begin with a slash"),
    (_with("models = 'census/'"), "models", "must not end with a slash"),
    (_with("models = 'a/../b'"), "models", "must not hold . or .. between slashes"),
    (_with("models = ['a', 'b']"), "models", "must be a text"),
    (_with("auto_deploy = 'no'"), "auto_deploy", "Expected `bool`, got `str`"),
    (_with("keep = -1"), "keep", "must be 0 or more"),
    (_with("keep = 1.5"), "keep", "Expected `int`, got `float`"),
    (_with("workspace_token = 'abc'"), "workspace_token", "must name an app setting"),
    (_with("create = { colour = 'red' }"), "create", "unknown field `colour`"),
    (_with("create = { throttle_level = 'Mid' }"), "create", "throttle_level must be Low or High"),
    (_with("create = { max_concurrent_calls = 201 }"), "create", "must be 1 to 200"),
    (_with("create = { max_concurrent_calls = 0 }"), "create", "must be 1 to 200"),
    (_with("create = 'now'"), "create", "Expected `object`, got `str`"),
    (_with("colour = 'red'"), "colour", "is no key of this table"),
    (_with("smoke_test = 1"), "smoke_test", "must be a table"),
    (_with("retrain = 1"), "retrain", "must be a table"),
    (changed(WHOLE, "score_url", '"ftp://a"'), "smoke_test.score_url", "must be an https address"),
    (changed(WHOLE, "expect", '"a =="'), "smoke_test.expect", "is no JMESPath expression: look at"),
    (changed(WHOLE, "expect", '"a ! b"'), "smoke_test.expect", "look at column 3"),
    (changed(WHOLE, "expect", "true"), "smoke_test.expect", "must be a text"),
    (changed(WHOLE, "expect", f'"{"(" * 5000}"'), "smoke_test.expect", "is nested too deeply"),
    (WHOLE.replace("request = ", "req = "), "smoke_test.request", "is missing"),
    (WHOLE.replace("request = ", "req = "), "smoke_test.req", "is no key of this table"),
    (
        changed(WHOLE, "service", '"other"'),
        "retrain.service",
        "names no table of training_services",
    ),
    (changed(WHOLE, "schedule", '"daily"'), "retrain.schedule", "is no NCRONTAB schedule"),
    (changed(WHOLE, "schedule", '"0 0 3 * * 7"'), "retrain.schedule", "0 (Sunday) to 6, not 7"),
    (changed(WHOLE, "inputs.input1", '"latest.csv"'), "retrain.inputs", "must be container/blob"),
    (
        changed(WHOLE, "inputs.input1", '"training/../secrets/a.csv"'),
        "retrain.inputs",
        "must be container/blob",
    ),
    (changed(WHOLE, "inputs.input1", "1"), "retrain.inputs", "Expected `str`, got `int`"),
    (changed(WHOLE, "outputs.output2", '"Models/a"'), "retrain.outputs", "must be container/blob"),
    (
        changed(WHOLE, "outputs.output2", '"retrain-kept/{run}.ilearner"'),
        "retrain.outputs",
        "output2 must be in another container",
    ),
    (changed(WHOLE, "parameters", "{ a = [1] }"), "retrain.parameters", "got `array`"),
    (WHOLE.replace("parameters", "params"), "retrain.params", "is no key of this table"),
    (_with("x." + "x." * 5000 + "x = 1"), "", "has tables in tables in tables, too many"),
    (_with("expect = 1"), "expect", "is no key of this table"),
]


@pytest.mark.parametrize(
    ("content", "key", "what"), FAULTS, ids=[f"{n} {fault[1]}" for n, fault in enumerate(FAULTS)]
)
def test_a_fault_names_table_and_key_and_what_is_wrong(content: str, key: str, what: str) -> None:
    endpoints = read(content)

    where = f"endpoints.census.{key}".rstrip(".")
    told = [fault.what for fault in endpoints.faults if fault.where == where]
    assert any(what in said for said in told), endpoints.faults
    assert set(endpoints.by_name["census"].faults) <= set(endpoints.faults)
    assert endpoints.by_name["census"].faults


SERVICE_FAULTS = [
    (changed(WHOLE, "jobs_url", '"http://a.example"'), "jobs_url", "must be an https address"),
    (changed(WHOLE, "output", "2"), "output", "must be a text"),
    (changed(WHOLE, "timeout", '"0h"'), "timeout", "is no duration"),
    (changed(WHOLE, "timeout", "12"), "timeout", "must be a text"),
    (WHOLE + "colour = 1", "colour", "is no key of this table"),
    (WHOLE + "protocol = 'http'", "protocol", "must be one of: azureml-online, studio-classic"),
    (WHOLE.replace("%CENSUS_TRAINING_API_KEY%", "%OTHER%"), "api_key", "OTHER, which is not set"),
]


@pytest.mark.parametrize(
    ("content", "key", "what"),
    SERVICE_FAULTS,
    ids=[f"{n} {fault[1]}" for n, fault in enumerate(SERVICE_FAULTS)],
)
def test_a_faulty_training_service_is_left_out_and_its_fault_named(
    content: str, key: str, what: str
) -> None:
    endpoints = read(content)

    (fault,) = endpoints.faults
    assert fault.where == f"training_services.census.{key}"
    assert what in fault.what
    assert endpoints.training_services == {}
    assert endpoints.by_name["census"].faults == ()


WORKSPACE = """
[training_services.other]
protocol = "azureml-online"
workspace = "https://evil.example/"
datastores = {}
"""


def test_all_faults_of_a_workspace_are_named_at_once_and_stop_it_alone() -> None:
    endpoints = read(WHOLE + WORKSPACE)

    assert [fault.where for fault in endpoints.faults] == [
        "training_services.other.workspace",
        "training_services.other.datastores",
        "training_services.other.job",
    ]
    assert set(endpoints.training_services) == {"census"}
    assert endpoints.by_name["census"].faults == ()


@pytest.mark.parametrize("misspelt", ["default", "Defaults", "defauts"])
def test_misspelt_defaults_are_no_file_because_they_are_meant_for_every_endpoint(
    misspelt: str,
) -> None:
    """Read without its `auto_deploy = false`, models would go live that wait for a person."""
    with pytest.raises(SettingsError, match=misspelt):
        read(f"[{misspelt}]\nauto_deploy = false\n{LEAST}")


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("colour = 1", "colour", "is no table of this file"),
        ("[endpoint.census]", "endpoint", "is no table of this file"),
        ("defaults = 1", "defaults", "must be a table"),
        ("endpoints = []", "endpoints", "must be a table"),
        ("training_services = 'a'", "training_services", "must be a table"),
        ("[endpoints.Census]", "endpoints.Census", "is no endpoint name"),
        ("[[endpoints.census]]", "endpoints.census", "must be a table"),
        ("[training_services]\ncensus = 1", "training_services.census", "must be a table"),
    ],
)
def test_what_is_no_table_of_the_file_is_a_fault(content: str, where: str, what: str) -> None:
    faults = read(content).faults

    assert (faults[0].where, faults[0].what[: len(what)]) == (where, what)


def test_all_faults_of_a_file_are_named_at_once() -> None:
    content = WHOLE
    for key, value in {"keep": "-1", "expect": "''", "timeout": "'x'", "schedule": "'x'"}.items():
        content = changed(content, key, value)

    assert [fault.where for fault in read(content + "\n[other]\n").faults] == [
        "other",
        "training_services.census.timeout",
        "endpoints.census.retrain.schedule",
        "endpoints.census.smoke_test.expect",
        "endpoints.credit.keep",
    ]


def test_a_fault_in_one_table_leaves_the_others_alone() -> None:
    endpoints = read(changed(WHOLE, "expect", '"=="'))

    assert endpoints.by_name["census"].faults
    assert endpoints.by_name["credit"].faults == ()
    assert set(endpoints.training_services) == {"census"}


def test_a_missing_key_of_one_endpoint_leaves_the_others_alone() -> None:
    content = changed(TWO, "api_key", '"%UNKNOWN%"') + "models = 'credit/*'"

    endpoints = read(content)

    assert endpoints.by_name["credit"].faults == ()
    assert {fault.where for fault in endpoints.faults} == {
        "endpoints.census.api_key",
        "endpoints.census.models",
    }


NOT_READABLE = [
    "auto_deploy = 'no'",
    "auto_deploy = 0",
    "auto_deploy = 'false'",
    "auto_deploy = [false]",
    "auto-deploy = false",
    "auto_deply = false",
    "AutoDeploy = false",
    "x." + "x." * 5000 + "x = 1",
]


@pytest.mark.parametrize("line", NOT_READABLE, ids=lambda line: line[:20])
def test_where_auto_deploy_cannot_be_read_no_model_is_on_record_as_approved(line: str) -> None:
    """Left out it means yes; a mistake must not, or what lands meanwhile goes live unasked."""
    census = read(_with(line)).by_name["census"]

    assert census.faults
    assert not census.auto_deploy


@pytest.mark.parametrize(
    "content", ["[[endpoints.census]]\nauto_deploy = false", "endpoints.census = 1"]
)
def test_an_endpoint_that_is_no_table_approves_nothing_and_takes_nothing(content: str) -> None:
    census = read(content).by_name["census"]

    assert (census.auto_deploy, census.models) == (False, None)


def test_a_fault_of_another_key_leaves_auto_deploy_and_models_as_they_are() -> None:
    for line in ("keep = -1", "colour = 'red'", "api-key = 'x'"):
        census = read(_with(line)).by_name["census"]
        assert (bool(census.faults), census.auto_deploy, census.models) == (True, True, "**"), line


@pytest.mark.parametrize(
    "line", ["models = 5", "modles = 'a/*'", "model = 'a/*'", "Models = 'a/*'"]
)
def test_where_models_cannot_be_read_the_one_endpoint_does_not_take_every_model(line: str) -> None:
    census = read(_with(line)).by_name["census"]

    assert census.faults
    assert not census.takes("b/model.ilearner")


LITERAL = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4=="


@pytest.mark.parametrize(
    "value", [LITERAL, f"%{LITERAL}%", f"{LITERAL}%CENSUS_API_KEY%", f"%CENSUS_API_KEY%{LITERAL}"]
)
@pytest.mark.parametrize("key", ["api_key", "workspace_token"])
def test_a_literal_key_is_refused_and_not_echoed(key: str, value: str) -> None:
    endpoints = read(changed(WHOLE, key, f'"{value}"'))

    told = [fault.what for fault in endpoints.faults if fault.where == f"endpoints.census.{key}"]
    assert told == [
        (
            'must name an app setting, as in "%CENSUS_API_KEY%", or be the address of a secret in '
            "Key Vault: no key belongs here"
        ),
    ]
    assert LITERAL not in repr(endpoints)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("", "names the app setting CENSUS_API_KEY, which is not set"),
        ("  ", "names the app setting CENSUS_API_KEY, which is not set"),
        ("clé", "names the app setting CENSUS_API_KEY, which holds no key"),
        ("key\r\nHost: a.example", "names the app setting CENSUS_API_KEY, which holds no key"),
    ],
)
def test_an_app_setting_that_holds_no_key_is_named(value: str, what: str) -> None:
    endpoints = read(LEAST, environ={"CENSUS_API_KEY": value})

    assert [str(fault) for fault in endpoints.faults] == [f"endpoints.census.api_key: {what}"]


def test_blanks_around_a_key_are_no_part_of_it() -> None:
    endpoints = read(LEAST, environ={"CENSUS_API_KEY": " key-of-census\n"})

    assert classic_keys(endpoints.by_name["census"]).api_key == Secret("key-of-census")


CANARY = "canary-in-a-value"
EVERY_KEY = {line.partition(" = ")[0] for line in WHOLE.splitlines() if " = " in line}


@pytest.mark.parametrize("value", [f'"{CANARY} =="', f'["{CANARY}"]', f'{{ a = ["{CANARY}"] }}'])
@pytest.mark.parametrize("key", sorted(EVERY_KEY))
def test_no_fault_quotes_a_value(key: str, value: str) -> None:
    endpoints = read(changed(WHOLE, key, value))

    assert CANARY not in " ".join(str(fault) for fault in endpoints.faults)


def test_models_may_be_left_out_only_where_there_is_one_endpoint() -> None:
    assert [fault.where for fault in read(TWO).faults] == [
        "endpoints.census.models",
        "endpoints.credit.models",
    ]
    assert read(LEAST).faults == ()


def test_one_endpoint_without_models_takes_every_model() -> None:
    census = read(LEAST).by_name["census"]

    assert census.takes("model.ilearner")
    assert census.takes("any/depth/at/all.onnx")


RETRAINED = "[endpoints.census.retrain]\nservice = 'census'\n" + WHOLE[WHOLE.index("[training") :]


@pytest.mark.parametrize("beginning", [LEAST, TWO.replace("endpoints.credit]", "endpoints.other]")])
def test_an_endpoint_with_retrain_and_no_models_takes_no_landed_blob(beginning: str) -> None:
    """It takes its own jobs' outputs alone, and that is no fault, however many there are."""
    endpoints = read(beginning + RETRAINED)

    assert endpoints.by_name["census"].faults == ()
    assert endpoints.by_name["census"].models is None
    assert not endpoints.by_name["census"].takes("census/model.ilearner")


def test_an_endpoint_with_retrain_and_models_takes_what_matches() -> None:
    census = read(LEAST + "models = 'census/*'\n" + RETRAINED).by_name["census"]

    assert census.takes("census/model.ilearner")


@pytest.mark.parametrize("beginning", [LEAST, TWO], ids=["one endpoint", "two"])
def test_a_faulty_pattern_takes_no_model_and_is_one_fault(beginning: str) -> None:
    """Not every model either, as the one endpoint without a pattern does."""
    name = "credit" if beginning == TWO else "census"

    endpoint = read(beginning + "models = '/models/*'").by_name[name]

    assert [fault.where for fault in endpoint.faults] == [f"endpoints.{name}.models"]
    assert not endpoint.takes("models/a.ilearner")


@pytest.mark.parametrize(
    ("pattern", "name", "taken"),
    [
        ("census/**/*.ilearner", "census/model.ilearner", True),
        ("census/**/*.ilearner", "census/2026/05/model.ilearner", True),
        ("census/**/*.ilearner", "credit/model.ilearner", False),
        ("census/*.ilearner", "census/2026/model.ilearner", False),
        ("census/**", "census/a/b", True),
        ("*.ilearner", "census/model.ilearner", False),
        ("*.ilearner", "modèle #1 100%.ilearner", True),
        ("*.ilearner", "model.ILEARNER", False),
        ("v[12].ilearner", "v2.ilearner", True),
        ("latest.ilearner", "latest.ilearner", True),
    ],
)
def test_a_pattern_is_matched_against_the_whole_name(
    pattern: str, name: str, *, taken: bool
) -> None:
    assert read(_with(f"models = '{pattern}'")).by_name["census"].takes(name) == taken


def test_the_request_of_a_smoke_test_is_read_beside_the_file_as_it_stands() -> None:
    asked: list[str] = []

    def read_relative(name: str) -> bytes:
        asked.append(name)
        return b' {"a":\t1} '

    smoke_test = read(WHOLE, read_relative=read_relative).by_name["census"].smoke_test

    assert asked == ["smoke/census.json"]
    assert smoke_test is not None
    assert smoke_test.request == b' {"a":\t1} '


def _missing(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", f"/home/site/{name}")


def _faulty(_: str) -> bytes:
    raise ValueError("embedded null byte")


@pytest.mark.parametrize(
    ("read_relative", "what"),
    [
        (_missing, "cannot be read: No such file or directory"),
        (_faulty, "embedded null byte"),
        (lambda _: b"", "names a file that is no JSON"),
        (lambda _: b"{'a': 1}", "names a file that is no JSON"),
        (lambda _: b"\xff\xff\xff", "names a file that is no JSON"),
        (lambda _: b"[" * 100_000, "names a file that is no JSON"),
    ],
    ids=["missing", "no name", "empty", "no JSON", "no text", "deep"],
)
def test_a_request_that_cannot_be_sent_is_a_fault_of_its_smoke_test(
    read_relative: Callable[[str], bytes], what: str
) -> None:
    (fault,) = read(WHOLE, read_relative=read_relative).faults

    assert (fault.where, fault.what) == ("endpoints.census.smoke_test.request", what)


@pytest.mark.parametrize("name", ["a", "0", "census-2", "a-", "a" * 63])
def test_a_name_of_lower_case_letters_digits_and_hyphens_is_an_endpoints(name: str) -> None:
    assert is_endpoint_name(name)
    assert read(LEAST.replace("[endpoints.census]", f"[endpoints.{name}]")).faults == ()


@pytest.mark.parametrize(
    "name", ["", "-a", "A", "a_b", "a.b", "a/b", "a b", "é", "a" * 64, "a\n", "..", "%41"]
)
def test_any_other_name_is_refused_and_its_table_left_out(name: str) -> None:
    quoted = '"' + name.replace("\n", "\\n") + '"'

    endpoints = read(LEAST.replace("[endpoints.census]", f"[endpoints.{quoted}]"))

    assert not is_endpoint_name(name)
    assert endpoints.by_name == {}
    assert [fault.where for fault in endpoints.faults] == [f"endpoints.{name}"]
