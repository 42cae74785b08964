"""A 200 is no proof: a model that answers its smoke test wrong is put back out of service."""

from datetime import timedelta

import pytest

from patch_endpoint.steps import redeploying, rolling_back
from protocols.protocol import Accepted, Refused, Unsettled
from retrain_trigger.landed import model_landed
from settings.scoring_endpoint import ScoringEndpoint
from tests.fakes.endpoints_folder import table
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import NAME, SmallWorld
from tests.fakes.smoke_tested import SMOKE_TEST, smoke_tested

GOOD, OLDER, BAD, NEWER, NEWEST = (
    f"{NAME}/{name}.ilearner" for name in ("good", "a-older", "bad", "newer", "newest")
)
KEY_IS_WRONG = Refused("http_401", "the key is wrong")


def endpoint(world: SmallWorld) -> ScoringEndpoint:
    return world.engine.endpoints.current().by_name[NAME]


def land_bad(world: SmallWorld, name: str = BAD) -> None:
    world.scoring.no_good.add(name)
    world.clock.advance(minutes=1)
    world.land(name)


def refuse_next(world: SmallWorld) -> None:
    world.scoring.react(NAME, Refused("http_400", "no model", about_model=True))


def pass_over_newer(world: SmallWorld) -> None:
    """Have one go unsent in an outage, and the next one refused for no fault of any model."""
    world.scoring.react(NAME, Unsettled("http_503", "down"), KEY_IS_WRONG)
    world.clock.advance(seconds=1)
    world.land(NEWER)
    world.clock.advance(seconds=1)
    world.land(NEWEST)


def ended(world: SmallWorld) -> list[tuple[str, str]]:
    past = [one.deployment for one in world.record().history]
    return [(one.model.name, one.state) for one in past]


def confirmations(world: SmallWorld) -> int:
    return sum(past.deployment.confirmations for past in world.record().history)


def test_the_previous_model_is_put_back_and_the_record_says_why() -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.run(minutes=10)

    desired = world.desired()
    assert (desired.model.name, desired.cause, desired.state) == (GOOD, "rollback", "live")
    assert desired.requested_by is None
    assert desired.reason is not None
    assert "smoke_test_failed" in desired.reason
    assert world.sent() == [GOOD, BAD, GOOD]
    rejected = world.record().history[-1].deployment
    assert (rejected.model.name, rejected.state) == (BAD, "rolled_back")
    assert rejected.error is not None
    assert rejected.error.code == "smoke_test_failed"


def test_a_rejected_model_is_not_tried_again() -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.run(minutes=10)

    model_landed(world.engine, BAD)
    world.sweep()
    world.run(hours=3)

    assert world.sent() == [GOOD, BAD, GOOD]


def test_one_wrong_answer_alone_rejects_nothing() -> None:
    """The service may not yet have taken the model into effect."""
    world = smoke_tested(GOOD)
    land_bad(world)
    world.tick()
    assert world.desired().confirmations == 1

    world.scoring.no_good.clear()
    world.run(minutes=5)

    assert (world.desired().model.name, world.desired().state) == (BAD, "live")


def test_a_model_that_landed_meanwhile_still_wins() -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.tick()
    world.land(NEWER)
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (NEWER, "live")
    assert world.sent() == [GOOD, BAD, NEWER]


def test_a_model_that_lands_after_the_rejection_wins() -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.run(minutes=10)
    world.land(NEWER)
    world.run(minutes=5)

    assert (world.desired().model.name, world.desired().state) == (NEWER, "live")


def test_a_model_that_landed_before_the_rejection_wins_also_if_its_event_comes_after() -> None:
    """What is put back stands just after what it rejects, not at the time of the rejection."""
    world = smoke_tested(GOOD)
    land_bad(world)
    world.clock.advance(seconds=5)
    world.catalog.put(NEWER)
    world.run(minutes=10)
    assert world.desired().model.name == GOOD

    world.sweep()
    world.run(minutes=5)

    assert (world.desired().model.name, world.desired().state) == (NEWER, "live")


