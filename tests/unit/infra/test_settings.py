"""The app settings that azd makes are those that the app reads, and have no fault."""

import json
import re
from typing import Final

import pytest

from patch_endpoint.kept import CONTAINER
from settings.app_settings import read_settings
from settings.bindings import DEFAULTS
from tests.unit.docs.markdown import README, ROOT, code, section, table
from tests.unit.infra.bicep_functions import UNIQUE
from tests.unit.infra.deployed import deployed, settings_of
from tests.unit.infra.deployment import INFRA

OURS: Final = {code(row["setting"])[0] for row in table(README.read_text("utf-8"), "setting")}
SAMPLE: Final = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
NOT_ON_FLEX: Final = {"FUNCTIONS_WORKER_RUNTIME"}
OF_THE_LOG: Final = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
DIFFERENT: Final = {"BLOB_SOURCE": "EventGrid"}  # Flex Consumption polls no containers
CHOSEN: Final = {
    "MODEL_BLOBS": ("modelBlobs", "models/{name}.onnx"),
    "ENDPOINTS_FILE": ("endpointsFile", "blob:retrain-config/endpoints.toml"),
    "WATCH_SCHEDULE": ("watchSchedule", "30 * * * * *"),
    "SWEEP_SCHEDULE": ("sweepSchedule", "0 0 * * * *"),
    "SAS_LIFETIME": ("sasLifetime", "6d"),
    "SAS_RENEW_BEFORE": ("sasRenewBefore", "1h"),
}


def test_each_setting_of_the_app_is_set_and_no_other() -> None:
    """What Flex Consumption takes from the function app itself is left out, or it complains."""
    names = {name.split("__")[0] for name in settings_of(deployed())}

    assert names == OURS - NOT_ON_FLEX | OF_THE_LOG


@pytest.mark.parametrize("vnet", [False, True])
def test_the_app_finds_no_fault_in_its_settings(vnet: bool) -> None:  # noqa: FBT001 - a case
    found = read_settings(settings_of(deployed(vnetEnabled=vnet)))

    assert found.faults == ()
    assert found.model_storage is not None
    assert found.state_storage is not None
    for storage in (found.model_storage, found.state_storage):
        assert storage.managed_identity
        assert storage.client_id == f"id-{UNIQUE}:clientId"


def test_what_is_not_chosen_is_as_the_sample_says() -> None:
    settings = settings_of(deployed())
    plain = {name: value for name, value in settings.items() if name in SAMPLE}

    assert plain == {name: SAMPLE[name] for name in plain} | DIFFERENT
    assert plain.keys() >= DEFAULTS.keys() | CHOSEN.keys()


@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_chosen_reaches_the_setting_of_that_name_and_no_other(name: str) -> None:
    parameter, value = CHOSEN[name]
    before, after = settings_of(deployed()), settings_of(deployed(**{parameter: value}))

    assert {key for key in after if after[key] != before.get(key)} == {name}
    assert after[name] == value


def test_each_part_of_a_connection_is_one_that_is_documented() -> None:
    """Of `AzureWebJobsStorage` the host alone reads parts, that of its tables too."""
    text = section(README.read_text("utf-8"), "Settings")
    known = set(re.findall(r"`(?:Model|State)Storage__(\w+)`", text))
    parts = [name.split("__") for name in settings_of(deployed()) if "__" in name]

    for name, part in parts:
        assert part in known | ({"tableServiceUri"} if name == "AzureWebJobsStorage" else set())


def test_the_storage_that_the_settings_name_is_made_with_its_containers() -> None:
    deployment = deployed(trainingContainers="training,more")
    settings = settings_of(deployment)
    accounts = {
        account["name"]: {one["name"] for one in account["blobServices"]["containers"]}
        for account in deployment.of("avm/res/storage/storage-account")
    }
    host, models = (
        re.fullmatch(r"https://(\w+)\.blob\.core\.windows\.net", settings[name])
        for name in ("AzureWebJobsStorage__blobServiceUri", "ModelStorage__blobServiceUri")
    )

    assert host is not None
    assert models is not None
    assert host[1] != models[1]
    assert accounts[host[1]] >= {settings["STATE_CONTAINER"], "retrain-config"}
    assert accounts[models[1]] == {settings["MODEL_BLOBS"].split("/")[0], "training", "more"}


def test_the_container_of_kept_models_is_the_one_that_the_app_uses() -> None:
    made = {
        one["name"]
        for one in deployed().of("Microsoft.Storage/storageAccounts/blobServices/containers")
    }

    assert made == {CONTAINER, "event-grid-dead-letters"}


def test_each_key_becomes_a_reference_to_a_secret_of_its_name() -> None:
    settings = settings_of(deployed(endpointKeys="CENSUS_API_KEY,CREDIT_API_KEY"))
    vault = f"kv-{UNIQUE}:uri"

    assert settings.keys() - settings_of(deployed()).keys() == {"CENSUS_API_KEY", "CREDIT_API_KEY"}
    assert settings["CENSUS_API_KEY"] == (
        f"@Microsoft.KeyVault(SecretUri={vault}secrets/census-api-key)"
    )


def test_the_keys_that_the_readme_names_are_those_of_the_sample_of_endpoints() -> None:
    named = set(re.findall(r'"%(\w+)%"', (ROOT / "endpoints.sample.toml").read_text("utf-8")))
    told = re.search(r"azd env set ENDPOINT_KEYS (\S+)", section(README.read_text(), "Deploy"))

    assert told is not None
    assert set(told[1].split(",")) == named


def test_the_app_runs_on_the_python_that_the_tests_run_on() -> None:
    (app,) = deployed().of("avm/res/web/site")

    runtime = app["functionAppConfig"]["runtime"]
    assert runtime == {"name": "python", "version": (ROOT / ".python-version").read_text().strip()}


def test_no_key_of_any_storage_is_in_use() -> None:
    accounts = deployed().of("avm/res/storage/storage-account")

    assert len(accounts) == 2
    for account in accounts:
        assert account["allowSharedKeyAccess"] is False
        assert account["allowBlobPublicAccess"] is False
    for file in INFRA.glob("*.bicep"):
        keys = re.findall(r"list\w*\('([^']+)", file.read_text("utf-8"), re.IGNORECASE)
        assert keys == (["${app.id}/host/default"] if "subscription" in file.name else []), file


def test_models_may_land_in_storage_that_is_there_already() -> None:
    deployment = deployed(modelStorageAccountName="mine", modelStorageResourceGroup="rg-mine")
    accounts = [one["name"] for one in deployment.of("avm/res/storage/storage-account")]
    settings = settings_of(deployment)

    assert accounts == [f"sthost{UNIQUE}"]
    assert settings["ModelStorage__blobServiceUri"] == "https://mine.blob.core.windows.net"
    assert settings["ModelStorage__queueServiceUri"] == "https://mine.queue.core.windows.net"
    assert deployment.outputs["MODEL_ACCOUNT_NAME"] == "mine"
    assert deployment.outputs["MODEL_ACCOUNT_GROUP"] == "rg-mine"


def test_no_name_is_longer_than_azure_takes() -> None:
    """The host's id is the app's first 32 letters: two apps with those in common would collide."""
    names = {
        kind: deployed().of(kind)[0]["name"]
        for kind in (
            "avm/res/web/site",
            "avm/res/key-vault/vault",
            "avm/res/storage/storage-account",
        )
    }

    assert len(names["avm/res/web/site"]) <= 32
    for kind in ("avm/res/key-vault/vault", "avm/res/storage/storage-account"):
        assert len(names[kind]) <= 24
