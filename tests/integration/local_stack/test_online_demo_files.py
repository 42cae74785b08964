"""The second demo's endpoints file, scripts and smoke test fit its workspace and its models."""

import sys
import tomllib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import jmespath
import msgspec
import pytest
import requests
from azure.storage.blob import BlobServiceClient

from local_stack.azureml import ControlPlane, Datastore, Environment, Workspace
from local_stack.azureml.pacing import AfterLooks
from local_stack.azurite import Azurite
from local_stack.demo_endpoints import ONLINE_ENDPOINTS, SMOKE, DemoEndpoints
from local_stack.identity import ManagedIdentity, token
from local_stack.ml_service.dataset import LABEL, Split, rows
from local_stack.ml_service.model_file import load
from local_stack.ml_service.training import train
from local_stack.online_scoring import OnlineScoring
from local_stack.online_workspace import digits_workspace
from local_stack.trainer import MANAGEMENT, WorkspaceTrainer
from local_stack.workspace_client import WorkspaceClient
from protocols.table import PROTOCOLS
from settings.endpoints_file import parse_endpoints

FILE = tomllib.loads(ONLINE_ENDPOINTS.read_text("utf-8"))["endpoints"]["digits"]
WRITTEN_FOR = "http://127.0.0.1:8090"


@pytest.fixture
def workspace(azurite: Azurite, container_name: str) -> Workspace:
    """The demo's, with a container of the test's own, and a light server."""
    demo = digits_workspace(azurite.account)
    light = Environment(name="scoring", python=Path(sys.executable), server="light")
    others = tuple(one for one in demo.environments if one.name != "scoring")
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        service.create_container(container_name)
    store = Datastore(
        name="models", container=container_name, connection_string=azurite.connection_string
    )
    return msgspec.structs.replace(
        demo, environments=(light, *others), datastores=(store,), pacing=AfterLooks(0)
    )


def test_the_endpoints_file_names_the_addresses_of_the_workspace(workspace: Workspace) -> None:
    with ControlPlane.start(workspace) as plane:
        assert FILE["workspace"].replace(WRITTEN_FOR, plane.url) == plane.workspace_url
        assert FILE["smoke_test"]["score_url"].replace(WRITTEN_FOR, plane.url) == (
            plane.score_url("digits")
        )


def test_the_endpoints_file_names_what_is_registered_in_the_workspace(azurite: Azurite) -> None:
    demo = digits_workspace(azurite.account)
    stores = {store.container: store.name for store in demo.datastores}
    codes = {f"azureml:{one.name}:{one.version}" for one in demo.codes}
    environments = {f"azureml:{one.name}:{one.version}" for one in demo.environments}
    (code,) = demo.codes

    assert FILE["datastores"].items() <= stores.items()
    assert FILE["deployment"]["code"] in codes
    assert FILE["deployment"]["environment"] in environments
    assert (code.folder / FILE["deployment"]["scoring_script"]).exists()


def test_the_app_finds_no_fault_in_the_endpoints_file(tmp_path: Path) -> None:
    endpoints = DemoEndpoints(tmp_path / "endpoints.toml", "http://127.0.0.1:1", ONLINE_ENDPOINTS)
    endpoints.write()

    read = parse_endpoints(
        endpoints.file.read_text("utf-8"),
        environ={},
        read_relative=lambda name: (tmp_path / name).read_bytes(),
        protocols={name: kind.read_keys for name, kind in PROTOCOLS.items()},
        trainings={},
    )

    assert read.faults == ()
    assert WRITTEN_FOR not in endpoints.file.read_text("utf-8")


@pytest.mark.parametrize("split", ["little", "train"])
def test_a_deployment_scores_as_the_model_itself_and_passes_the_smoke_test(
    workspace: Workspace, azurite: Azurite, identity: ManagedIdentity, split: Split
) -> None:
    """The entry script has no package but Python's own, so it counts by itself."""
    content, test = train(rows(split)), rows("test")
    model = load(BytesIO(content))
    truth = test.column(LABEL)
    right = [s.label == t for s, t in zip(model.score(test.columns, test.rows), truth, strict=True)]
    smoke = msgspec.json.decode((SMOKE / "digits-online.json").read_bytes())

    with ControlPlane.start(workspace) as plane:
        _deploy(plane, azurite, identity, content)
        scoring = OnlineScoring(plane.score_url("digits"), plane.key("digits"))
        accuracy = scoring.accuracy(test, LABEL, "blue")
        answer = requests.post(
            plane.score_url("digits"),
            json=smoke,
            headers={
                "Authorization": f"Bearer {plane.key('digits')}",
                "azureml-model-deployment": "blue",
            },
            timeout=30,
        ).json()

    assert accuracy == sum(right) / len(right)
    assert jmespath.search(FILE["smoke_test"]["expect"], answer) is True


def test_what_is_no_model_of_the_format_is_never_deployed(
    workspace: Workspace, azurite: Azurite, identity: ManagedIdentity
) -> None:
    with ControlPlane.start(workspace) as plane:
        _deploy(plane, azurite, identity, b"cos\nsystem\n(S'true'\ntR.", state="Failed")

        assert plane.processes("digits") == {}


def test_a_job_of_the_workspace_trains_as_the_batch_service_does(
    workspace: Workspace, azurite: Azurite, identity: ManagedIdentity
) -> None:
    container = workspace.datastores[0].container
    data = rows("little")
    with (
        BlobServiceClient.from_connection_string(azurite.connection_string) as service,
        ControlPlane.start(workspace) as plane,
    ):
        given = service.get_blob_client(container, "rows.csv")
        given.upload_blob(data.to_csv())
        made = service.get_blob_client(container, "new/model.ilearner")
        stores = {container: "models"}
        trainer = WorkspaceTrainer(plane.workspace_url, stores, identity.environ)

        job_id = trainer.start(azurite.account, given, made, datetime.now(UTC))

        assert trainer.look(job_id).has_ended_well
        assert made.download_blob().readall() == train(data)


def _deploy(
    plane: ControlPlane,
    azurite: Azurite,
    identity: ManagedIdentity,
    content: bytes,
    state: str = "Succeeded",
) -> None:
    """Have a deployment `blue` stand, or fail, of a model."""
    container = plane.workspace.datastores[0].container
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        service.get_blob_client(container, "1.ilearner").upload_blob(content)
    client = WorkspaceClient(plane.workspace_url, lambda: token(identity.environ, MANAGEMENT))
    asset = f"{client.id}/{{}}/versions/1"
    model = {"modelUri": "azureml://datastores/models/paths/1.ilearner"}
    _put(plane, identity, "/models/digits/versions/1", {"properties": model})
    properties = {
        "endpointComputeType": "Managed",
        "instanceType": FILE["deployment"]["instance_type"],
        "model": asset.format("models/digits"),
        "environmentId": asset.format("environments/scoring"),
        "codeConfiguration": {
            "codeId": asset.format("codes/digits"),
            "scoringScript": FILE["deployment"]["scoring_script"],
        },
    }
    body = {"location": plane.workspace.location, "properties": properties}
    _put(plane, identity, "/onlineEndpoints/digits/deployments/blue", body)
    (deployment,) = client.deployments("digits")
    assert (deployment.state, deployment.model) == (state, "digits/1")


def _put(plane: ControlPlane, identity: ManagedIdentity, path: str, body: object) -> None:
    answer = requests.put(
        f"{plane.workspace_url}{path}",
        params={"api-version": "2025-12-01"},
        json=body,
        headers={"Authorization": f"Bearer {token(identity.environ, MANAGEMENT)}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