def test_with_nothing_to_go_back_to_it_stays_and_says_why() -> None:
    world = smoke_tested()
    land_bad(world)
    world.run(hours=3)

    desired = world.desired()
    assert (desired.model.name, desired.state) == (BAD, "patched")
    assert desired.error is not None
    assert desired.error.code == "smoke_test_failed"
    assert world.sent() == [BAD]


def test_if_the_one_put_back_fails_too_nothing_more_is_put_back() -> None:
    """Then the smoke test is in doubt, and a person must look."""
    world = smoke_tested(OLDER, GOOD)
    land_bad(world)
    world.scoring.no_good.add(GOOD)
    world.run(hours=3)

    assert world.sent() == [OLDER, GOOD, BAD, GOOD]
    assert world.desired().state == "patched"


def test_if_the_previous_model_is_gone_the_one_before_it_is_put_back() -> None:
    world = smoke_tested(OLDER, GOOD, more="keep = 0\n")
    land_bad(world)
    world.tick()
    world.catalog.delete(GOOD)
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (OLDER, "live")
    assert ended(world)[-2:] == [(BAD, "rolled_back"), (GOOD, "refused")]


def test_overwritten_bytes_are_put_back_from_their_copy_even_with_room_for_one() -> None:
    latest = f"{NAME}/latest.ilearner"
    world = smoke_tested(latest, more="keep = 1\n")
    first = world.record().copy_of(world.desired().model)
    assert first is not None
    world.clock.advance(minutes=1)
    world.land(latest)
    world.scoring.smoke_test_says = False
    world.run(minutes=2)
    world.scoring.smoke_test_says = True
    world.run(minutes=5)

    assert world.scoring.sent_to(NAME)[-1].blob == f"retrain-kept/{first.name}"
    assert (world.desired().cause, world.desired().state) == ("rollback", "live")


def test_what_a_person_redeployed_is_put_back_out_of_service_too() -> None:
    world = smoke_tested(OLDER, GOOD)
    world.scoring.no_good.add(OLDER)
    world.engine.deployer.work(endpoint(world), redeploying(OLDER, "ada", None))
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (GOOD, "live")


def test_what_a_person_rolled_back_to_stays() -> None:
    world = smoke_tested(OLDER, GOOD)
    world.scoring.no_good.add(OLDER)
    world.engine.deployer.work(endpoint(world), rolling_back("ada", None, hold=True))
    world.run(hours=2)

    assert (world.desired().model.name, world.desired().state) == (OLDER, "patched")


def test_while_held_a_failing_model_is_put_back_all_the_same() -> None:
    """To go back is no landing: a hold does not keep what fails in service."""
    world = smoke_tested(OLDER, GOOD)
    world.engine.deployer.work(endpoint(world), rolling_back("ada", None, hold=True))
    world.run(minutes=3)
    world.scoring.no_good.add(GOOD)
    world.engine.deployer.work(endpoint(world), redeploying(GOOD, "ada", None))
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (OLDER, "live")


@pytest.mark.parametrize(
    "says",
    [
        Unsettled("http_503", "busy"),
        Unsettled("no_answer", "nothing"),
        Refused("http_401", "the key is wrong"),
        Unsettled("smoke_test_unreadable", "HTML"),
    ],
    ids=lambda says: str(says.code),
)
def test_an_endpoint_that_cannot_answer_rejects_no_model(says: Refused | Unsettled) -> None:
    world = smoke_tested(GOOD)
    world.land(NEWER)
    world.scoring.smoke_test_says = says
    world.run(hours=3)

    assert (world.desired().model.name, world.desired().state) == (NEWER, "patched")
    assert world.sent() == [GOOD, NEWER]


