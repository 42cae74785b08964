"""What persons do to an endpoint's traffic, and what the next model makes of it."""

import pytest

from protocols.azureml_online.online_endpoint import OnlineEndpoint
from protocols.protocol import Accepted, Refused, Underway
from tests.unit.protocols.azureml_online.story import LIVE, MOVED, WRONG, Story, model, stage


@pytest.fixture
def story() -> Story:
    """Give an endpoint with a model of ours in service, and one that has a tenth beside it."""
    story = Story()
    assert story.bring_into_service(model("0xA")) == LIVE
    story.created("0xB")
    story.gives_a_tenth()
    return story


def accepted(story: Story) -> None:
    """Have the model that has everything accepted."""
    assert stage(story.advance()) == "traffic_100"
    story.settle()
    assert story.advance() == Accepted()


def tags(story: Story) -> dict[str, str]:
    assert story.workspace.endpoint is not None
    found: dict[str, str] = story.workspace.endpoint["tags"]
    return found


# A model on trial is given all traffic.


def test_what_a_person_gave_everything_is_noted_as_what_served(story: Story) -> None:
    story.gives({"m-0xb": 100})

    accepted(story)

    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {"m-0xb": 100}
    assert tags(story)["redeployer-served"] == f"m-0xb {LIVE}"
    assert story.patch(model("0xB")) == Accepted()


def test_what_a_person_went_back_to_is_noted_once_it_is_accepted(story: Story) -> None:
    story.gives({"m-0xb": 100})
    accepted(story)
    story.gives({LIVE: 100})

    assert stage(story.patch(model("0xA"))) == "traffic_100"
    story.settle()
    assert story.advance() == Accepted()
    assert tags(story)["redeployer-served"] == f"{LIVE} m-0xb"


def test_the_first_claim_notes_nothing_at_the_endpoint(story: Story) -> None:
    """Blue/green: what has no answer there takes no effect, however late."""
    story.gives({LIVE: 100})
    accepted_before = tags(story)["redeployer-served"]
    story.protocol.patch(story.endpoint, "", model("0xB"))

    assert story.workspace.changes == []
    assert tags(story)["redeployer-served"] == accepted_before


@pytest.mark.parametrize("is_accepted", [True, False])
def test_the_next_model_comes_step_by_step_beside_what_a_person_gave_everything(
    story: Story, *, is_accepted: bool
) -> None:
    story.gives({"m-0xb": 100})
    if is_accepted:
        accepted(story)

    story.patch(model("0xC"))
    assert story.workspace.traffic == {"m-0xb": 100}
    story.settle()
    assert stage(story.advance()) == "traffic_10"

    assert story.workspace.traffic == {"m-0xb": 90, "m-0xc": 10}
    story.settle()
    assert stage(story.advance(minutes=10)) == "traffic_100"
    story.settle()
    assert story.advance() == Accepted()
    assert story.workspace.traffic == {"m-0xc": 100}


@pytest.mark.parametrize("is_accepted", [True, False])
@pytest.mark.parametrize("has_traffic", [True, False])
def test_the_next_model_fails_and_leaves_what_a_person_gave_everything(
    story: Story, *, is_accepted: bool, has_traffic: bool
) -> None:
    story.gives({"m-0xb": 100})
    if is_accepted:
        accepted(story)
    story.created("0xC")
    if has_traffic:
        assert stage(story.advance()) == "traffic_10"
        story.settle()
    story.workspace.scores["m-0xc"] = WRONG

    for _ in range(2):
        answer = story.advance()
        assert story.workspace.traffic.get("m-0xb", 0) >= 90
        story.settle()

    answer = story.advance() if not isinstance(answer, Refused) else answer
    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"
    assert story.workspace.traffic == {"m-0xb": 100}
    assert story.protocol.tidy(story.endpoint) == Accepted()
    assert "m-0xb" in story.workspace.deployments


def test_what_is_accepted_is_not_tidied_away_where_a_person_moved_its_traffic(
    story: Story,
) -> None:
    story.gives({"m-0xb": 100})
    accepted(story)
    story.gives({LIVE: 100})

    assert story.protocol.tidy(story.endpoint) == Accepted()

    assert list(story.workspace.deployments) == [LIVE, "m-0xb"]


