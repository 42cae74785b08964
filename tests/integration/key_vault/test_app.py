"""An app whose keys are in Key Vault: rotated, missing, late, and never told."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from local_stack.key_vault import KeyVault
from state.endpoints_source import LOOK_AGAIN_AFTER
from tests.integration.app.app_process import land_in_a_process
from tests.integration.app.conftest import MakeApp
from tests.integration.app.endpoints_toml import endpoints_toml
from tests.integration.app.running_app import QUICK, RunningApp, app_settings
from tests.integration.key_vault.keyed_endpoint import KeyedEndpoint, keyed_endpoint
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.retraining.retraining_app import TRAINING, RetrainingApp

FLEET = 400
CLIENT_ID = "6f0d0c4a-1b70-4b53-9b2b-5f9f1a6e8a0c"  # made up
KEY = "k3y-0f-the-3ndpoint"


@pytest.fixture
def make_app(
    azurite: Azurite, container_name: str, tmp_path: Path, tokens: MsiTokens, clock: DrivenClock
) -> MakeApp:
    def make(endpoints: Mapping[str, Mapping[str, object]], **more: Any) -> RunningApp:
        settings = {"keys": {"KEY": KEY}, "now": clock, "identity": tokens, **more}
        return RunningApp(azurite, container_name, tmp_path, endpoints, **settings)

    return make


def _table(server: KeyedEndpoint, api_key: str, models: str = "**") -> dict[str, object]:
    return {"patch_url": server.url, "api_key": api_key, "resource": "R", "models": models}


def _trouble(desired: Mapping[str, str]) -> tuple[str, str]:
    """State and code."""
    return desired["state"], desired["error"].partition(":")[0]


def test_a_key_of_key_vault_is_read_once_for_all_models(make_app: MakeApp, vault: KeyVault) -> None:
    with keyed_endpoint(KEY) as server:
        app = make_app({"digits": _table(server, vault.put("digits", KEY))})
        app.land("a.ilearner")
        app.land("b.ilearner", b"another")

    assert app.desired()["state"] == "patched"
    assert server.calls == [("PATCH", 200)] * 2
    assert vault.reads == ["/secrets/digits"]


def test_a_key_that_is_rotated_is_taken_without_a_restart(
    make_app: MakeApp, vault: KeyVault, clock: DrivenClock
) -> None:
    with keyed_endpoint(KEY) as server:
        app = make_app({"digits": _table(server, vault.put("digits", KEY))})
        app.land("a.ilearner")
        server.key = "n3w-k3y"
        vault.put("digits", "n3w-k3y")
        app.land("b.ilearner", b"another")
        between = app.desired()
        clock.advance(seconds=31)
        app.tick()

    assert _trouble(between) == ("pending", "key_rotated")
    assert app.desired()["state"] == "patched"
    assert [status for method, status in server.calls if method == "PATCH"] == [200, 401, 200]


def test_a_secret_that_is_missing_holds_its_endpoint_alone_until_it_is_there(
    make_app: MakeApp, vault: KeyVault, clock: DrivenClock
) -> None:
    """Invariant 10, and 2: the model is recorded and goes on by itself."""
    with keyed_endpoint(KEY) as server:
        missing = f"{vault.url}/secrets/digits"
        app = make_app(
            {"digits": _table(server, missing), "other": _table(server, "%KEY%")},
        )
        app.land("a.ilearner")
        held, other = app.desired("digits"), app.desired("other")
        vault.put("digits", KEY)
        clock.advance(seconds=31)
        app.tick()

    assert _trouble(held) == ("pending", "key_missing")
    assert missing in held["error"]
    assert other["state"] == "patched"
    assert app.desired("digits")["state"] == "patched"


def test_a_vault_that_hangs_delays_its_own_endpoints_alone(
    make_app: MakeApp, vault: KeyVault, clock: DrivenClock
) -> None:
    with keyed_endpoint(KEY) as server:
        app = make_app(
            {
                "digits": _table(server, vault.put("digits", KEY)),
                "other": _table(server, "%KEY%"),
            },
            limit=QUICK,
        )
        vault.answering.clear()
        app.land("a.ilearner")
        app.land("b.ilearner", b"another")
        asked = list(vault.reads)
        held, other = app.desired("digits"), app.desired("other")
        vault.answering.set()
        clock.advance(minutes=1)
        app.tick()

    assert _trouble(held) == ("pending", "vault_unavailable")
    assert (other["state"], other["model"]["name"]) == ("patched", "b.ilearner")
    assert asked == ["/secrets/digits"], "a vault known to be silent was waited for again"
    assert app.desired("digits")["state"] == "patched"
    assert app.desired("digits")["model"]["name"] == "b.ilearner"


def test_an_answer_that_repeats_a_key_is_masked_also_where_it_was_rotated(
    make_app: MakeApp, vault: KeyVault, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 6."""
    caplog.set_level(logging.DEBUG)
    with keyed_endpoint("an0ther-k3y") as server:
        server.echoes = True
        app = make_app({"digits": _table(server, vault.put("digits", KEY))})
        app.land("a.ilearner")

    desired = app.desired()
    assert desired["state"] == "refused"
    assert desired["error"] == "http_401: no: <SECRET>"
    assert KEY not in json.dumps(app.document())
    assert KEY not in caplog.text
    assert "key.read_again" in caplog.text


