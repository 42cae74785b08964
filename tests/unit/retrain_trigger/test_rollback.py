"""A person goes back, holds and releases; all on the one path."""

import pytest

from patch_endpoint.steps import (
    ModelGoneError,
    NothingToGoBackToError,
    redeploying,
    releasing,
    rolling_back,
)
from protocols.protocol import Refused
from retrain_trigger.landed import model_landed
from settings.scoring_endpoint import ScoringEndpoint
from state.storage_errors import UnavailableError
from tests.fakes.endpoints_folder import table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

LATEST = f"{NAME}/latest.ilearner"


def endpoint(world: SmallWorld) -> ScoringEndpoint:
    return world.engine.endpoints.current().by_name[NAME]


def lived(world: SmallWorld, *names: str) -> None:
    """Have models land and go live, one after the other."""
    for name in names:
        world.land(name)
        world.run(minutes=3)
        assert world.desired().state == "live"


def rolled_back(world: SmallWorld, *, hold: bool = True) -> None:
    world.clock.advance(minutes=1)
    world.engine.deployer.work(endpoint(world), rolling_back("ada", "bad scores", hold=hold))
    world.run(minutes=3)


def restorable(world: SmallWorld) -> dict[str, bool]:
    """Say of each past model whether the endpoint's document calls it restorable."""
    shown = document(routes_of(world).get_endpoint(asking(f"GET endpoints/{NAME}")))
    return {row["model"]["name"]: row["restorable"] for row in shown["history"]}


def redeployed(world: SmallWorld, name: str) -> None:
    world.clock.advance(minutes=1)
    world.engine.deployer.work(endpoint(world), redeploying(name, "bob", None))
    world.run(minutes=3)


def released(world: SmallWorld) -> None:
    world.clock.advance(minutes=1)
    world.engine.deployer.work(endpoint(world), releasing("ada", None))
    world.run(minutes=3)


def test_a_rollback_goes_to_the_model_that_was_live_before_and_goes_live_itself() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")

    rolled_back(world)

    desired = world.desired()
    assert (desired.model.name, desired.cause, desired.state) == (
        f"{NAME}/a.ilearner",
        "rollback",
        "live",
    )
    assert (desired.requested_by, desired.reason) == ("ada", "bad scores")
    assert world.sent()[-1] == f"{NAME}/a.ilearner"


def test_repeated_it_walks_back_and_then_says_that_there_is_nothing() -> None:
    world = SmallWorld()
    lived(world, *(f"{NAME}/{name}.ilearner" for name in "abc"))

    rolled_back(world)
    assert world.desired().model.name == f"{NAME}/b.ilearner"
    rolled_back(world)
    assert world.desired().model.name == f"{NAME}/a.ilearner"
    with pytest.raises(NothingToGoBackToError):
        rolled_back(world)
    assert world.desired().model.name == f"{NAME}/a.ilearner"


def test_bytes_that_were_overwritten_are_served_from_their_copy() -> None:
    world = SmallWorld()
    lived(world, LATEST, LATEST)
    first = world.record().history[0].deployment.model

    rolled_back(world)

    copy = world.record().copy_of(first)
    assert copy is not None
    assert world.scoring.sent_to(NAME)[-1].blob == f"retrain-kept/{copy.name}"
    assert world.desired().model == first
    assert world.desired().state == "live"


def test_without_a_copy_it_says_so_before_it_does_anything() -> None:
    world = SmallWorld(table(NAME, more="keep = 0"))
    lived(world, LATEST, LATEST)
    before, sent = world.record(), len(world.sent())

    with pytest.raises(ModelGoneError):
        world.engine.deployer.work(endpoint(world), rolling_back("ada", None, hold=True))

    assert world.record() == before
    assert len(world.sent()) == sent


