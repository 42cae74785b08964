"""What was sent to an online endpoint before, whole or in part."""

import pytest

from protocols.protocol import Accepted, Refused, Underway
from tests.unit.protocols.azureml_online.story import (
    DELETED,
    LIVE,
    MOVED,
    SMOKE,
    TABLE,
    WRONG,
    Story,
    model,
    stage,
)


def test_the_same_again_sends_nothing_anew(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.asked.clear()

    assert stage(story.patch(model("0xB"))) == "creating"
    assert story.workspace.changes == []


def test_what_serves_is_accepted_at_once(story: Story) -> None:
    assert story.patch(model("0xA")) == Accepted()
    assert story.workspace.changes == []
    assert story.protocol.served(story.endpoint, "", model("0xA")) is True
    assert story.protocol.served(story.endpoint, "", model("0xB")) is False


def test_what_stands_and_once_had_everything_gets_it_back_with_one_request(story: Story) -> None:
    story.bring_into_service(model("0xB"))
    story.workspace.asked.clear()

    assert stage(story.patch(model("0xA"))) == "traffic_100"

    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {LIVE: 100}
    story.settle()
    assert story.advance() == Accepted()


def test_a_kept_copy_needs_no_datastore_where_the_deployment_stands() -> None:
    story = Story((TABLE + SMOKE).replace(', retrain-kept = "redeployer_kept"', ""))
    for etag in ("0xA", "0xB"):
        story.bring_into_service(model(etag))

    assert stage(story.patch(model("0xA", "retrain-kept"))) == "traffic_100"

    del story.workspace.deployments["m-0xb"]
    story.settle()
    story.advance()
    assert story.patch(model("0xB", "retrain-kept")) == Refused(
        "no_datastore", "`datastores` names none for the container retrain-kept", about_model=True
    )


def test_what_stands_and_never_had_everything_is_tried_anew(story: Story) -> None:
    story.created("0xB")
    story.workspace.asked.clear()

    assert stage(story.patch(model("0xB"))) == "traffic_10"
    assert story.workspace.changes == [MOVED]


def test_a_step_that_was_taken_and_not_recorded_is_watched_and_not_taken_again(
    story: Story,
) -> None:
    story.created("0xB")
    created = story.underway
    story.advance()
    story.underway = created
    story.settle()
    story.workspace.asked.clear()

    assert stage(story.advance()) == "traffic_10"
    assert story.workspace.changes == []


def test_a_copy_is_registered_as_another_version_than_the_blob_that_was_overwritten(
    story: Story,
) -> None:
    """A version's location can never be changed."""
    story.patch(model("0xB"))
    del story.workspace.deployments["m-0xb"]
    story.patch(model("0xB", "retrain-kept", "census/0xB"))

    versions = sorted(story.workspace.models)[-2:]
    assert len({*versions}) == 2
    assert all(one.startswith("/models/census/versions/0xB-") for one in versions)
    uris = {story.workspace.models[one]["properties"]["modelUri"] for one in versions}
    assert {uri.rpartition("/datastores/")[2] for uri in uris} == {
        "redeployer_models/paths/census/7.pkl",
        "redeployer_kept/paths/census/0xB",
    }


def test_what_a_try_before_left_is_deleted_and_created_anew(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in("Failed", "m-0xb")

    assert stage(story.patch(model("0xB"))) == "clearing"
    assert story.workspace.changes[-1] == DELETED
    assert stage(story.advance()) == "creating"


def test_what_failed_and_has_traffic_is_mended_where_it_stands(story: Story) -> None:
    """As after a person's change of what serves: to delete it would be an outage."""
    story.workspace.is_in("Failed", LIVE)

    assert stage(story.patch(model("0xA"))) == "creating"
    assert not [one for one in story.workspace.changes if one.startswith("DELETE")]


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting"])
def test_an_endpoint_at_work_is_waited_for(story: Story, state: str) -> None:
    story.workspace.is_in(state)

    assert stage(story.patch(model("0xB"))) == "clearing"
    assert story.workspace.changes == []
    story.settle()
    assert stage(story.advance()) == "creating"


def test_a_deployment_that_is_being_deleted_is_waited_for(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in("Deleting", "m-0xb")

    assert stage(story.patch(model("0xB"))) == "clearing"
    del story.workspace.deployments["m-0xb"]
    assert stage(story.advance()) == "creating"


def test_a_model_that_was_overtaken_on_its_way_loses_the_traffic_it_was_given(
    story: Story,
) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}

    assert stage(story.patch(model("0xC"))) == "clearing"
    assert story.workspace.traffic == {LIVE: 100}
    story.settle()
    assert stage(story.advance()) == "creating"
    assert DELETED in story.workspace.changes


def test_traffic_that_came_late_to_an_overtaken_model_goes_with_the_next_step(
    story: Story,
) -> None:
    story.created("0xB")
    created = story.workspace.endpoint
    story.advance()
    late, story.workspace.endpoint = story.workspace.endpoint, created
    story.created("0xC")
    story.workspace.endpoint = late
    story.settle()

    assert stage(story.advance()) == "traffic_10"
    assert story.workspace.traffic == {LIVE: 90, "m-0xc": 10}


def test_what_was_given_everything_is_no_more_on_trial(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    assert stage(story.advance(minutes=10)) == "traffic_100"
    story.workspace.scores["m-0xb"] = WRONG

    assert stage(story.advance()) == "traffic_100"


def test_going_back_leaves_nothing_to_what_was_given_a_part(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()

    assert stage(story.patch(model("0xA"))) == "traffic_100"
    assert story.workspace.traffic == {LIVE: 100}


def test_the_first_claim_leaves_the_traffic_alone(story: Story) -> None:
    """Blue/green: what has no answer there takes no effect, however late."""
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.asked.clear()

    for etag in ("0xA", "0xC"):
        answer = story.protocol.patch(story.endpoint, "", model(etag))
        assert isinstance(answer, Underway)
        assert answer.at_once
    assert MOVED not in story.workspace.changes