def test_a_job_and_the_adding_of_an_endpoint_take_their_keys_from_key_vault(
    retraining_app: RetrainingApp, vault: KeyVault
) -> None:
    app = retraining_app
    app.configure(keys='workspace_token = "%WORKSPACE_TOKEN%"')
    vault.put("endpoint", app.service.key("digits"))
    vault.put("training", app.service.key(TRAINING))
    vault.put("workspace", app.service.studio.workspace_token)

    begun, added = app.retrain(), app.create()
    app.tick()
    app.tick()

    assert (begun.status_code, added.status_code) == (202, 200)
    assert app.record().serving is not None
    read = ["/secrets/endpoint", "/secrets/training", "/secrets/workspace"]
    assert sorted(vault.reads) == read


def test_a_deployed_app_reads_it_by_its_own_identity(
    azurite_oauth: Azurite,
    identity: ManagedIdentity,
    vault: KeyVault,
    container_name: str,
    tmp_path: Path,
) -> None:
    """In a process of its own, by azure-identity, with the identity that storage is reached by."""
    before = len(identity.requests_received)
    with keyed_endpoint(KEY) as server:
        endpoints = {"digits": _table(server, vault.put("digits", KEY))}
        environ = app_settings(azurite_oauth, container_name, tmp_path, endpoints)
        with BlobServiceClient.from_connection_string(
            azurite_oauth.connection_string, connection_verify=str(azurite_oauth.ca_file)
        ) as storage:
            storage.create_container(container_name).upload_blob("a.ilearner", b"model")
        environ |= {"ModelStorage__clientId": CLIENT_ID, **identity.environ}
        ended = land_in_a_process(environ, "a.ilearner")

    assert [one["desired"]["state"] for one in ended.documents] == ["patched"]
    assert server.calls == [("PATCH", 200)]
    assert KEY not in ended.log
    asked = [(one.resource, one.client_id) for one in identity.requests_received[before:]]
    assert [one for one in asked if "vault" in one[0]] == [("https://vault.azure.net", CLIENT_ID)]


def test_a_fleet_in_a_blob_with_its_keys_in_key_vault_is_edited_without_a_deployment(
    make_app: MakeApp, vault: KeyVault, clock: DrivenClock, container_name: str
) -> None:
    """Hundreds of endpoints: a landing reads the keys of those that it is for, and no other."""
    names = [f"e{number:03}" for number in range(FLEET)]
    with keyed_endpoint(KEY) as server:
        tables = {
            name: _table(server, vault.put(name, KEY), f"{name}/*")
            for name in (*names, "late", "digits")
        }
        late = tables.pop("late")
        app = make_app(tables)
        app.environ["ENDPOINTS_FILE"] = f"blob:{container_name}/config/endpoints.toml"
        app.put("config/endpoints.toml", endpoints_toml(tables).encode())
        app.restart()
        for name in (names[0], names[-1], "late"):
            app.land(f"{name}/a.ilearner")
        listed = app.app.engine.endpoints.current().by_name
        app.put("config/endpoints.toml", endpoints_toml({**tables, "late": late}).encode())
        clock.advance(seconds=LOOK_AGAIN_AFTER.total_seconds())
        app.land("late/a.ilearner")

    assert len(listed) == FLEET + 1
    assert [app.desired(one)["state"] for one in (names[0], names[-1], "late")] == ["patched"] * 3
    assert vault.reads == [f"/secrets/{one}" for one in (names[0], names[-1], "late")]