def test_where_the_copy_was_deleted_it_says_so_before_it_does_anything() -> None:
    world = SmallWorld()
    lived(world, LATEST, LATEST)
    for name in list(world.keeper.kept):
        world.keeper.drop(name)
    before, sent = world.record(), len(world.sent())

    answer = routes_of(world).rollback(asking(f"POST endpoints/{NAME}/rollback"))

    assert answer.status_code == 409
    assert (world.record(), len(world.sent())) == (before, sent)


def test_a_model_whose_blob_was_deleted_is_redeployed_from_its_latest_copy() -> None:
    world = SmallWorld()
    lived(world, LATEST, LATEST, f"{NAME}/b.ilearner")
    world.catalog.delete(LATEST)
    asked = f"POST endpoints/{NAME}/redeploy"
    body = {"model": LATEST}
    _, copy, _ = world.record().kept

    plan = document(routes_of(world).redeploy(asking(f"{asked}?dry_run=true", body)))
    answer = routes_of(world).redeploy(asking(asked, body))
    world.run(minutes=3)

    assert (plan["decision"], answer.status_code) == ("patch", 202)
    assert plan["model"]["etag"] == copy.model.etag
    assert world.scoring.serves(NAME) == f"retrain-kept/{copy.name}"
    assert (world.desired().model, world.desired().state) == (copy.model, "live")

    for name in list(world.keeper.kept):
        world.keeper.drop(name)
    assert routes_of(world).redeploy(asking(asked, body)).status_code == 409


def test_a_document_calls_restorable_what_can_be_gone_back_to_and_nothing_else() -> None:
    world = SmallWorld(table(NAME, more="keep = 0"))
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner", f"{NAME}/c.ilearner")
    world.catalog.delete(f"{NAME}/b.ilearner")

    assert restorable(world) == {f"{NAME}/a.ilearner": True, f"{NAME}/b.ilearner": False}
    world.calls.fail("models.head", UnavailableError("look"), times=2)
    assert set(restorable(world).values()) == {False}


def test_a_model_that_was_superseded_before_it_was_sent_and_then_deleted_is_not_restorable() -> (
    None
):
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner")
    world.scoring.down = Refused("http_401", "wrong key")
    for name in "bc":
        world.clock.advance(minutes=1)
        world.land(f"{NAME}/{name}.ilearner")
    assert restorable(world)[f"{NAME}/b.ilearner"]

    world.catalog.delete(f"{NAME}/b.ilearner")

    assert not restorable(world)[f"{NAME}/b.ilearner"]


def test_only_so_many_copies_are_kept() -> None:
    world = SmallWorld(table(NAME, more="keep = 2"))
    lived(world, *[LATEST] * 5)

    assert len(world.keeper.kept) == 2
    assert {one.name for one in world.record().kept} == set(world.keeper.kept)


def test_while_held_a_landed_model_waits_and_what_serves_is_renewed() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world)

    world.land(f"{NAME}/c.ilearner")
    world.run(days=2)

    record = world.record()
    assert record.waiting is not None
    assert record.waiting.model.name == f"{NAME}/c.ilearner"
    assert f"{NAME}/c.ilearner" not in world.sent()
    assert record.serving is not None
    assert record.serving.token_expires_at > world.clock.instant


def test_a_rollback_that_is_refused_is_told_though_a_model_waits() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    world.scoring.down = Refused("http_401", "wrong key")
    rolled_back(world)
    world.land(f"{NAME}/c.ilearner")
    world.run(minutes=10)

    routes = routes_of(world)
    whole = document(routes.get_endpoint(asking(f"GET endpoints/{NAME}")))
    (short,) = document(routes.list_endpoints(asking("GET endpoints")))["value"]
    status = document(routes.status(asking("GET status")))

    assert (whole["desired"]["cause"], whole["desired"]["state"]) == ("rollback", "refused")
    assert (whole["desired"]["error"], whole["desired"]["reason"]) == (
        "http_401: wrong key",
        "bad scores",
    )
    assert (short["desired"]["state"], short["desired"]["error"]) == ("refused", "http_401")
    for one in (whole, short):
        assert one["waiting"]["model"]["name"] == f"{NAME}/c.ilearner"
    assert status["endpoints"] == {"refused": 1, "waiting": 1}


