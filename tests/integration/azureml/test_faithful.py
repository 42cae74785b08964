"""The local workspace is held to Microsoft's own: its models, its client, its scoring server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from local_stack.azureml import ControlPlane, Workspace
from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED, PYTHON, environment
from local_stack.azureml.pacing import AfterLooks
from local_stack.azurite import Azurite
from local_stack.certificates import make_certificate
from local_stack.identity import ManagedIdentity
from tests.integration.azureml.contract import Check, checks_of, faults_of
from tests.integration.azureml.wire import DEPLOYMENTS, ENDPOINT, Caller, MakeCaller
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(not IS_INSTALLED, reason=NOT_INSTALLED),
]

# What `MLClient` of azure-ai-ml 1.35.2 sends, beside the version that the app sends.
OLDER = ("2022-02-01-preview", "2023-04-01-preview", "2023-08-01-preview", "2024-10-01-preview")
CLIENT = Path(__file__).with_name("microsoft_client.py")


@pytest.fixture
def real(make_caller: MakeCaller) -> Iterator[Caller]:
    """A caller of a workspace that scores with Microsoft's server."""
    with make_caller(environments=(environment("scoring"),)) as made:
        yield made


@pytest.mark.timeout(300)
def test_what_the_client_makes_of_the_control_plane(
    azurite: Azurite,
    workspace: Workspace,
    clock: DrivenClock,
    identity: ManagedIdentity,
    tmp_path: Path,
) -> None:
    """Its client speaks https alone, so the workspace does here."""
    spoken = (*workspace.api_versions, *OLDER)
    changed = msgspec.structs.replace(
        workspace,
        environments=(environment("scoring"),),
        api_versions=spoken,
        pacing=AfterLooks(0),
    )
    certificate = make_certificate(tmp_path, now=datetime.now(UTC))
    container = workspace.datastores[0].container
    with ControlPlane.start(changed, now=clock, certificate=certificate) as plane:
        caller = Caller(plane, clock, azurite, container, MsiTokens(identity))
        caller.land("census.json", {"answer": "blue"})
        plane.fate(pacing=AfterLooks(1))  # so that one operation is seen under way
        told = _driven(caller, certificate.certificate_file, tmp_path)
        exchanges = plane.exchanges

    model_id = f"{plane.workspace_url.removeprefix(plane.url)}/models/census/versions/7"
    assert told["ml_client"]["model"][0] == model_id
    assert told["ml_client"]["model"][1].casefold() == caller.uri("census.json").casefold()
    assert told["ml_client"]["deployment"] == ["blue", "Succeeded", model_id, 1]
    assert told["ml_client"]["scored"]["said"] == "blue"
    assert told["ml_client"]["traffic"] == {"blue": 100}
    assert told["ml_client"]["keys"][0] == plane.key("census")
    assert "Users's init has completed successfully" in told["ml_client"]["logs"]
    assert told["ml_client"]["refused"] == ["HttpResponseError", 400, "BadRequest"]
    assert (told["ml_client"]["listed"], told["ml_client"]["left"]) == (["blue"], [])
    assert told["generated"] == {
        "tags": {"owner": "somebody"},
        "patched": "OnlineEndpoint",
        "job": ["job_1", "Command"],
        "cancelled": "Canceled",
        "versions": ["7"],
        "missing": ["ResourceNotFoundError", 404, "NotFound"],
    }
    assert len(exchanges) > 30
    assert faults_of(checks_of(exchanges, requests_too=False)) == []


def test_a_deployment_is_microsofts_scoring_server(real: Caller) -> None:
    real.deploy("blue", environmentVariables={"GREETING": "hello"})

    answer = real.score("blue", body={"pixels": [1]})

    assert answer.json() == {"said": "blue", "heard": {"pixels": [1]}, "greeting": "hello"}
    assert answer.headers["x-ms-server-version"].startswith("azmlinfsrv/")


def test_microsofts_server_listens_on_the_loopback_address_alone(real: Caller) -> None:
    real.deploy("blue")
    (pid,) = real.plane.processes("census").values()
    process = psutil.Process(pid)

    listening = [
        one.laddr.ip
        for each in (process, *process.children(recursive=True))
        for one in each.net_connections()
        if one.status == psutil.CONN_LISTEN
    ]

    assert set(listening) == {"127.0.0.1"}


