"""A workspace that refuses what the app asks while a model is on its way there."""

import pytest

from protocols.protocol import Refused, Unsettled
from protocols.wire import HttpAnswer
from tests.fakes.azureml_workspace import ENDPOINT, fault
from tests.unit.protocols.azureml_online.story import (
    DELETED,
    DEPLOYMENT,
    LIVE,
    WRONG,
    Story,
    model,
    stage,
)

NO = fault(403, "AuthorizationFailed", "no")


@pytest.fixture
def story() -> Story:
    """Give an endpoint with a model of ours in service, and one whose deployment stands."""
    story = Story()
    assert story.bring_into_service(model("0xA")) == LIVE
    story.created("0xB")
    return story


@pytest.fixture
def canary(story: Story) -> Story:
    """Give the same once the second has a tenth of the traffic."""
    story.gives_a_tenth()
    return story


def code(answer: object) -> str:
    assert isinstance(answer, Unsettled), answer
    return answer.code


@pytest.mark.parametrize("path", [ENDPOINT, DEPLOYMENT])
@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (fault(401, "InvalidAuthenticationToken", "no"), "workspace_forbidden"),
        (NO, "workspace_forbidden"),
        (fault(400, "BadRequest", "no"), "http_400"),
    ],
)
def test_a_question_that_is_refused_is_asked_again_and_the_model_goes_on(
    canary: Story, path: str, refusal: HttpAnswer, told: str
) -> None:
    canary.workspace.script("GET", path, refusal)

    assert code(canary.advance(minutes=20)) == told

    assert stage(canary.advance(minutes=20)) == "traffic_100"


@pytest.mark.parametrize("refusal", [NO, fault(400, "BadRequest", "no")])
def test_a_change_of_traffic_that_is_refused_is_asked_for_again(
    canary: Story, refusal: HttpAnswer
) -> None:
    canary.workspace.script("PUT", ENDPOINT, refusal)

    answer = canary.advance(minutes=20)

    assert isinstance(answer, Unsettled)
    assert not answer.maybe_applied
    assert canary.workspace.traffic == {LIVE: 90, "m-0xb": 10}
    assert stage(canary.advance(minutes=20)) == "traffic_100"


def test_an_endpoint_that_is_deleted_on_the_way_ends_in_a_refusal(canary: Story) -> None:
    canary.workspace.endpoint = None

    answer = canary.advance()

    assert isinstance(answer, Refused)
    assert answer.code == "endpoint_not_found"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_model_that_failed_loses_its_traffic_once_the_workspace_lets_us(
    canary: Story, method: str
) -> None:
    canary.workspace.scores["m-0xb"] = WRONG
    canary.workspace.script("PUT", ENDPOINT, NO)
    assert stage(canary.advance()) == "withdrawing"
    for _ in range(2):
        canary.workspace.script(method, ENDPOINT, NO)
        assert code(canary.advance(hours=9)) == "workspace_forbidden"
    assert canary.workspace.traffic == {LIVE: 90, "m-0xb": 10}

    assert stage(canary.advance(hours=9)) == "withdrawing"
    assert canary.workspace.traffic == {LIVE: 100}
    canary.settle()
    answer = canary.advance()
    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"
    assert canary.workspace.changes[-1] == DELETED


def test_a_model_that_failed_at_an_endpoint_that_is_gone_is_refused(canary: Story) -> None:
    canary.workspace.scores["m-0xb"] = WRONG
    canary.advance()
    canary.workspace.endpoint = None

    answer = canary.advance()

    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"


def test_a_deployment_that_may_not_be_created_again_loses_its_traffic(canary: Story) -> None:
    canary.workspace.is_in("Canceled", "m-0xb")
    canary.workspace.script("PUT", DEPLOYMENT, NO)

    assert stage(canary.advance()) == "withdrawing"
    assert canary.workspace.traffic == {LIVE: 100}
    canary.settle()
    answer = canary.advance()
    assert isinstance(answer, Refused)
    assert answer.code == "workspace_forbidden"


def test_what_may_not_be_deleted_is_refused_for_its_own_fault(story: Story) -> None:
    story.workspace.scores["m-0xb"] = WRONG
    story.advance()
    story.workspace.script("DELETE", DEPLOYMENT, NO)

    answer = story.advance()

    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"


def test_what_cannot_be_asked_before_anything_stands_is_refused(story: Story) -> None:
    story.workspace.script("GET", ENDPOINT, NO)

    answer = story.patch(model("0xC"))

    assert isinstance(answer, Refused)
    assert answer.code == "workspace_forbidden"


def test_traffic_that_an_endpoint_does_not_give_back_is_asked_for_ever_more_rarely(
    canary: Story,
) -> None:
    canary.workspace.scores["m-0xb"] = WRONG
    canary.advance()
    canary.gives({LIVE: 90, "m-0xb": 10})
    canary.workspace.is_in("Failed")

    assert code(canary.advance(hours=9)) == "traffic_not_moved"
    assert canary.workspace.traffic == {LIVE: 100}
