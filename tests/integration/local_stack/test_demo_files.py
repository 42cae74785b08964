"""The demo's endpoints file and smoke test fit the demo's workspace, and the proof proves."""

import tomllib
from datetime import timedelta
from io import BytesIO

import jmespath
import msgspec
import pytest

from local_stack.ml_service import MlService
from local_stack.ml_service.dataset import rows
from local_stack.ml_service.model_file import load
from local_stack.ml_service.training import train
from local_stack.stack import ENDPOINTS
from local_stack.story import SMOKE_LABEL, SMOKE_REQUEST
from local_stack.workspace import Workspace, digits_studio


def test_the_endpoints_file_names_the_addresses_of_the_workspace() -> None:
    endpoint = tomllib.loads(ENDPOINTS.read_text())["endpoints"]["digits"]
    studio = digits_studio("UseDevelopmentStorage=true", timedelta(seconds=30))
    workspace = Workspace(studio, "http://127.0.0.1:8090")

    with MlService.start(studio) as service:
        patch_url = service.patch_url("digits").replace(service.url, workspace.url)

    assert endpoint["patch_url"].replace("{endpoint}", "digits") == patch_url
    assert endpoint["smoke_test"]["score_url"] == workspace.score_url


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
