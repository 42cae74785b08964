"""azd, its parameters and its hooks speak of what there is, by the same names."""

import json
import re
from typing import Any, Final

import pytest
import yaml

from tests.unit.docs.markdown import README, ROOT, code, table
from tests.unit.infra.bicep import BicepFile, Expression, text_of
from tests.unit.infra.deployed import deployed, settings_of
from tests.unit.infra.deployment import INFRA

AZD: Final[dict[str, Any]] = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
FILE: Final = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
MAIN: Final = BicepFile(INFRA / "main.bicep")
TEXT: Final = (ROOT / "docs" / "deploy.md").read_text("utf-8")
CHOICES: Final = table(TEXT, "variable")
OF_AZD: Final = {
    "environmentName": "AZURE_ENV_NAME",
    "location": "AZURE_LOCATION",
    "principalId": "AZURE_PRINCIPAL_ID",
    "principalType": "AZURE_PRINCIPAL_TYPE",
}
"""What azd itself fills in (azure-dev, cli/azd/pkg/environment)."""

ALWAYS_THERE: Final = {"AZURE_SUBSCRIPTION_ID"}
HOOKS: Final = sorted(INFRA.glob("hooks/*"))
EXPRESSION: Final = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")


def _variables() -> dict[str, tuple[str, str | None]]:
    """The environment variable of each parameter, and the default that the file itself has."""
    found = {name: EXPRESSION.fullmatch(said["value"]) for name, said in FILE.items()}
    return {name: (one[1], one[2]) for name, one in found.items() if one is not None}


def _defaults() -> dict[str, Any]:
    parameters = {one.name: one.value for one in MAIN.of_kind("parameter")}
    plain = Expression({}, INFRA)
    return {name: node and plain.value(node) for name, node in parameters.items()}


def test_each_parameter_is_in_the_file_that_azd_reads_and_no_other() -> None:
    assert FILE.keys() == {one.name for one in MAIN.of_kind("parameter")}
    assert FILE.keys() == _variables().keys()


def test_the_variables_are_those_of_azd_and_those_of_the_table() -> None:
    told = {code(row["parameter"])[0]: code(row["variable"])[0] for row in CHOICES}

    assert {name: variable for name, (variable, _) in _variables().items()} == told | OF_AZD


def test_the_defaults_in_the_table_are_those_of_the_parameters() -> None:
    told = {code(row["parameter"])[0]: "".join(code(row["default"])) for row in CHOICES}
    defaults = {name: value for name, value in _defaults().items() if name in told}

    assert told == {
        name: json.dumps(value) if not isinstance(value, str) else value
        for name, value in defaults.items()
    }


def test_a_default_that_the_file_has_is_that_of_the_parameter() -> None:
    """Of a text azd makes what the parameter takes; one that is not there must be said so."""
    for name, (_, default) in _variables().items():
        if default is not None:
            assert default == json.dumps(_defaults()[name])
        else:
            assert isinstance(_defaults()[name], str | None)


def test_a_variable_is_called_as_the_setting_that_it_is_for() -> None:
    for name, (variable, _) in _variables().items():
        if variable in settings_of(deployed()):
            assert settings_of(deployed(**{name: "x"}))[variable] == "x"


def test_a_pipeline_takes_over_every_variable_of_the_table() -> None:
    told = sorted(code(row["variable"])[0] for row in CHOICES)

    assert AZD["pipeline"]["variables"] == told


def test_azd_finds_the_folder_the_module_and_the_app() -> None:
    infra = AZD["infra"]
    ((service, said),) = AZD["services"].items()
    (app,) = deployed().of("avm/res/web/site")

    assert (ROOT / infra["path"] / f"{infra['module']}.bicep").exists()
    assert (said["host"], said["language"]) == ("function", "python")
    assert (ROOT / said["project"] / "host.json").exists()
    assert app["tags"]["azd-service-name"] == service
    assert f"SERVICE_{service.upper()}_NAME" in deployed().outputs