def test_a_script_whose_init_raises_ends_microsofts_server_and_fails_the_deployment(
    real: Caller,
) -> None:
    put = real.put_deployment("blue", real.register("1", {"nothing": 1}))

    assert real.settled(f"{DEPLOYMENTS}/blue") == "Failed"
    error = real.ask("GET", put.headers["Azure-AsyncOperation"]).json()["error"]
    assert error["code"] == "ResourceNotReady"
    log = real.ask("POST", f"{DEPLOYMENTS}/blue/getLogs", {}).json()["content"]
    assert "KeyError: 'answer'" in log


def test_a_model_that_fails_at_a_request_is_a_424(real: Caller) -> None:
    real.deploy("blue", {"answer": "raise"})

    answer = real.score("blue")

    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"


def test_the_light_server_answers_as_microsofts_does(
    make_caller: MakeCaller, workspace: Workspace
) -> None:
    """So what is tested with the one holds for the other."""
    (light,) = workspace.environments
    said = []
    for scoring in (light, environment("scoring")):
        with make_caller(environments=(scoring,)) as caller:
            said.append(_conversation(caller))

    assert said[0] == said[1]
    assert [status for status, _ in said[0][:4]] == [200, 200, 424, 408]
    assert said[0][4] == "Failed"


def test_traffic_moves_between_two_of_microsofts_servers(real: Caller) -> None:
    real.deploy("blue")
    real.deploy("green")
    real.give_traffic(blue=100)
    assert real.says() == "blue"

    real.give_traffic(green=100)
    assert real.says() == "green"
    real.ask("DELETE", f"{DEPLOYMENTS}/blue")
    assert real.says() == "green"


def test_microsofts_server_and_its_worker_end_with_the_service(make_caller: MakeCaller) -> None:
    with make_caller(environments=(environment("scoring"),)) as caller:
        caller.deploy("blue")
        (pid,) = caller.plane.processes("census").values()
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        assert len(family) == 2

    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_microsofts_server_ends_with_the_service_even_while_it_scores(
    make_caller: MakeCaller,
) -> None:
    """It lets a request end, for longer than is waited for it; then all of it is killed."""
    with make_caller(environments=(environment("scoring"),)) as caller:
        model = {"answer": 1, "slow": 600}
        caller.deploy("blue", model, requestSettings={"requestTimeout": "PT0.3S"})
        (pid,) = caller.plane.processes("census").values()
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        assert caller.score("blue").status_code == 408

    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_every_answer_is_of_the_contract(real: Caller) -> None:
    _tour(real)

    checks = checks_of(real.plane.exchanges, requests_too=False)

    assert {one.model for one in checks} == {
        "DeploymentLogs",
        "EndpointAuthKeys",
        "ErrorResponse",
        "JobBase",
        "ModelVersion",
        "OnlineDeployment",
        "OnlineEndpoint",
    }
    assert faults_of(checks) == []


def test_what_is_not_of_the_contract_is_found() -> None:
    """One list, as it takes seconds to import the package."""
    managed = {"endpointComputeType": "Managed", "provisioningState": "Failed"}
    wrong = [
        (Check("EndpointAuthKeys", False, {"primaryKey": 1}), "1 is no str"),
        (_endpoint(location=None), "location: it is missing"),
        (_endpoint(authMode="Keys"), "'Keys' is no EndpointAuthMode"),
        (_endpoint(traffic={"blue": "100"}), "traffic.blue: '100' is no int"),
        (_endpoint(scoringUri="x"), "scoringUri: only the service writes it"),
        (_endpoint(sent=False, keys={}), "keys: it is never answered"),
        (Check("DeploymentLogsRequest", True, {"tails": 1}), "has no such member"),
        (
            Check("OnlineDeployment", True, {"location": "x", "properties": managed}),
            "provisioningState: only the service writes it",
        ),
        (
            Check("JobBase", True, {"properties": {"jobType": "Command", "command": "x"}}),
            "environmentId: it is missing",
        ),
    ]

    found = faults_of([check for check, _ in wrong])

    assert len(found) == len(wrong)
    for (_, fault), told in zip(wrong, found, strict=True):
        assert fault in told


