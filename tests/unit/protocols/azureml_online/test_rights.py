"""The page names every right that the app needs at a workspace, and why it needs the others."""

import re

from protocols.azureml_online.jobs import AzuremlJobs
from protocols.batch import BatchRequest
from protocols.protocol import Refused
from tests.fakes.azureml_workspace import fault, says
from tests.fakes.identity import MemoryIdentity
from tests.fakes.wire import CannedWire
from tests.fakes.workspace_service import WORKSPACE, workspace_service
from tests.unit.docs.markdown import ROOT, blocks
from tests.unit.protocols.azureml_online.story import Story, model

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
VERBS = {"GET": "read", "PUT": "write", "DELETE": "delete"}
# Resource Manager asks for these itself, of whom deploys; the last is that of a scoring call.
NOT_ASKED_FOR = {
    "read",
    "environments/versions/read",
    "codes/versions/read",
    "onlineEndpoints/token/action",
    "onlineEndpoints/score/action",
}


def action(method: str, path: str) -> str:
    """Name the right to a request: every other part of a path is a name."""
    parts = path.partition("?")[0].strip("/").split("/")
    if method == "POST":
        return "/".join([*parts[:-1:2], parts[-1], "action"])
    return "/".join([*parts[::2], VERBS[method]])


def test_the_role_of_ones_own_allows_what_is_asked_for_and_no_more() -> None:
    (said,) = [set(one.split()) for one in blocks(PAGE, "text") if "onlineEndpoints/read" in one]
    story = Story()
    for etag in ("0xA", "0xB", "0xC"):
        story.bring_into_service(model(etag))
    story.protocol.tidy(story.endpoint)
    story.workspace.script("PUT", "/models/*", fault(409, "Conflict"))  # the version is looked at
    assert not isinstance(story.patch(model("0xD")), Refused)

    asked = [one for one in story.workspace.asked if not re.search("/score$", one.path)]
    assert {action(one.method, one.path) for one in asked} == said - NOT_ASKED_FOR
    assert said >= NOT_ASKED_FOR


def test_the_role_for_jobs_allows_what_is_asked_for_and_says_what_else_is_documented() -> None:
    (said,) = [set(one.split()) for one in blocks(PAGE, "text") if "jobs/write" in one]
    wire, service = CannedWire([says(200, {"properties": {}})]), workspace_service()
    jobs = AzuremlJobs(wire, MemoryIdentity())
    jobs.reach(service)
    jobs.submit(service, BatchRequest(id="a_1", inputs={}, outputs={}, parameters={}))
    jobs.look(service, "a_1")
    jobs.cancel(service, "a_1")

    asked = {action(one.method, one.url.removeprefix(WORKSPACE)) for one in wire.requests}
    assert asked == said - {
        "*/read",
        "environments/build/action",
        "environments/readSecrets/action",
    }
