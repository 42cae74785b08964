"""Who may do what: as the table in docs/deploy.md says, by the ids that Azure gives its roles."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tests.unit.docs.markdown import ROOT, table
from tests.unit.infra.bicep_functions import UNIQUE
from tests.unit.infra.deployed import PERSON, deployed
from tests.unit.infra.deployment import INFRA, Made

TEXT: Final = (ROOT / "docs" / "deploy.md").read_text("utf-8")
ROLES: Final = {
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Blob Delegator": "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
"""As Microsoft's own modules name them (bicep-registry-modules, `builtInRoleNames`)."""

NAMES: Final = {id_: name for name, id_ in ROLES.items()}
WHO: Final = {
    f"id-{UNIQUE}:principalId": "the app",
    f"evgt-{UNIQUE}:systemAssignedMIPrincipalId": "the topic",
    PERSON: "who deploys",
}
CONTAINERS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/"
WHERE: Final = {
    f"sthost{UNIQUE}": "`sthost…`",
    f"kv-{UNIQUE}": "`kv-…`",
    f"appi-{UNIQUE}": "`appi-…`",
    "retrain-config": "`retrain-config`",
    f"Microsoft.Storage/storageAccounts/stmodels{UNIQUE}": "the models' account",
    f"{CONTAINERS}experimentoutput": "the container of the models",
    f"{CONTAINERS}training": "each container of training data",
    f"{CONTAINERS}retrain-kept": "`retrain-kept`",
    f"{CONTAINERS}event-grid-dead-letters": "`event-grid-dead-letters`",
}

type Grant = tuple[str, str, str]


def _grants(**parameters: Any) -> list[Grant]:
    """Who gets which role on what, in the words of the table."""
    found = [grant for one in deployed(**parameters).made for grant in _given_by(one)]
    return [(WHO[str(who)], NAMES[role], WHERE[str(where)]) for who, role, where in found]


def _given_by(made: Made) -> Iterator[Grant]:
    """The roles that something made gives: by itself, of itself, or of its containers."""
    values = made.values
    if made.kind == "Microsoft.Authorization/roleAssignments":
        said = values["properties"]
        role = said["roleDefinitionId"].rpartition("/")[2]
        yield said["principalId"], role, values["scope"]["id"]
    of_blobs = values.get("blobServices", {})
    for place in [values, *of_blobs.get("containers", [])]:
        for said in place.get("roleAssignments", []):
            yield said["principalId"], said["roleDefinitionIdOrName"], place["name"]


def test_each_role_has_the_id_that_azure_gives_it() -> None:
    said = json.loads((INFRA / "roles.json").read_text("utf-8"))
    by_key = {"".join([name[0].lower(), *name[1:].split()]): id_ for name, id_ in ROLES.items()}

    assert said == by_key


def test_the_roles_that_are_given_are_those_of_the_table() -> None:
    told = [(row["who"], row["role"], row["on"]) for row in table(TEXT, "who")]

    assert Counter(_grants()) == Counter(told)


def test_with_nobody_named_who_deploys_only_the_app_and_the_topic_get_roles() -> None:
    assert {who for who, _, _ in _grants(principalId="")} == {"the app", "the topic"}


def test_a_pipeline_gets_the_roles_of_a_person_as_a_service_principal() -> None:
    deployment = deployed(principalType="ServicePrincipal")
    kinds = {
        one.values["properties"]["principalType"]
        for one in deployment.made
        if one.kind == "Microsoft.Authorization/roleAssignments"
    }

    assert kinds == {"ServicePrincipal"}


def test_two_assignments_never_have_one_name() -> None:
    names = [
        one["name"]
        for one in deployed(trainingContainers="training,more").of(
            "Microsoft.Authorization/roleAssignments"
        )
    ]

    assert len(set(names)) == len(names)
