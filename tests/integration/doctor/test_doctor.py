"""The doctor finds each fault that is planted, says how to mend it, and changes nothing."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import override

import pytest
from azure.storage.queue import QueueClient

from doctor.finding import Finding
from doctor.queues import POISON
from retrain_trigger.landed import model_landed
from tests.chaos.storage.faulty_storage import Call, Fault, faulty_storage
from tests.fakes.nobody import NOBODY, NOBODYS_PORT
from tests.integration.doctor.examined_app import ENDPOINTS, ExaminedApp
from tests.integration.key_vault.keyed_endpoint import keyed_endpoint
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.protocols.model_server import KEY, ModelServer, Received, Reply
from tests.integration.retraining.workspace_app import workspace_plane


def _faults(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.state == "fault"]


def test_a_healthy_set_up_is_found_healthy(app: ExaminedApp) -> None:
    findings = app.findings()

    assert _faults(findings) == []
    assert [one for one in findings if one.state == "skipped"] == []
    areas = {one.area for one in findings if one.state == "ok"}
    assert areas == {
        "prerequisites",
        "settings",
        "storage",
        "queues",
        "endpoints",
        "training services",
        "timers",
        "deployments",
    }


def test_it_changes_nothing(app: ExaminedApp) -> None:
    def everything() -> dict[str, object]:
        with app.blobs() as blobs:
            return {
                f"{container.name}/{blob.name}": blob.etag
                for container in blobs.list_containers(name_starts_with=app.container)
                for blob in blobs.get_container_client(container.name).list_blobs()
            }

    before, asked = everything(), len(app.service.requests)
    with app.blobs() as blobs:
        containers = {one.name for one in blobs.list_containers()}
        app.findings()
        assert {one.name for one in blobs.list_containers()} == containers

    assert everything() == before
    methods = {(one.method, one.path.rpartition("/")[2]) for one in app.service.requests[asked:]}
    assert {method for method, _ in methods} == {"GET", "POST"}
    assert {path for method, path in methods if method == "POST"} == {"execute"}


type Plant = Callable[[ExaminedApp], None]


def _set(**settings: str) -> Plant:
    return lambda app: app.environ.update(settings)


def _unset(name: str) -> Plant:
    return lambda app: app.environ.__delitem__(name)


def _written(old: str, new: str) -> Plant:
    """Something else in the endpoints file."""
    assert old in ENDPOINTS
    return lambda app: app.write(ENDPOINTS.replace(old, new))


def _old_python(app: ExaminedApp) -> None:
    app.python = (3, 11)


def _no_package(app: ExaminedApp) -> None:
    with (app.folder / "requirements.txt").open("a") as lock:
        lock.write("a-package-that-nobody-has==1.0\n")


def _broken_host_json(app: ExaminedApp) -> None:
    (app.folder / "host.json").write_text('{"version": ')


def _no_bundle(app: ExaminedApp) -> None:
    (app.folder / "host.json").write_text('{"version": "2.0"}')


def _wrong_account_key(app: ExaminedApp) -> None:
    wrong = app.azurite.connection_string.replace(app.azurite.account_key, "d3Jvbmcta2V5")
    app.environ["ModelStorage"] = wrong


def _storage_away(app: ExaminedApp) -> None:
    port = app.azurite.account.blob_port
    away = app.azurite.connection_string.replace(f":{port}/", f":{NOBODYS_PORT}/")
    app.environ["StateStorage"] = away


def _queues_away(app: ExaminedApp) -> None:
    port = app.azurite.account.queue_port
    away = app.azurite.connection_string.replace(f":{port}/", f":{NOBODYS_PORT}/")
    app.environ["ModelStorage"] = away


def _no_file(app: ExaminedApp) -> None:
    (app.folder / "endpoints.toml").unlink()


def _wrong_key(app: ExaminedApp) -> None:
    app.vault.put("digits", "another-endpoints-key")


def _no_secret(app: ExaminedApp) -> None:
    app.write(ENDPOINTS.replace("secrets/digits", "secrets/digit"))


def _no_vault_role(app: ExaminedApp) -> None:
    app.vault.lets_in = False


def _no_request(app: ExaminedApp) -> None:
    (app.folder / "digits.json").unlink()


def _silent_timers(app: ExaminedApp) -> None:
    app.now = lambda: datetime.now(UTC) + timedelta(minutes=4)


def _no_tick(app: ExaminedApp) -> None:
    with app.blobs() as blobs:
        blobs.get_blob_client(f"{app.container}-state", "heartbeats/sweep.json").delete_blob()


def _unrenewed_token(app: ExaminedApp) -> None:
    with app.blobs() as blobs:
        blob = blobs.get_blob_client(f"{app.container}-state", "endpoints/digits.json")
        now = datetime.now(UTC)
        late_at, expires_at = now.isoformat(), (now + timedelta(hours=1)).isoformat()
        metadata = {"state": "live", "late_at": late_at, "token_expires_at": expires_at}
        blob.upload_blob(b"{}", metadata=metadata)


PLANTED: dict[str, tuple[Plant, str, str]] = {
    "an old Python": (_old_python, "Python", "3.11"),
    "a missing package": (_no_package, "requirements.txt", "a-package-that-nobody-has"),
    "a host.json that is no JSON": (_broken_host_json, "host.json", "no JSON"),
    "no extension bundle": (_no_bundle, "host.json", "extensionBundle"),
    "a missing connection": (_unset("ModelStorage"), "ModelStorage", "is not set"),
    "a host without storage": (
        lambda app: app.environ.update(
            StateStorage=app.environ.pop("AzureWebJobsStorage"),
        ),
        "AzureWebJobsStorage",
        "cannot start",
    ),
    "a schedule that is none": (_set(WATCH_SCHEDULE="hourly"), "WATCH_SCHEDULE", ""),
    "another language": (_set(FUNCTIONS_WORKER_RUNTIME="node"), "FUNCTIONS_WORKER_RUNTIME", ""),
    "a reference that was not resolved": (
        _set(OTHER_KEY="@Microsoft.KeyVault(SecretUri=https://a.vault.azure.net/secrets/b)"),
        "OTHER_KEY",
        "resolved",
    ),
    "a wrong account key": (_wrong_account_key, "ModelStorage: .*", "403"),
    "a storage that is away": (_storage_away, "StateStorage: read .*", "failed"),
    "queues that are away": (_queues_away, f"ModelStorage: {POISON}", "queues"),
    "no endpoints file": (_no_file, "ENDPOINTS_FILE", "not there"),
    "an endpoints file that is no TOML": (
        _written("[endpoints.digits]", "[endpoints.digits"),
        "ENDPOINTS_FILE",
        "TOML",
    ),
    "a misspelt key": (_written("resource =", "resorce ="), "endpoints.digits.resorce", "no key"),
    "a literal key": (
        _written("{vault}/secrets/digits", "c2VjcmV0"),
        "endpoints.digits.api_key",
        "must name",
    ),
    "a request that is not there": (_no_request, "endpoints.digits.smoke_test.request", "read"),
    "an endpoint that is away": (
        _written("{patch_url}", f"{NOBODY}/endpoints/digits"),
        "endpoints.digits.patch_url",
        "no_answer",
    ),
    "an address of nothing": (
        _written("{patch_url}", "{patch_url}-of-nobody"),
        "endpoints.digits.patch_url",
        "http_404",
    ),
    "a wrong key": (_wrong_key, "endpoints.digits.patch_url", "http_401"),
    "a secret that is missing": (_no_secret, "endpoints.digits.patch_url", "key_missing"),
    "no role at the vault": (_no_vault_role, "endpoints.digits.patch_url", "vault_forbidden"),
    "a resource that is not there": (
        _written("Digits Model", "Digit Model"),
        "endpoints.digits.resource",
        "Digits Model",
    ),
    "a smoke test that cannot be read": (
        _written("Values[0] != null", "Values[0] > to_number(`[]`) | abs(@)"),
        "digits: smoke_test",
        "smoke_test_unreadable",
    ),
    "a training service that is away": (
        _written("{jobs_url}", f"{NOBODY}/jobs"),
        "training_services.digits.jobs_url",
        "no_answer",
    ),
    "a training service's wrong key": (
        _set(TRAINING_KEY="n0-key-0f-anybody"),
        "training_services.digits.api_key",
        "http_401",
    ),
    "a timer that is silent": (_silent_timers, "watch", "ago"),
    "a timer that never ticked": (_no_tick, "sweep", "never"),
    "a token that was not renewed": (_unrenewed_token, "digits", "expires at"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_no_other(app: ExaminedApp, name: str) -> None:
    plant, where, what = PLANTED[name]
    plant(app)

    faults = _faults(app.findings())

    assert faults
    for one in faults:
        assert re.fullmatch(where, one.where), one
        assert what in one.what, one
        assert one.fix


@pytest.mark.parametrize(
    ("prefix", "refused"),
    [("PUT ", "write"), ("DELETE ", "write"), ("HEAD ", "read"), ("GET list ", "read")],
)
def test_a_right_that_is_missing_is_found_by_trying(
    app: ExaminedApp, prefix: str, refused: str
) -> None:
    """Storage judges the right before the condition, so a trial that changes nothing will do."""

    def plan(call: Call) -> Fault | None:
        is_trial = "doctor" in call.what or call.what.startswith("GET list doctor")
        return Fault(403) if call.what.startswith(prefix) and is_trial else None

    with faulty_storage(app.azurite, plan) as storage:
        app.environ["StateStorage"] = storage.connection_string
        faults = _faults(app.findings())

    assert [one.where for one in faults] == [f"StateStorage: {refused} {app.container}-state"]


def test_landings_that_were_given_up_are_counted(app: ExaminedApp) -> None:
    with QueueClient.from_connection_string(app.azurite.connection_string, POISON) as queue:
        queue.create_queue()
        queue.send_message("{}")
        found = [one for one in app.findings() if one.area == "queues"]
        queue.delete_queue()

    assert [(one.state, one.what) for one in found] == [
        ("warning", "1 landings were given up after five tries")
    ]


def test_a_model_that_was_refused_waits_for_a_person(app: ExaminedApp) -> None:
    with app.blobs() as blobs:
        blobs.get_blob_client(app.container, "bad.ilearner").upload_blob(b"")
    app.write(ENDPOINTS.replace("resource =", 'models = "**"\nresource ='))
    model_landed(app.app().engine, "bad.ilearner")

    found = [one for one in app.findings() if one.area == "deployments"]

    assert [(one.where, one.state) for one in found] == [("digits", "warning")]
    assert "empty_model" in found[0].what


@pytest.mark.parametrize(
    ("name", "meant"), [("MODEL_BLOB", "MODEL_BLOBS"), ("StateStorrage", "StateStorage")]
)
def test_a_setting_that_nobody_reads_is_told_by_its_likeness(
    app: ExaminedApp, name: str, meant: str
) -> None:
    app.environ[name] = "x"

    found = [one for one in app.findings() if one.where == name]

    assert [one.state for one in found] == ["warning"]
    assert meant in found[0].what


def test_a_container_of_no_models_is_told_and_is_no_fault(app: ExaminedApp) -> None:
    app.environ["MODEL_BLOBS"] = f"{app.container}x/{{name}}.ilearner"
    app.write(ENDPOINTS.replace("outputs.output2", "# outputs.output2"))

    findings = app.findings()

    assert _faults(findings) == []
    assert [one.where for one in findings if one.state == "warning" and one.area == "storage"] == [
        f"ModelStorage: {app.container}x"
    ]


def test_no_secret_is_told_whatever_is_wrong(app: ExaminedApp) -> None:
    secrets = [
        app.azurite.account_key,
        app.service.key("digits"),
        app.environ["TRAINING_KEY"],
        "another-endpoints-key",
    ]
    for plant in (_wrong_key, _wrong_account_key, _silent_timers):
        plant(app)

    told = json.dumps([[one.where, one.what, one.fix] for one in app.findings()])

    assert [secret for secret in secrets if secret in told] == []
    assert not re.search(r"sig=(?!<SECRET>)", told)


def test_what_depends_on_wrong_settings_is_not_looked_at(app: ExaminedApp) -> None:
    del app.environ["ModelStorage"]

    skipped = [one.area for one in app.findings() if one.state == "skipped"]

    assert skipped == ["storage", "endpoints", "timers"]


# Braces that are TOML's own are doubled: the text is a format.
HTTP = """
[endpoints.served]
protocol = "http"
models = "served/**"

