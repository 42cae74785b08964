"""Each module of Microsoft's is given what its version takes; nothing is declared in vain."""

import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from scripts.bicep_modules import used
from tests.unit.infra.bicep import BicepFile
from tests.unit.infra.bicep_functions import Unknown
from tests.unit.infra.deployed import deployed
from tests.unit.infra.deployment import INFRA, MODULES, Deployment

FILES = sorted(INFRA.glob("*.bicep"))
EVENTS = Deployment(
    "event-subscription.bicep",
    {
        "appName": "app",
        "appGroup": "rg-app",
        "topicName": "topic",
        "accountName": "models",
        "subjectBeginsWith": "/",
        "subjectEndsWith": ".ilearner",
    },
)
MADE = [
    *deployed().made,
    *deployed(vnetEnabled=True, alertEmail="a@example.com", alwaysReadyInstances=1).made,
    *deployed(principalId="").made,
    *EVENTS.made,
]
CALLS = [one for one in MADE if one.kind.startswith("avm/")]
API_VERSIONS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Resources/resourceGroups": "2025-04-01",
    "Microsoft.Storage/storageAccounts": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-06-01",
    "Microsoft.Web/sites": "2025-03-01",
}
"""Those that Microsoft's modules of these versions use themselves."""


def _as_json(value: Any) -> Any:
    """Make plain texts of what only Azure can know."""
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return str(value) if isinstance(value, Unknown) else value


def test_every_module_has_a_version_that_is_known() -> None:
    """If this fails after a change of a version: scripts/bicep_modules.py."""
    assert {f"{path}:{version}" for path, version in used(INFRA)} == MODULES.keys()
    for file in FILES:
        named = {one.source for one in BicepFile(file).of_kind("module")}
        ours = {source for source in named if (INFRA / source).exists()}
        theirs = {source.removeprefix("br/public:") for source in named - ours}
        assert theirs <= MODULES.keys()


@pytest.mark.parametrize("source", MODULES)
def test_a_module_is_given_what_it_takes(source: str) -> None:
    taken = Draft202012Validator(MODULES[source]["takes"])
    calls = [one for one in CALLS if one.source == source]

    assert calls
    for made in calls:
        faults = [
            f"{'.'.join(map(str, error.instance_path))}: {error.message[:200]}"
            for error in taken.iter_errors(_as_json(made.values))
        ]
        assert faults == [], f"{made.file}: {made.name}"


def test_every_resource_has_an_api_version_that_is_known() -> None:
    declared = {one.source for file in FILES for one in BicepFile(file).of_kind("resource")}

    assert declared == {f"{kind}@{version}" for kind, version in API_VERSIONS.items()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_parameter_and_variable_is_used(file: Any) -> None:
    bicep = BicepFile(file)
    names = bicep.identifiers()

    for one in [*bicep.of_kind("parameter"), *bicep.of_kind("variable")]:
        assert names.count(one.name) > 1, f"{one.kind} {one.name}"


def test_each_parameter_of_a_person_is_described() -> None:
    for one in BicepFile(INFRA / "main.bicep").of_kind("parameter"):
        assert "description" in one.decorators, one.name


def test_each_file_of_the_folder_is_used() -> None:
    texts = "".join(file.read_text("utf-8") for file in [*FILES, *INFRA.glob("hooks/*")])
    loaded = {path.name for path in [*INFRA.glob("alerts/*"), *INFRA.glob("*.bicep")]}

    assert loaded - set(re.findall(r"[\w-]+\.(?:kql|bicep)", texts)) == {"main.bicep"}
