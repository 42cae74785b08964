"""The demo's endpoints file and smoke test fit the demo's workspace, and the proof proves."""

import tomllib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import jmespath
import msgspec
import pytest

from local_stack.demo_endpoints import ENDPOINTS, DemoEndpoints
from local_stack.ml_service import MlService
from local_stack.ml_service.dataset import rows
from local_stack.ml_service.model_file import load
from local_stack.ml_service.training import train
from local_stack.story import SMOKE_LABEL, SMOKE_REQUEST
from local_stack.workspace import Workspace, digits_studio
from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from settings.endpoints_file import parse_endpoints


def test_the_endpoints_file_names_the_addresses_of_the_workspace() -> None:
    file = tomllib.loads(ENDPOINTS.read_text())
    endpoint = file["endpoints"]["digits"]
    studio = digits_studio("UseDevelopmentStorage=true", timedelta(seconds=30))
    workspace = Workspace(studio, "http://127.0.0.1:8090")

    with MlService.start(studio) as service:
        patch_url = service.patch_url("digits").replace(service.url, workspace.url)

    assert endpoint["patch_url"].replace("{endpoint}", "digits") == patch_url
    assert endpoint["smoke_test"]["score_url"] == workspace.score_url
    assert file["training_services"]["digits"]["jobs_url"] == workspace.jobs_url


def test_a_schedule_is_put_into_the_apps_copy_and_taken_out_again(tmp_path: Path) -> None:
    endpoints = DemoEndpoints(tmp_path / "endpoints.toml", "http://127.0.0.1:1")

    endpoints.write("7 * * * * *")
    scheduled = tomllib.loads(endpoints.file.read_text())
    endpoints.write()
    unscheduled = tomllib.loads(endpoints.file.read_text())

    assert scheduled["endpoints"]["digits"]["retrain"].pop("schedule") == "7 * * * * *"
    assert scheduled == unscheduled
    assert sorted(file.name for file in tmp_path.iterdir()) == ["endpoints.toml", "smoke"]


def test_the_app_finds_no_fault_in_the_demos_endpoints_file(tmp_path: Path) -> None:
    endpoints = DemoEndpoints(tmp_path / "endpoints.toml", "http://127.0.0.1:1")
    endpoints.write("7 * * * * *")

    read = parse_endpoints(
        endpoints.file.read_text("utf-8"),
        environ={"DIGITS_API_KEY": "one", "DIGITS_TRAINING_API_KEY": "another"},
        read_relative=lambda name: (tmp_path / name).read_bytes(),
        protocols={"studio-classic": read_classic_keys},
        trainings={"studio-classic": read_classic_service_keys},
    )

    assert read.faults == ()
    assert list(read.training_services) == ["digits"]


@pytest.mark.parametrize(("split", "passes"), [("little", False), ("train", True)])
def test_the_smoke_test_tells_the_better_model_from_the_first(split: str, passes: bool) -> None:  # noqa: FBT001 - a parameter of the case
    """Both models are really trained here."""
    sent = msgspec.json.decode(SMOKE_REQUEST.read_bytes())["Inputs"]["input1"]
    data = rows("train") if split == "train" else rows("little")
    expect = tomllib.loads(ENDPOINTS.read_text())["endpoints"]["digits"]["smoke_test"]["expect"]

    score = load(BytesIO(train(data))).score(sent["ColumnNames"], sent["Values"])[0]
    answer = {"Results": {"output1": {"value": {"Values": [[score.label]]}}}}

    assert jmespath.search(expect, answer) is passes
    assert (score.label == SMOKE_LABEL) is passes


def test_keys_of_the_workspace_are_new_each_time() -> None:
    keys = {
        endpoint.primary_key
        for _ in range(2)
        for service in digits_studio("UseDevelopmentStorage=true", timedelta()).services
        for endpoint in service.endpoints
    }

    assert len(keys) == 6
