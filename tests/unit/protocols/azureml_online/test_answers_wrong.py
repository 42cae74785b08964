"""Models that are deployed and answer their smoke test wrong."""

import pytest

from protocols.protocol import Refused, Underway, Unsettled
from tests.fakes.azureml_workspace import ENDPOINT, fault, says
from tests.unit.protocols.azureml_online.story import (
    DELETED,
    DEPLOYMENT,
    LIVE,
    MOVED,
    WRONG,
    Story,
    stage,
)


def test_a_model_that_answers_wrong_twice_gets_no_traffic_and_is_deleted(story: Story) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = WRONG

    assert stage(story.advance()) == "testing"  # it may only just have come up
    answer = story.advance()

    what = "it answers the smoke test otherwise than expected"
    assert answer == Refused("smoke_test_failed", what, about_model=True)
    assert MOVED not in story.workspace.changes
    assert list(story.workspace.deployments) == [LIVE]


@pytest.mark.parametrize("status", [400, 422, 424])
def test_a_model_that_cannot_answer_is_at_fault_for_it(story: Story, status: int) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = says(status)
    story.advance()

    answer = story.advance()

    assert isinstance(answer, Refused)
    assert (answer.code, answer.about_model) == (f"http_{status}", True)
    assert "m-0xb" not in story.workspace.deployments


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_what_no_model_is_at_fault_for_is_asked_again(story: Story, status: int) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = says(status)
    assert stage(story.advance()) == "testing"

    answer = story.advance(hours=9)

    assert isinstance(answer, Unsettled)
    assert answer.code == f"http_{status}"
    del story.workspace.scores["m-0xb"]
    assert stage(story.advance(hours=9)) == "traffic_10"


def test_a_model_that_goes_wrong_with_traffic_loses_it_at_once(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.scores["m-0xb"] = WRONG
    story.workspace.asked.clear()

    assert stage(story.advance(minutes=1)) == "withdrawing"
    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {LIVE: 100}
    assert stage(story.advance()) == "withdrawing"  # the endpoint is at work on it
    story.settle()
    answer = story.advance()

    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"
    assert story.workspace.changes == [MOVED, DELETED]


def test_traffic_that_could_not_be_taken_back_is_taken_back_before_it_is_deleted(
    story: Story,
) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.scores["m-0xb"] = WRONG
    story.workspace.script("PUT", ENDPOINT, fault(409, "Conflict"))

    assert stage(story.advance()) == "withdrawing"
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}
    assert stage(story.advance()) == "withdrawing"
    assert story.workspace.traffic == {LIVE: 100}


def test_a_deployment_that_cannot_be_deleted_is_refused_in_the_end(story: Story) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = WRONG
    story.advance()
    story.workspace.script("DELETE", DEPLOYMENT, fault(409, "Conflict", "busy"))
    assert story.advance() == Unsettled("http_409", "busy")

    story.workspace.script("DELETE", DEPLOYMENT, fault(409, "Conflict", "busy"))
    answer = story.advance(minutes=61)

    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"


def test_a_model_that_somebody_gave_everything_as_it_was_withdrawn_keeps_it(story: Story) -> None:
    """There is nothing to give its traffic back to."""
    story.created("0xB")
    story.gives({"m-0xb": 100})
    notes = {"code": "smoke_test_failed", "message": "no", "about_model": "yes"}
    story.underway = Underway(stage="withdrawing", notes=notes)

    assert story.advance() == Refused("smoke_test_failed", "no", about_model=True)
    assert DELETED not in story.workspace.changes
    assert story.workspace.traffic == {"m-0xb": 100}
