"""The keys of a managed online endpoint: what they say, and every fault by name."""

import re
from datetime import timedelta

import pytest

from protocols.azureml_online.keys import AzuremlKeys, DeploymentKeys, azureml_keys
from protocols.table import PROTOCOLS
from settings.endpoints_file import Endpoints, parse_endpoints
from tests.unit.docs.markdown import ROOT, blocks, code, section, table
from tests.unit.settings.endpoints_text import REQUEST, changed

PAGE = (ROOT / "docs" / "protocols.md").read_text("utf-8")
ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"

LEAST = f"""
[endpoints.census]
protocol = "azureml-online"
workspace = "https://management.azure.com{ID}"
datastores = {{ models = "redeployer_models" }}

[endpoints.census.deployment]
instance_type = "Standard_DS3_v2"
environment = "azureml:sklearn:3"
"""

WHOLE = f"""
[defaults]
protocol = "azureml-online"
workspace = "https://management.azure.com{ID}/"
online_endpoint = "{{endpoint}}-prod"
model_name = "{{endpoint}}.model"
model_type = "mlflow_model"
model_is_folder = false
datastores = {{ models = "redeployer_models", retrain-kept = "redeployer_kept" }}
traffic_steps = [10, 50, 100]
step_after = "20m"
rollback_window = "2d"
creation_limit = "1h"

[endpoints.census.deployment]
instance_type = "Standard_DS3_v2"
instance_count = 3
environment = "azureml://registries/azureml/environments/sklearn-1.5/versions/7"
code = "azureml:score:1"
scoring_script = "src/score.py"
environment_variables = {{ WORKERS = "2" }}
properties = {{ requestSettings = {{ requestTimeout = "PT5S" }}, appInsightsEnabled = true }}
"""


def read(content: str) -> Endpoints:
    keys = {name: kind.read_keys for name, kind in PROTOCOLS.items()}
    return parse_endpoints(
        content,
        environ={},
        read_relative=lambda _: REQUEST,
        protocols=keys,
        trainings={},
    )


def keys_of(content: str) -> AzuremlKeys:
    endpoints = read(content)
    assert endpoints.faults == ()
    return azureml_keys(endpoints.by_name["census"])


def test_every_key_is_read() -> None:
    keys = keys_of(WHOLE)

    assert keys.workspace.url == f"https://management.azure.com{ID}"
    assert (keys.online_endpoint, keys.model_name) == ("census-prod", "census.model")
    assert (keys.model_type, keys.model_is_folder) == ("mlflow_model", False)
    assert keys.datastores == {"models": "redeployer_models", "retrain-kept": "redeployer_kept"}
    assert keys.traffic_steps == (10, 50, 100)
    assert keys.step_after == timedelta(minutes=20)
    assert keys.rollback_window == timedelta(days=2)
    assert keys.creation_limit == timedelta(hours=1)
    assert keys.deployment == DeploymentKeys(
        instance_type="Standard_DS3_v2",
        instance_count=3,
        environment="azureml://registries/azureml/environments/sklearn-1.5/versions/7",
        code=f"{ID}/codes/score/versions/1",
        scoring_script="src/score.py",
        environment_variables={"WORKERS": "2"},
        properties={"requestSettings": {"requestTimeout": "PT5S"}, "appInsightsEnabled": True},
    )


def test_the_least_that_can_be_said_has_the_defaults() -> None:
    keys = keys_of(LEAST)

    assert (keys.online_endpoint, keys.model_name) == ("census", "census")
    assert (keys.model_type, keys.model_is_folder) == ("custom_model", False)
    assert (keys.traffic_steps, keys.step_after) == ((100,), timedelta(minutes=10))
    assert (keys.rollback_window, keys.creation_limit) == (timedelta(days=1), timedelta(hours=2))
    assert keys.deployment == DeploymentKeys(
        instance_type="Standard_DS3_v2", environment=f"{ID}/environments/sklearn/versions/3"
    )


@pytest.mark.parametrize("kind", ["mlflow_model", "triton_model"])
def test_a_model_that_is_a_folder_by_its_type_needs_no_environment(kind: str) -> None:
    keys = keys_of(
        changed(LEAST, "protocol", f'"azureml-online"\nmodel_type = "{kind}"').replace(
            "environment", "# "
        )
    )

    assert (keys.model_is_folder, keys.deployment.environment) == (True, None)


def _first(line: str) -> str:
    return LEAST.replace("datastores", f"{line}\ndatastores")