def test_a_sweep_knows_the_newest_that_landed_whether_it_waits_or_not() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world)
    world.land(f"{NAME}/c.ilearner")
    world.sweep()
    assert world.sweep() == 0

    world.clock.advance(minutes=1)
    world.catalog.put(f"{NAME}/d.ilearner")
    assert world.sweep() == 1

    waiting = world.record().waiting
    assert waiting is not None
    assert waiting.model.name == f"{NAME}/d.ilearner"


def test_a_release_lets_the_newest_win() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world)
    for name in "cd":
        world.clock.advance(minutes=1)
        world.land(f"{NAME}/{name}.ilearner")

    world.engine.deployer.work(endpoint(world), releasing("ada", None))
    world.run(minutes=3)

    assert world.record().held is None
    assert world.desired().model.name == f"{NAME}/d.ilearner"
    assert world.desired().state == "live"
    assert f"{NAME}/c.ilearner" not in world.sent()


@pytest.mark.parametrize(("word", "before"), [("rollback", "c"), ("redeploy", "a")])
def test_what_waits_goes_on_waiting_whatever_a_person_asks_for_during_the_hold(
    word: str, before: str
) -> None:
    world = SmallWorld()
    lived(world, *(f"{NAME}/{name}.ilearner" for name in "abc"))
    rolled_back(world)
    world.clock.advance(minutes=1)
    world.land(f"{NAME}/d.ilearner")
    if word == "rollback":
        rolled_back(world)
    else:
        redeployed(world, f"{NAME}/a.ilearner")
    assert (world.desired().model.name, world.desired().state) == (f"{NAME}/a.ilearner", "live")

    released(world)

    assert (world.desired().model.name, world.desired().state) == (f"{NAME}/d.ilearner", "live")
    rolled_back(world)
    assert world.desired().model.name == f"{NAME}/{before}.ilearner"


@pytest.mark.parametrize("event", ["before the redeploy", "after it", "never"])
def test_what_waits_waits_no_more_once_a_person_asks_for_it_or_for_a_later_one(event: str) -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world)
    world.land(f"{NAME}/c.ilearner")
    world.clock.advance(minutes=1)
    world.catalog.put(f"{NAME}/d.ilearner")
    if event == "before the redeploy":
        model_landed(world.engine, f"{NAME}/d.ilearner")
    redeployed(world, f"{NAME}/d.ilearner")
    if event == "after it":
        model_landed(world.engine, f"{NAME}/d.ilearner")
    sent = len(world.sent())

    released(world)

    assert world.record().waiting is None
    assert (world.desired().model.name, world.desired().state) == (f"{NAME}/d.ilearner", "live")
    assert len(world.sent()) == sent


@pytest.mark.parametrize("again", [False, True])
def test_a_model_that_lands_in_the_second_of_a_rollback_or_before_the_next_waits(
    *, again: bool
) -> None:
    """Storage dates blobs by whole seconds, and its events may take their time."""
    world = SmallWorld()
    lived(world, *(f"{NAME}/{name}.ilearner" for name in "abc"))
    world.clock.advance(minutes=1)
    world.engine.deployer.work(endpoint(world), rolling_back("ada", None, hold=True))
    world.catalog.put(f"{NAME}/d.ilearner")
    if again:
        rolled_back(world)
    model_landed(world.engine, f"{NAME}/d.ilearner")
    world.run(minutes=3)
    assert world.desired().cause == "rollback"

    released(world)

    assert (world.desired().model.name, world.desired().state) == (f"{NAME}/d.ilearner", "live")


def test_a_release_with_nothing_waiting_changes_nothing_but_the_hold() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world)
    sent = len(world.sent())

    world.engine.deployer.work(endpoint(world), releasing("ada", None))
    world.run(minutes=3)

    assert world.record().held is None
    assert world.desired().model.name == f"{NAME}/a.ilearner"
    assert len(world.sent()) == sent


