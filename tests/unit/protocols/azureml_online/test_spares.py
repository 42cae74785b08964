"""What is left over at an endpoint, and when it is tidied away."""

import pytest

from protocols.protocol import Accepted
from tests.fakes.azureml_workspace import ENDPOINT, fault, says
from tests.unit.protocols.azureml_online.story import (
    LIVE,
    Story,
    model,
    stage,
)


def test_a_new_deployment_has_room_made_for_it(story: Story) -> None:
    for etag in ("0xB", "0xC"):
        story.bring_into_service(model(etag))
    story.workspace.stands("somebody-elses")
    story.workspace.asked.clear()

    story.patch(model("0xD"))

    assert [one for one in story.workspace.changes if one.startswith("DELETE")] == [
        f"DELETE {ENDPOINT}/deployments/{LIVE}"
    ]


def test_what_cannot_be_deleted_now_holds_no_model_up_and_is_told(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.workspace.script("GET", "*/deployments[?]*", fault(503, "ServerBusy", "later"))

    assert stage(story.patch(model("0xB"))) == "creating"

    (line,) = [one.getMessage() for one in caplog.records]
    assert line == "deployments.left online_endpoint=census code=http_503 message=later"


def test_tidying_up_leaves_what_serves_and_what_others_made(story: Story) -> None:
    story.bring_into_service(model("0xB"))
    story.workspace.stands("somebody-elses")
    story.workspace.asked.clear()

    assert story.protocol.tidy(story.endpoint) == Accepted()

    assert list(story.workspace.deployments) == ["m-0xb", "somebody-elses"]
    assert story.workspace.changes == [f"DELETE {ENDPOINT}/deployments/{LIVE}"]


@pytest.mark.parametrize("field", ["traffic", "mirrorTraffic"])
def test_tidying_up_leaves_what_somebody_gave_traffic(story: Story, field: str) -> None:
    story.bring_into_service(model("0xB"))
    assert story.workspace.endpoint is not None
    story.workspace.endpoint["properties"] |= {field: {LIVE: 10}}

    story.protocol.tidy(story.endpoint)

    assert set(story.workspace.deployments) == {LIVE, "m-0xb"}


def test_what_is_being_deleted_is_not_deleted_again(story: Story) -> None:
    story.bring_into_service(model("0xB"))
    story.workspace.is_in("Deleting", LIVE)
    story.workspace.asked.clear()

    assert story.protocol.tidy(story.endpoint) == Accepted()
    assert story.workspace.changes == []


def test_what_last_had_everything_is_left_even_where_nothing_has_traffic(story: Story) -> None:
    story.gives({})

    assert story.protocol.tidy(story.endpoint) == Accepted()
    assert list(story.workspace.deployments) == [LIVE]


def test_a_long_list_is_read_page_by_page_from_the_workspace_alone(story: Story) -> None:
    for number in range(12):
        story.workspace.stands(f"m-{number}", **{"redeployer-model": "a"})
    pages = list(story.workspace.deployments.values())
    url = "https://elsewhere.invalid/?$skip=a%26b"
    story.workspace.script("GET", "*", says(200, story.workspace.endpoint))
    story.workspace.script("GET", "*", says(200, {"value": pages[:10], "nextLink": url}))
    story.workspace.script("GET", "*", says(200, {"value": pages[10:]}))

    assert story.protocol.tidy(story.endpoint) == Accepted()

    asked = [one.path.partition("?")[2] for one in story.workspace.asked if "?" in one.path]
    assert asked == [
        "api-version=2025-12-01&$top=10",
        "api-version=2025-12-01&$top=10&$skip=a%26b",
    ]
    assert list(story.workspace.deployments) == [LIVE]