def _endpoint(*, location: str | None = "x", sent: bool = True, **properties: object) -> Check:
    placed = {} if location is None else {"location": location}
    body = {**placed, "properties": {"authMode": "Key", **properties}}
    return Check("OnlineEndpoint", sent, body)


def _conversation(caller: Caller) -> list[Any]:
    """What is answered to the same requests; of a failing model the status alone."""
    settings = {"requestSettings": {"requestTimeout": "PT5S"}}
    caller.deploy("good", {"answer": {"of": [1, 2.5, None, "é"]}}, **settings)
    caller.deploy("bad", {"answer": "raise"}, **settings)
    caller.deploy("slow", {"answer": 1, "slow": 2}, requestSettings={"requestTimeout": "PT0.3S"})
    caller.put_deployment("none", caller.register("none", {"nothing": 1}))
    answers = [
        caller.score("good"),
        caller.score("good", body={"text": "é", "rows": [[1, 2]]}),
        caller.score("bad"),
        caller.score("slow"),
    ]
    told: list[Any] = [
        (one.status_code, one.json() if one.status_code == 200 else None) for one in answers
    ]
    kinds = [one.headers["content-type"].partition(";")[0] for one in answers]
    return [*told, caller.settled(f"{DEPLOYMENTS}/none"), kinds]


def _driven(caller: Caller, ca_file: Path, folder: Path) -> dict[str, Any]:
    """Have the client's program run against the workspace."""
    plane, request_file = caller.plane, folder / "request.json"
    request_file.write_text('{"pixels": [1]}', "utf-8")
    given = {
        "token": caller.bearer()["Authorization"].removeprefix("Bearer "),
        "url": plane.url,
        "ca_file": str(ca_file),
        "subscription": plane.workspace.subscription_id,
        "group": plane.workspace.resource_group,
        "workspace": plane.workspace.name,
        "workspace_id": plane.workspace_url.removeprefix(plane.url),
        "model_uri": caller.uri("census.json"),
        "request_file": str(request_file),
        "job": caller.job("python train.py --sleep 60"),
    }
    told = folder / "given.json"
    told.write_text(json.dumps(given), "utf-8")
    command = [str(PYTHON), str(CLIENT), str(told)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    sys.stderr.write(done.stderr)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _tour(caller: Caller) -> None:
    """Go by every address, also where something is refused."""
    ask = caller.ask
    caller.deploy("blue", requestSettings={"requestTimeout": "PT20S"})
    caller.give_traffic(blue=100)
    ask("GET", "/onlineEndpoints")
    ask("GET", DEPLOYMENTS)
    ask("GET", "/models/census/versions")
    ask("GET", "/models/census/versions/blue")
    ask("PATCH", ENDPOINT, {"tags": {"a": "b"}, "identity": {"type": "SystemAssigned"}})
    ask("PATCH", f"{DEPLOYMENTS}/blue", {"sku": {"capacity": 2}})
    ask("POST", f"{ENDPOINT}/listKeys")
    ask("POST", f"{DEPLOYMENTS}/blue/getLogs", {"tail": 3, "containerType": "StorageInitializer"})
    limits = {"jobLimitsType": "Command", "timeout": "PT1H"}
    ask("PUT", "/jobs/one", caller.job(limits=limits))
    ask("GET", "/jobs/one")
    ask("POST", "/jobs/one/cancel")
    for method, path in (
        ("GET", "/onlineEndpoints/other"),
        ("DELETE", f"{DEPLOYMENTS}/blue"),
        ("PUT", f"{DEPLOYMENTS}/x"),
        ("POST", f"{ENDPOINT}/token"),
        ("DELETE", ENDPOINT),
    ):
        assert ask(method, path).status_code >= 400
    assert ask("GET", ENDPOINT, version=None).status_code == 400
    assert ask("GET", ENDPOINT, headers={}).status_code == 401