def test_everything_carries_the_tag_by_which_azd_finds_it() -> None:
    for one in deployed(vnetEnabled=True).made:
        has_tags = "tags" in one.values
        assert has_tags or one.kind in {
            "Microsoft.Authorization/roleAssignments",
            "Microsoft.Storage/storageAccounts/blobServices/containers",
        }
        if has_tags:
            assert one.values["tags"]["azd-env-name"] == "production", one.name


def test_each_hook_is_there_for_every_system() -> None:
    named = set()
    for hook in AZD["hooks"].values():
        posix, windows = hook["posix"], hook["windows"]
        assert (posix["shell"], windows["shell"]) == ("sh", "pwsh")
        assert posix["run"].removesuffix(".sh") == windows["run"].removesuffix(".ps1")
        named |= {ROOT / posix["run"], ROOT / windows["run"]}

    assert named == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda file: file.name)
def test_a_hook_asks_only_for_what_azd_hands_it(hook: Any) -> None:
    """Of what is written in capitals, all that the script does not have a default for."""
    text = hook.read_text("utf-8")
    used = set(re.findall(r"\$(?:env:)?\{?([A-Z]+(?:_[A-Z]+)+)\b", text))
    with_default = {"ROLE_WAIT_SECONDS", "SUBSCRIBE_TRIES", "SUBSCRIBE_PAUSE_SECONDS"}

    assert used - with_default - ALWAYS_THERE <= deployed().outputs.keys()
    assert used & deployed().outputs.keys()


def test_both_forms_of_a_hook_ask_for_the_same() -> None:
    for script in INFRA.glob("hooks/*.sh"):
        texts = [script.read_text("utf-8"), script.with_suffix(".ps1").read_text("utf-8")]
        names = [set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)) for text in texts]
        calls = [sorted(set(re.findall(r"(?<= )--[a-z-]+", text))) for text in texts]
        assert names[0] == names[1], script.name
        assert calls[0] == calls[1], script.name


def test_each_output_is_used_by_a_hook_or_told_to_people_or_azds_own() -> None:
    texts = [file.read_text("utf-8") for file in [*HOOKS, README, ROOT / "docs" / "deploy.md"]]
    used = {name for name in deployed().outputs if any(name in text for text in texts)}

    assert deployed().outputs.keys() - used == {"AZURE_LOCATION", "AZURE_TENANT_ID"}


def test_each_value_that_people_are_told_to_ask_azd_for_is_an_output() -> None:
    asked = {
        name
        for file in [README, ROOT / "docs" / "deploy.md"]
        for name in re.findall(r"azd env get-value (\w+)", file.read_text("utf-8"))
    }

    assert asked
    assert asked <= deployed().outputs.keys()


def test_each_variable_that_people_are_told_to_set_is_one_of_the_table() -> None:
    told = {
        name
        for file in [README, ROOT / "docs" / "deploy.md"]
        for name in re.findall(r"azd env set (\w+)", file.read_text("utf-8"))
    }

    assert told
    assert told <= {code(row["variable"])[0] for row in CHOICES}


def test_everything_that_is_made_is_in_the_table_of_resources() -> None:
    told = {code(row["resource"])[0] for row in table(TEXT, "resource")}
    made = {one.kind for one in deployed(vnetEnabled=True).made}

    assert told == made | {"avm/res/event-grid/system-topic/event-subscription"}


def test_the_names_in_the_table_are_those_that_are_given() -> None:
    deployment = deployed(vnetEnabled=True)
    for row in table(TEXT, "resource"):
        names = [str(one.get("name")) for one in deployment.of(code(row["resource"])[0])]
        for said in code(row["name"]):
            stem = said.rstrip("…").replace("<environment>", "production")
            assert any(name.startswith(stem) for name in names) or said == "model-landed", said


def test_the_location_is_asked_for_as_one() -> None:
    (location,) = (one for one in MAIN.of_kind("parameter") if one.name == "location")

    assert "metadata" in location.decorators
    assert "azd: { type: 'location' }" in MAIN.text
    assert text_of(MAIN.of_kind("output")[0].value) == "location"