FAULTS = [
    (changed(LEAST, "workspace", "1"), "workspace", "must be a text"),
    (changed(LEAST, "workspace", '"https://a.example/"'), "workspace", "must be at one of"),
    (LEAST.replace("workspace", "# "), "workspace", "is missing"),
    (_first("online_endpoint = 'a_b'"), "online_endpoint", "must be 3 to 32 letters"),
    (_first("online_endpoint = 'a--b'"), "online_endpoint", "single hyphens"),
    (_first("model_name = 'a/b'"), "model_name", "must be letters, digits"),
    (_first("model_type = 'pickle'"), "model_type", "must be one of: custom_model, mlflow"),
    (_first("model_is_folder = 1"), "model_is_folder", "Expected `bool`"),
    (LEAST.replace("datastores", "# "), "datastores", "is missing"),
    (changed(LEAST, "datastores", "{}"), "datastores", "must have the datastore of"),
    (changed(LEAST, "datastores", '{ A = "b" }'), "datastores", "A is no name of a container"),
    (changed(LEAST, "datastores", '{ models = "b-c" }'), "datastores", "models must have a"),
    (changed(LEAST, "datastores", "{ models = 1 }"), "datastores", "got `int`"),
    (_first("traffic_steps = []"), "traffic_steps", "must be whole percents"),
    (_first("traffic_steps = [10]"), "traffic_steps", "must be whole percents"),
    (_first("traffic_steps = [0, 100]"), "traffic_steps", "must be whole percents"),
    (_first("traffic_steps = [50, 10, 100]"), "traffic_steps", "must be whole percents"),
    (_first("traffic_steps = [10, 100, 110]"), "traffic_steps", "must be whole percents"),
    (_first("traffic_steps = [10.5, 100]"), "traffic_steps", "Expected `int`"),
    (_first("step_after = '10'"), "step_after", "is no duration"),
    (_first("rollback_window = 1"), "rollback_window", "must be a text"),
    (_first("creation_limit = 'soon'"), "creation_limit", "is no duration"),
    (_first("api_key = 'a'"), "api_key", "is no key of this table"),
    (LEAST.partition("[endpoints.census.deployment]")[0], "deployment", "is missing: a table"),
    (LEAST.replace("instance_type", "# "), "deployment.instance_type", "is missing"),
    (LEAST.replace("environment", "# "), "deployment.environment", "a custom_model needs one"),
    (changed(LEAST, "environment", '"sklearn"'), "deployment.environment", "must be"),
    (changed(LEAST, "environment", '"azureml:a@latest"'), "deployment.environment", "must be"),
    (f"{LEAST}instance_count = 0", "deployment.instance_count", "must be 1 to 50"),
    (f"{LEAST}instance_count = '2'", "deployment.instance_count", "Expected `int`"),
    (f"{LEAST}code = 'azureml:c:1'", "deployment.scoring_script", "and code go together"),
    (f"{LEAST}scoring_script = 's.py'", "deployment.scoring_script", "and code go together"),
    (f"{LEAST}code = 'c'\nscoring_script = '/s.py'", "deployment.code", "must be"),
    (f"{LEAST}code = 'c'\nscoring_script = '/s.py'", "deployment.scoring_script", "must be a path"),
    (f"{LEAST}environment_variables = {{ A = 1 }}", "deployment.environment_variables", "got `int"),
    (f"{LEAST}properties = {{ model = 'a' }}", "deployment.properties", "must not hold model"),
    (f"{LEAST}colour = 1", "deployment.colour", "is no key of this table"),
]


@pytest.mark.parametrize(
    ("content", "key", "what"), FAULTS, ids=[f"{n} {fault[1]}" for n, fault in enumerate(FAULTS)]
)
def test_a_fault_names_table_and_key_and_what_is_wrong(content: str, key: str, what: str) -> None:
    faults = read(content).faults

    told = [one.what for one in faults if one.where == f"endpoints.census.{key}"]
    assert any(what in said for said in told), faults


def test_a_name_that_no_online_endpoint_can_have_does_not_stand_for_one() -> None:
    (fault,) = read(LEAST.replace("census", "7")).faults

    assert fault.where == "endpoints.7.online_endpoint"
    assert fault.what.startswith("is missing, and 7 cannot stand for it: must be 3 to 32 letters")


def test_all_faults_are_told_at_once() -> None:
    content = LEAST.replace("instance_type", "size").replace("redeployer_models", "a b")

    where = {one.where.removeprefix("endpoints.census.") for one in read(content).faults}

    assert where == {"datastores", "deployment.instance_type", "deployment.size"}


def _keys_of_table(heading: str) -> dict[str, dict[str, str]]:
    return {code(row["key"])[0]: row for row in table(section(PAGE, heading), "key")}


@pytest.mark.parametrize(
    ("heading", "struct", "required"),
    [
        (
            "`[endpoints.<name>]` of `azureml-online`",
            AzuremlKeys,
            {"workspace", "datastores", "deployment"},
        ),
        ("`[endpoints.<name>.deployment]`", DeploymentKeys, {"instance_type"}),
    ],
)
def test_the_page_names_every_key_and_which_must_be_there(
    heading: str, struct: type[AzuremlKeys | DeploymentKeys], required: set[str]
) -> None:
    said = _keys_of_table(heading)
    missing = {one.where for one in read("[endpoints.census]\nprotocol = 'azureml-online'").faults}
    missing |= {one.where for one in read(f"{LEAST.partition('instance_type')[0]}").faults}

    assert set(said) == set(struct.__struct_fields__)
    assert {key for key, row in said.items() if row["default"] == "required"} == required
    where = "endpoints.census" if struct is AzuremlKeys else "endpoints.census.deployment"
    assert {f"{where}.{key}" for key in required} <= missing


def test_the_example_on_the_page_has_no_fault() -> None:
    (example,) = [one for one in blocks(PAGE, "toml") if "deployment]" in one]

    assert keys_of(re.sub("<([a-z]+)>", r"\1", example)).traffic_steps == (10, 100)