def test_a_model_that_makes_the_endpoint_refuse_the_smoke_test_is_rejected() -> None:
    world = smoke_tested(GOOD)
    world.land(NEWER)
    world.scoring.smoke_test_says = Refused("http_400", "module error", about_model=True)
    world.run(minutes=10)

    assert world.desired().model.name == GOOD
    assert ended(world)[-1] == (NEWER, "rolled_back")


def test_a_late_patch_of_the_rejected_model_does_not_stay() -> None:
    """Rule 2: its answer never came, and the endpoint applies it after the one put back."""
    world = smoke_tested(GOOD)
    no_answer = Unsettled("no_answer", "reset", maybe_applied=True)
    world.scoring.react(NAME, Reaction(no_answer, applies_after=timedelta(minutes=4)))
    land_bad(world)
    world.run(minutes=20)

    assert world.sent() == [GOOD, BAD, BAD, GOOD, GOOD]
    assert world.desired().model.name == GOOD
    assert world.scoring.serves(NAME) == f"experimentoutput/{GOOD}"


@pytest.mark.parametrize("looks", [0, 1])
def test_a_model_that_serves_is_proven_also_where_the_next_one_was_refused(looks: int) -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    for _ in range(looks):
        world.tick()
    refuse_next(world)
    world.clock.advance(seconds=1)
    world.land(NEWER)
    assert (world.desired().model.name, world.desired().state) == (NEWER, "refused")
    world.run(minutes=10)

    desired = world.desired()
    assert (desired.model.name, desired.cause, desired.state) == (GOOD, "rollback", "live")
    assert world.sent() == [GOOD, BAD, NEWER, GOOD]
    assert ended(world)[-2:] == [(NEWER, "refused"), (BAD, "rolled_back")]


def test_what_a_refused_model_did_not_replace_goes_live_and_can_be_gone_back_to() -> None:
    world = smoke_tested(GOOD)
    world.clock.advance(minutes=1)
    world.land(NEWER)
    refuse_next(world)
    world.clock.advance(seconds=1)
    world.land(BAD)
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (BAD, "refused")
    serving, brought = world.record().serving, world.record().history[-1].deployment
    assert serving is not None
    assert (serving.model.name, serving.confirmed_by) == (NEWER, "smoke_test")
    assert (brought.model.name, brought.state) == (NEWER, "superseded")
    assert brought.live_at is not None
    assert world.sent() == [GOOD, NEWER, BAD]
    assert world.record().copy_of(serving.model) is not None


def test_a_model_that_serves_is_proven_also_where_the_next_one_has_to_wait() -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.scoring.down = Unsettled("http_503", "down")
    world.clock.advance(seconds=1)
    world.land(NEWER)
    world.folder.rewrite(table(NAME, more="auto_deploy = false\n" + SMOKE_TEST))
    world.scoring.down = None
    world.run(minutes=30)

    desired, waiting = world.desired(), world.record().waiting
    assert (desired.model.name, desired.cause, desired.state) == (GOOD, "rollback", "live")
    assert waiting is not None
    assert waiting.model.name == NEWER


def test_it_is_proven_also_where_the_history_is_full_of_models_that_were_live() -> None:
    world = smoke_tested(*(f"{NAME}/{number:02}.ilearner" for number in range(21)))
    land_bad(world)
    refuse_next(world)
    world.clock.advance(seconds=1)
    world.land(NEWER)
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (f"{NAME}/20.ilearner", "live")
    assert ended(world)[-1] == (BAD, "rolled_back")


@pytest.mark.parametrize(("seconds", "after"), [(5, True), (40, True), (45, False)])
def test_it_is_proven_also_where_the_next_one_lands_during_its_patch(
    *, seconds: int, after: bool
) -> None:
    world = smoke_tested(GOOD)
    world.scoring.no_good.add(BAD)
    accepted = Reaction(Accepted(), timedelta())
    world.scoring.react(NAME, accepted, Refused("http_400", "no model", about_model=True))
    world.clock.advance(minutes=1)

    def lands() -> None:
        world.clock.advance(seconds=seconds)
        world.catalog.put(NEWER)
        model_landed(world.engine, NEWER)

    world.calls.script("endpoint.patch", lands, after=after)
    world.land(BAD)
    serving = world.record().serving
    assert serving is not None
    assert (serving.model.name, serving.confirmed_by) == (BAD, None)
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (GOOD, "live")
    assert ended(world)[-2:] == [(NEWER, "refused"), (BAD, "rolled_back")]


