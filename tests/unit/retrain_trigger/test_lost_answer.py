"""A PATCH without an answer may be in effect, also when its model is then given up."""

from datetime import timedelta

import pytest

from protocols.protocol import Unsettled
from tests.fakes.endpoints_folder import table
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import NAME, SmallWorld

MODEL = "census/model.ilearner"
NEWER = "census/newer.ilearner"
NO_ANSWER = Unsettled("no_answer", "reset", maybe_applied=True)


@pytest.mark.parametrize("late", [timedelta(), timedelta(minutes=4)])
def test_what_serves_is_sent_once_more_where_a_model_was_applied_unheard_and_is_gone(
    late: timedelta,
) -> None:
    """Invariant 1: the last PATCH is for the latest model that is neither refused nor gone."""
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=10)
    world.scoring.react(NAME, Reaction(NO_ANSWER, late))
    world.land(NEWER)
    world.catalog.delete(NEWER)
    world.run(minutes=30)

    assert world.desired().state == "refused"
    assert world.sent()[-1] == MODEL
    assert world.scoring.serves(NAME) == f"experimentoutput/{MODEL}"


def test_what_cannot_be_sent_once_more_is_not_tried_for_ever() -> None:
    world = SmallWorld(table(NAME, more="keep = 0"))
    world.land(MODEL)
    world.run(minutes=10)
    world.scoring.react(NAME, Reaction(NO_ANSWER, timedelta()))
    world.land(NEWER)
    world.catalog.delete(NEWER)
    world.catalog.delete(MODEL)
    world.run(minutes=30)

    serving = world.record().serving
    assert serving is not None
    assert not serving.renewable
    assert world.store.names("agenda/") == []