def test_a_plan_says_that_there_is_nothing_to_release() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    asked = asking(f"POST endpoints/{NAME}/release?dry_run=true")

    plan = document(routes_of(world).release(asked))
    rolled_back(world)
    held = document(routes_of(world).release(asked))

    assert (plan["decision"], plan["reason"]) == ("wait", "nothing_to_release")
    assert (held["decision"], held["held"]) == ("wait", False)
    assert held["reason"] != "nothing_to_release"


def test_a_rollback_goes_to_the_newest_that_was_live_not_to_the_last_that_served() -> None:
    """As the README says."""
    world = SmallWorld()
    lived(world, *(f"{NAME}/{name}.ilearner" for name in "abc"))
    rolled_back(world)
    assert world.desired().model.name == f"{NAME}/b.ilearner"
    released(world)
    lived(world, f"{NAME}/d.ilearner")

    rolled_back(world)

    assert world.desired().model.name == f"{NAME}/c.ilearner"


def test_without_a_hold_the_next_landing_wins() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world, hold=False)

    lived(world, f"{NAME}/c.ilearner")

    assert world.desired().model.name == f"{NAME}/c.ilearner"


def test_a_plan_of_a_rollback_or_a_release_changes_nothing() -> None:
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    before = world.record()

    plan = world.engine.deployer.plan(endpoint(world), rolling_back("ada", None, hold=True))
    released = world.engine.deployer.plan(endpoint(world), releasing("ada", None))

    assert (plan["decision"], plan["cause"], plan["held"]) == ("patch", "rollback", True)
    assert released["decision"] == "wait"
    assert world.record() == before


@pytest.mark.parametrize("announced", [True, False], ids=["another waits", "nothing waits"])
def test_what_no_event_announced_in_a_hold_is_found_however_late_a_person_spoke_again(
    *, announced: bool
) -> None:
    """Invariant 1: a release lets the newest win, also one that only the sweep found."""
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner", f"{NAME}/c.ilearner")
    rolled_back(world)
    if announced:
        world.land(f"{NAME}/d.ilearner")
        world.run(minutes=3)
    world.catalog.put(f"{NAME}/unannounced.ilearner")
    rolled_back(world)
    world.sweep()
    waiting = world.record().waiting
    assert waiting is not None
    assert waiting.model.name == f"{NAME}/unannounced.ilearner"
    assert world.sweep() == 0
    released(world)

    assert world.sent()[-1] == f"{NAME}/unannounced.ilearner"


def test_in_a_hold_an_older_model_that_is_found_late_does_not_win_over_one_that_was_taken() -> None:
    """Invariant 1: the newer one landed in the hold too, and a person let it go."""
    world = SmallWorld()
    lived(world, f"{NAME}/a.ilearner", f"{NAME}/b.ilearner")
    rolled_back(world)
    world.catalog.put(f"{NAME}/older.ilearner")
    world.run(minutes=1)
    world.land(f"{NAME}/taken.ilearner")
    redeployed(world, f"{NAME}/taken.ilearner")
    world.sweep()
    model_landed(world.engine, f"{NAME}/older.ilearner")
    released(world)

    assert world.sent()[-1] == f"{NAME}/taken.ilearner"


def test_what_landed_before_the_hold_is_found_in_it_where_an_older_one_waits() -> None:
    world = SmallWorld(table(NAME, more="auto_deploy = false"))
    for name in ("a", "b"):
        world.land(f"{NAME}/{name}.ilearner")
        redeployed(world, f"{NAME}/{name}.ilearner")
    world.land(f"{NAME}/waits.ilearner")
    world.clock.advance(minutes=1)
    world.catalog.put(f"{NAME}/unannounced.ilearner")
    rolled_back(world)
    world.sweep()
    released(world)

    assert world.sent()[-1] == f"{NAME}/unannounced.ilearner"