# Traffic goes to two models on trial, and to nobody else.


def test_models_on_trial_that_have_everything_between_them_keep_it(story: Story) -> None:
    story.gives({"m-0xb": 40, "m-0xc": 60})

    assert stage(story.patch(model("0xC"))) == "clearing"

    assert story.workspace.traffic == {"m-0xb": 100}


def described(step: str, traffic: dict[str, int]) -> OnlineEndpoint:
    return OnlineEndpoint(
        {"tags": {"redeployer-step": step}, "properties": {"traffic": traffic}},
    )


@pytest.mark.parametrize(
    ("traffic", "left"),
    [
        ({"b": 100}, {"b": 100}),
        ({"b": 40, "c": 60}, {"b": 100}),
        ({"a": 90, "b": 10}, {"a": 100}),
        ({"c": 100}, {"c": 100}),
        ({}, {}),
    ],
)
def test_traffic_is_taken_back_only_where_somebody_is_there_to_have_it(
    traffic: dict[str, int], left: dict[str, int]
) -> None:
    assert described("b:10", traffic).taken_back("c")["properties"]["traffic"] == left


def test_a_model_gets_its_share_and_no_more_beside_another_on_trial() -> None:
    body = described("b:10", {"b": 95, "c": 5}).given("c", 10)

    assert body["properties"]["traffic"] == {"b": 90, "c": 10}


def test_what_stops_for_a_persons_change_is_not_tried_any_more(story: Story) -> None:
    story.gives({LIVE: 100})
    story.workspace.scores["m-0xb"] = WRONG

    answer = story.advance()

    assert isinstance(answer, Refused)
    assert answer.code == "traffic_changed"
    assert {one.method for one in story.workspace.asked} == {"GET"}


# A model that was live, and whose traffic a person moved, is sent again.


@pytest.fixture
def moved_away(story: Story) -> Story:
    """Give an endpoint where both models served, the second last, and the first does by hand."""
    story.advance(minutes=10)
    story.settle()
    assert story.advance() == Accepted()
    story.gives({LIVE: 100})
    story.workspace.asked.clear()
    return story


@pytest.mark.parametrize("traffic", [{LIVE: 100}, {LIVE: 50, "m-0xb": 50}])
def test_a_model_that_was_live_gets_everything_back_when_a_person_sends_it_again(
    moved_away: Story, traffic: dict[str, int]
) -> None:
    moved_away.gives(traffic)

    assert stage(moved_away.patch(model("0xB"))) == "traffic_100"

    assert moved_away.workspace.changes == [MOVED]
    assert moved_away.workspace.traffic == {"m-0xb": 100}
    moved_away.settle()
    assert moved_away.advance() == Accepted()


def test_what_is_given_back_is_given_once_where_that_is_not_recorded(moved_away: Story) -> None:
    begun = moved_away.protocol.patch(moved_away.endpoint, "", model("0xB"))
    moved_away.patch(model("0xB"))
    moved_away.settle()
    moved_away.workspace.asked.clear()

    assert isinstance(begun, Underway)
    assert begun.stage == "restoring"
    moved_away.underway = begun
    assert moved_away.advance() == Accepted()
    assert moved_away.workspace.changes == []


def test_what_is_given_back_and_moved_away_again_is_left_as_that_person_wants_it(
    moved_away: Story,
) -> None:
    moved_away.patch(model("0xB"))
    moved_away.settle()
    moved_away.gives({LIVE: 100})

    what = "it was given 100 % of the traffic, and somebody else changed that"
    assert moved_away.advance() == Refused("traffic_changed", what)


def test_what_goes_back_waits_for_an_endpoint_at_work(moved_away: Story) -> None:
    begun = moved_away.protocol.patch(moved_away.endpoint, "", model("0xB"))
    assert isinstance(begun, Underway)
    moved_away.patch(model("0xB"))
    moved_away.underway = begun
    moved_away.workspace.asked.clear()

    assert stage(moved_away.advance()) == "restoring"
    assert moved_away.workspace.changes == []