@pytest.mark.parametrize("waits", [False, True])
def test_it_is_proven_also_where_the_next_one_is_tried_for_more_than_an_hour(
    *, waits: bool
) -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.scoring.down = Unsettled("http_503", "down")
    world.clock.advance(seconds=1)
    world.land(NEWER)
    world.run(minutes=70)
    world.scoring.down = None
    if waits:
        world.folder.rewrite(table(NAME, more="auto_deploy = false\n" + SMOKE_TEST))
    else:
        refuse_next(world)
    world.run(hours=1)

    assert (world.desired().model.name, world.desired().state) == (GOOD, "live")
    assert ended(world)[-1] == (BAD, "rolled_back")


def test_it_is_proven_also_where_the_first_answer_after_that_hour_says_nothing() -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.scoring.down = Unsettled("http_503", "down")
    world.clock.advance(seconds=1)
    world.land(NEWER)
    world.run(minutes=70)
    world.scoring.down = None
    refuse_next(world)
    world.scoring.no_good.clear()
    world.scoring.smoke_test_says = Unsettled("http_503", "busy")
    while world.record().serving is None or not confirmations(world):
        world.tick()
    world.scoring.no_good.add(BAD)
    world.scoring.smoke_test_says = True
    world.run(hours=1)

    assert (world.desired().model.name, world.desired().state) == (GOOD, "live")
    assert ended(world)[-1] == (BAD, "rolled_back")


def test_a_later_model_that_was_passed_over_is_next_and_not_the_previous_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It could not be sent, and what took its place was refused for no fault of any model."""
    world = smoke_tested(GOOD)
    land_bad(world)
    pass_over_newer(world)
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == (NEWER, "live")
    assert ended(world)[-3:-1] == [(NEWEST, "refused"), (BAD, "rolled_back")]
    told = [
        one.getMessage() for one in caplog.records if "deployment.rolled_back" in one.getMessage()
    ]
    assert len(told) == 1
    assert f"model={BAD}" in told[0]
    assert f"to={NEWER}" in told[0]


@pytest.mark.parametrize("waits", [False, True])
def test_it_is_gone_back_from_also_where_that_was_overtaken(*, waits: bool) -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    world.tick()
    world.scoring.down = Unsettled("http_503", "down")
    world.run(minutes=2)
    assert (world.desired().cause, world.desired().state) == ("rollback", "pending")
    world.land(NEWER)
    world.scoring.down = None
    if waits:
        world.folder.rewrite(table(NAME, more="auto_deploy = false\n" + SMOKE_TEST))
    else:
        world.scoring.react(NAME, Refused("http_401", "the key is wrong"))
    world.run(hours=1)

    assert world.scoring.serves(NAME) == f"experimentoutput/{GOOD}"
    assert (world.desired().model.name, world.desired().state) == (GOOD, "live")
    assert (BAD, "rolled_back") in ended(world)


@pytest.mark.parametrize("status", [None, 400, 401], ids=["gone", "400", "401"])
def test_where_that_later_one_cannot_be_served_either_the_previous_one_is_put_back(
    status: int | None,
) -> None:
    world = smoke_tested(GOOD)
    land_bad(world)
    pass_over_newer(world)
    if status is None:
        world.catalog.delete(NEWER)
    elif status == 400:
        refuse_next(world)
    else:
        world.scoring.react(NAME, KEY_IS_WRONG)
    world.run(hours=1)

    assert (world.desired().model.name, world.desired().state) == (GOOD, "live")
    assert world.sent()[-1] == GOOD
