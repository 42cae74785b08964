"""The page names every right that the app needs at a workspace, and why it needs the others."""

import re

from protocols.protocol import Refused
from tests.fakes.azureml_workspace import fault
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
