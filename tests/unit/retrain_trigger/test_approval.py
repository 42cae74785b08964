"""What nobody may deploy unasked is not deployed, whenever that was said."""

from datetime import timedelta

import pytest

from patch_endpoint.steps import redeploying, releasing, rolling_back
from protocols.protocol import Unsettled
from settings.scoring_endpoint import ScoringEndpoint
from tests.fakes.endpoints_folder import table
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import NAME, SmallWorld

A, B, C = (f"{NAME}/{name}.ilearner" for name in "abc")
OFF, WRONG = "auto_deploy = false\n", 'auto_deploy = "no"\n'
OUTAGE = Unsettled("http_503", "busy")
NO_ANSWER = Unsettled("no_answer", "reset", maybe_applied=True)


def endpoint(world: SmallWorld) -> ScoringEndpoint:
    return world.engine.endpoints.current().by_name[NAME]


def live(*names: str) -> SmallWorld:
    world = SmallWorld()
    world.go_live(*names)
    return world


def pending(world: SmallWorld, name: str) -> None:
    """Have a model land while the endpoint is down."""
    world.scoring.down = OUTAGE
    world.clock.advance(minutes=1)
    world.land(name)
    assert world.desired().state == "pending"


def waiting(world: SmallWorld) -> str | None:
    one = world.record().waiting
    return one.model.name if one else None


@pytest.mark.parametrize("more", [OFF, WRONG], ids=["off", "wrong"])
def test_switching_auto_deploy_off_stops_a_landed_model_that_is_not_yet_accepted(more: str) -> None:
    world = live(A)
    pending(world, B)

    world.folder.rewrite(table(NAME, more=more))
    world.run(minutes=20)
    world.scoring.heal()
    world.run(hours=1)

    assert world.scoring.serves(NAME) == f"experimentoutput/{A}"
    if more == OFF:
        assert (waiting(world), world.desired().model.name, world.desired().state) == (B, A, "live")


def test_what_waits_since_then_goes_when_a_person_releases_it() -> None:
    world = live(A)
    pending(world, B)
    world.folder.rewrite(table(NAME, more=OFF))
    world.run(minutes=20)
    world.scoring.heal()

    world.engine.deployer.work(endpoint(world), releasing("ada", "it is good"))
    world.run(minutes=5)

    desired = world.desired()
    assert (desired.model.name, desired.state, waiting(world)) == (B, "live", None)
    assert (desired.released_by, desired.reason) == ("ada", "it is good")


def test_what_a_person_released_is_not_stopped_by_an_outage() -> None:
    world = SmallWorld(table(NAME, more=OFF))
    world.land(A)
    world.scoring.down = OUTAGE
    world.engine.deployer.work(endpoint(world), releasing("ada", None))
    world.run(minutes=20)
    world.scoring.heal()
    world.run(minutes=30)

    assert (world.desired().model.name, world.desired().state) == (A, "live")


def test_what_a_person_asked_for_goes_on_when_auto_deploy_is_switched_off() -> None:
    world = live(A, B)
    world.scoring.down = OUTAGE
    world.engine.deployer.work(endpoint(world), redeploying(A, "ada", None))
    world.folder.rewrite(table(NAME, more=OFF))
    world.run(minutes=20)
    world.scoring.heal()
    world.run(minutes=30)

    assert (world.desired().model.name, world.desired().state) == (A, "live")


def test_what_waits_since_then_goes_when_auto_deploy_is_switched_on_again() -> None:
    world = live(A)
    pending(world, B)
    world.folder.rewrite(table(NAME, more=OFF))
    world.run(minutes=20)
    world.scoring.heal()
    world.folder.rewrite(table(NAME))
    world.sweep()
    world.run(days=1)

    assert (world.desired().model.name, world.desired().state) == (B, "live")


def test_what_waits_goes_then_also_where_what_is_desired_was_refused() -> None:
    world = live(A)
    world.scoring.no_models.add(B)
    world.clock.advance(minutes=1)
    world.land(B)
    world.folder.rewrite(table(NAME, more=OFF))
    world.run(minutes=20)
    world.land(C)
    assert (world.desired().state, waiting(world)) == ("refused", C)

    world.folder.rewrite(table(NAME))
    world.run(minutes=20)
    world.sweep()
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (C, "live")


def test_one_that_may_have_been_applied_is_overruled_by_what_serves() -> None:
    world = live(A)
    world.scoring.react(NAME, Reaction(NO_ANSWER, applies_after=timedelta()))
    world.clock.advance(minutes=1)
    world.land(B)
    world.folder.rewrite(table(NAME, more=OFF))
    world.run(minutes=20)

    assert world.scoring.serves(NAME) == f"experimentoutput/{A}"
    assert waiting(world) == B


def test_while_held_a_refused_rollback_lets_no_landed_model_go() -> None:
    world = live(A)
    pending(world, C)
    world.scoring.no_models.add(A)
    world.engine.deployer.work(endpoint(world), rolling_back("ada", None, hold=True))
    world.scoring.heal()
    world.run(hours=1)

    assert C not in world.sent()[-1:]
    assert world.scoring.serves(NAME) == f"experimentoutput/{A}"
    assert waiting(world) == C


def test_of_what_waits_during_a_hold_the_newest_goes_on_waiting() -> None:
    world = live(A)
    pending(world, B)
    world.scoring.no_models.add(A)
    world.engine.deployer.work(endpoint(world), rolling_back("ada", None, hold=True))
    world.clock.advance(minutes=1)
    world.land(C)
    assert waiting(world) == C
    world.scoring.heal()
    world.run(hours=1)

    assert waiting(world) == C
    past = [(one.deployment.model.name, one.deployment.state) for one in world.record().history]
    assert (B, "superseded") in past


def test_a_fault_in_its_table_lets_nothing_go_that_waits() -> None:
    world = SmallWorld(table(NAME, more=OFF))
    world.land(A)
    assert waiting(world) == A

    world.folder.rewrite(table(NAME, key="a-literal-key"))
    world.run(hours=1)

    assert waiting(world) == A
    assert world.sent() == []


def test_a_release_in_vain_has_what_serves_sent_again_no_sooner_than_its_pause() -> None:
    world = live(A)
    world.scoring.down = NO_ANSWER
    world.clock.advance(minutes=1)
    world.land(B)
    world.folder.rewrite(table(NAME, more=OFF))
    world.clock.advance(minutes=2)
    world.tick()
    assert world.sent() == [A, B, A]  # B may have been applied

    world.catalog.put(B, b"other bytes")
    world.engine.deployer.work(endpoint(world), releasing("ada", None))

    assert (world.desired().model.name, world.desired().state) == (B, "refused")
    assert world.sent() == [A, B, A]
    world.run(minutes=2)
    assert set(world.sent()[3:]) == {A}
