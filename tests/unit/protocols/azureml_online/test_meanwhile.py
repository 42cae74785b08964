"""What others do to an endpoint while a model is on its way."""

import pytest

from protocols.protocol import Accepted, Refused, Unsettled
from protocols.wire import NoAnswerError
from tests.fakes.azureml_workspace import ENDPOINT
from tests.unit.protocols.azureml_online.story import (
    DELETED,
    LIVE,
    MOVED,
    WRONG,
    Story,
    failed,
    model,
    stage,
)


def test_traffic_that_somebody_took_back_is_left_as_they_want_it(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.gives({LIVE: 100})

    answer = story.advance(minutes=20)

    what = "it was given 10 % of the traffic, and somebody else changed that"
    assert answer == Refused("traffic_changed", what)
    assert story.workspace.traffic == {LIVE: 100}


def test_what_somebody_gave_everything_is_what_serves_and_is_asked_as_that(story: Story) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = WRONG
    assert stage(story.advance()) == "testing"
    story.gives({"m-0xb": 100})

    assert stage(story.advance()) == "traffic_100"
    story.settle()
    assert story.advance() == Accepted()


def test_what_somebody_gave_everything_and_then_fails_keeps_it(story: Story) -> None:
    """There is nothing to give its traffic back to."""
    story.patch(model("0xB"))
    story.gives({"m-0xb": 100})
    failed(story, "m-0xb", {"code": "OutOfQuota"})

    assert story.advance() == Refused("out_of_quota", "OutOfQuota")
    assert story.workspace.traffic == {"m-0xb": 100}
    assert DELETED not in story.workspace.changes


def test_a_deployment_that_somebody_scales_is_waited_for(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.is_in("Scaling", "m-0xb")

    assert stage(story.advance(hours=9)) == "traffic_10"
    assert DELETED not in story.workspace.changes


def test_a_person_may_have_it_tried_again_after_that(story: Story) -> None:
    test_traffic_that_somebody_took_back_is_left_as_they_want_it(story)

    assert stage(story.patch(model("0xB"))) == "traffic_10"


def test_traffic_that_somebody_gave_it_is_a_step_taken(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.gives({LIVE: 50, "m-0xb": 50})

    assert stage(story.advance()) == "traffic_50"
    assert stage(story.advance(minutes=10)) == "traffic_100"

    story.settle()
    story.workspace.scores["m-0xb"] = WRONG  # it is what serves, and is asked as that
    assert story.advance() == Accepted()


@pytest.mark.parametrize("is_shown", [True, False])
@pytest.mark.parametrize(("state", "code"), [("Canceled", None), ("Failed", "traffic_not_moved")])
def test_a_change_of_traffic_that_had_no_effect_is_asked_for_again(
    story: Story, state: str, code: str | None, *, is_shown: bool
) -> None:
    """Whether a workspace shows what was asked for, or what is in effect, no document tells."""
    story.created("0xB")
    story.advance()
    if not is_shown:
        story.gives({LIVE: 100})
    story.workspace.is_in(state)
    story.workspace.asked.clear()

    answer = story.advance(hours=1)

    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}
    assert code == getattr(answer, "code", None)
    assert getattr(answer, "maybe_applied", code is None)


@pytest.mark.parametrize("state", ["Canceled", "Failed"])
def test_all_traffic_is_not_taken_for_given_before_that_is_in_effect(
    story: Story, state: str
) -> None:
    story.patch(model("0xA"))
    story.workspace.is_in(state)
    story.workspace.asked.clear()

    answer = story.patch(model("0xA"))

    assert answer != Accepted()
    assert story.workspace.changes == [MOVED]


def test_a_change_of_traffic_without_an_answer_may_take_effect(story: Story) -> None:
    story.created("0xB")
    story.workspace.script("PUT", ENDPOINT, NoAnswerError("late", sent=True))

    assert story.advance() == Unsettled("no_answer", "late", maybe_applied=True)
