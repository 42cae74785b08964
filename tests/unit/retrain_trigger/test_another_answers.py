"""A smoke test is believed only where no other model than ours can have answered it."""

from datetime import timedelta

import pytest

from protocols.protocol import Answer, Unsettled
from retrain_trigger.landed import model_landed
from retrain_trigger.watch import watch
from tests.fakes.endpoints_folder import table
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import NAME, SmallWorld
from tests.fakes.smoke_tested import SMOKE_TEST, smoke_tested

GOOD, NEXT, LATER = (f"{NAME}/{name}.ilearner" for name in ("good", "next", "zlater"))
DOWN = Unsettled("http_503", "down")
NO_ANSWER = Unsettled("no_answer", "reset", maybe_applied=True)


def applies(seconds: int) -> Reaction:
    return Reaction(NO_ANSWER, applies_after=timedelta(seconds=seconds))


def land_after_no_answer(world: SmallWorld, reaction: Answer | Reaction) -> None:
    """Have the PATCH of one model go without an answer, and the next one land."""
    world.clock.advance(minutes=1)
    world.scoring.react(NAME, reaction)
    world.land(NEXT)
    world.clock.advance(seconds=5)
    world.land(LATER)


def ends(world: SmallWorld) -> tuple[str | None, str, str]:
    desired = world.desired()
    return world.scoring.serves(NAME), desired.model.name, desired.state


def is_live(name: str) -> tuple[str, str, str]:
    return f"experimentoutput/{name}", name, "live"


def test_a_bad_model_that_is_applied_late_does_not_answer_for_the_good_one_after_it() -> None:
    """Rule 2: within five minutes it may take the place of what was accepted after it."""
    world = smoke_tested(GOOD)
    world.scoring.no_good.add(NEXT)
    land_after_no_answer(world, applies(20))
    world.calls.forget()
    world.run(minutes=4)
    assert world.calls.count("endpoint.score") == 0

    world.run(minutes=10)

    assert ends(world) == is_live(LATER)
    assert world.sent() == [GOOD, NEXT, LATER, LATER]


def test_a_good_model_that_is_applied_late_does_not_answer_for_the_bad_one_after_it() -> None:
    world = smoke_tested(GOOD)
    world.scoring.no_good.add(LATER)
    land_after_no_answer(world, applies(20))
    world.run(minutes=15)

    assert ends(world) == is_live(GOOD)
    assert world.record().history[-1].deployment.state == "rolled_back"


@pytest.mark.parametrize("waits", [False, True])
def test_one_without_an_answer_does_not_answer_for_the_one_before_it(*, waits: bool) -> None:
    world = smoke_tested(GOOD)
    world.scoring.no_good.add(LATER)
    world.clock.advance(minutes=1)
    world.land(NEXT)
    world.scoring.react(NAME, applies(0))
    world.clock.advance(seconds=5)
    world.land(LATER)
    if waits:
        world.folder.rewrite(table(NAME, more="auto_deploy = false\n" + SMOKE_TEST))
    else:
        world.catalog.delete(LATER)
    world.scoring.down = DOWN
    world.run(minutes=5)
    world.scoring.down = None
    world.run(hours=1)

    serving = world.record().serving
    assert world.scoring.serves(NAME) == f"experimentoutput/{NEXT}"
    assert serving is not None
    assert (serving.model.name, serving.confirmed_by) == (NEXT, "smoke_test")


def test_an_answer_that_comes_once_another_may_have_given_it_is_not_believed() -> None:
    world = smoke_tested(GOOD)
    world.scoring.no_good.add(LATER)
    world.clock.advance(minutes=1)
    world.land(NEXT)

    def sent_in_vain() -> None:
        world.scoring.react(NAME, applies(-30))
        world.catalog.put(LATER)
        model_landed(world.engine, LATER)
        world.catalog.delete(LATER)
        world.scoring.down = DOWN
        world.clock.advance(seconds=31)
        watch(world.engine)

    world.calls.script("endpoint.score", sent_in_vain, after=False)
    world.tick()
    past = [one.deployment for one in world.record().history if one.deployment.model.name == NEXT]
    assert [(one.error, one.confirmations) for one in past] == [(None, 0)]
    world.scoring.down = None
    world.run(hours=1)

    assert world.scoring.serves(NAME) == f"experimentoutput/{NEXT}"


@pytest.mark.parametrize("is_good", [False, True])
def test_where_the_endpoint_does_not_take_ours_again_what_answers_is_believed(
    *, is_good: bool
) -> None:
    """It would never be asked otherwise, and a bad model serve on."""
    world = smoke_tested(GOOD)
    if not is_good:
        world.scoring.no_good.add(LATER)
    land_after_no_answer(world, NO_ANSWER)
    world.scoring.no_models.add(LATER)
    world.run(minutes=30)

    expected = LATER if is_good else GOOD
    assert world.sent().count(LATER) > 1
    assert (world.desired().model.name, world.desired().state) == (expected, "live")