[[endpoints.served.requests]]
method = "PATCH"
url = "URL"
"""
PROOF = """
[endpoints.served.proof]
url = "URL"
headers = {{ Authorization = "Bearer %SERVER_KEY%" }}
expect = "answer.version == sent.etag"
"""


class Unknowing(ModelServer):
    """Knows no model."""

    @override
    def answer(self, request: Received) -> Reply:
        return 404, {"error": f"no {request.path}"}


@pytest.mark.parametrize(
    ("key", "state", "what"),
    [("the-key", "ok", "it answers"), ("another", "fault", "http_401"), ("{vault}", "ok", "")],
)
def test_a_server_that_takes_a_model_by_http_is_asked_for_a_proof_and_sent_nothing(
    app: ExaminedApp, key: str, state: str, what: str
) -> None:
    address = app.vault.put("served", "the-key")
    app.environ["SERVER_KEY"] = key.format(vault=address)
    with keyed_endpoint("the-key") as server:
        app.write(ENDPOINTS + (HTTP + PROOF).replace("URL", server.url))
        found = [one for one in app.findings() if "served" in one.where and one.area == "endpoints"]
        asked = {method for method, _ in server.calls}

    assert [one.state for one in found] == [state]
    assert what in found[0].what
    assert asked == {"GET"}


def test_a_server_that_does_not_know_a_model_that_nobody_has_is_well(app: ExaminedApp) -> None:
    app.environ["SERVER_KEY"] = KEY
    with Unknowing.start() as server:
        app.write(ENDPOINTS + (HTTP + PROOF).replace("URL", server.url))
        findings = app.findings()

    assert _faults(findings) == []
    assert [request.method for request in server.received] == ["GET"]


def test_a_server_that_is_away_is_found(app: ExaminedApp) -> None:
    app.environ["SERVER_KEY"] = "the-key"
    app.write(ENDPOINTS + (HTTP + PROOF).replace("URL", NOBODY))

    assert [one.where for one in _faults(app.findings())] == ["endpoints.served.proof"]


def test_a_table_that_was_copied_with_its_address_is_told(app: ExaminedApp) -> None:
    copied = ENDPOINTS.split("[endpoints.digits.retrain]")[0].replace("digits]", "copied]")
    more = 'models = "copied/**"\n[endpoints.copied.smoke_test]'
    app.write(ENDPOINTS + copied.replace("[endpoints.digits.smoke_test]", more))

    findings = app.findings()

    assert _faults(findings) == []
    told = {one.where: one.what for one in findings if one.state == "warning"}
    assert told["endpoints.copied"].startswith("digits and copied are sent to one place")


def test_a_server_that_nothing_can_be_asked_of_is_told(app: ExaminedApp) -> None:
    app.write(ENDPOINTS + HTTP.replace("URL", NOBODY))

    findings = app.findings()

    assert _faults(findings) == []
    assert [one.where for one in findings if one.state == "warning"] == ["served"]


WORKSPACE = """
[training_services.digits]
protocol = "azureml-online"
workspace = "WORKSPACE"
datastores = {{ {container} = "models" }}
job = {{ jobType = "Command", command = "python train.py" }}
"""


@pytest.mark.parametrize(
    ("address", "where", "state", "what"),
    [
        ("{}", "digits", "ok", "lets us in"),
        ("{}-of-nobody", "training_services.digits.workspace", "fault", "http_404"),
    ],
)
def test_a_workspace_that_trains_is_asked_for_jobs_and_begins_none(
    app: ExaminedApp, address: str, where: str, state: str, what: str
) -> None:
    text, _, _ = ENDPOINTS.partition("[training_services")
    with workspace_plane(app.azurite, app.container, DrivenClock()) as plane:
        app.write(text + WORKSPACE.replace("WORKSPACE", address.format(plane.workspace_url)))
        findings = app.findings()
        asked = {(one.method, one.path.rpartition("/")[2]) for one in plane.requests}

    [found] = [one for one in findings if one.area == "training services"]
    assert (found.where, found.state) == (where, state)
    assert what in found.what
    assert asked == {("GET", "jobs")}


def test_an_endpoint_that_no_job_could_leave_a_model_for_is_found(app: ExaminedApp) -> None:
    app.write(ENDPOINTS.replace("{container}/digits/", "elsewhere/digits/"))

    [found] = _faults(app.findings())

    assert found.where == "endpoints.digits.retrain"
    assert "not among MODEL_BLOBS" in found.what
