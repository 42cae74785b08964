"""What serves is given a fresh token before the one that it has expires."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from protocols.protocol import Refused, Unsettled
from state.storage_errors import UnavailableError
from tests.fakes.endpoints_folder import table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

MODEL = "census/model.ilearner"
NEWER = "census/newer.ilearner"
DOWN = Unsettled("http_503", "down for maintenance")


def shown(world: SmallWorld) -> Any:
    """What the endpoint's document says of what serves."""
    return document(routes_of(world).get_endpoint(asking(f"GET endpoints/{NAME}")))["serving"]


def listed(world: SmallWorld) -> Any:
    """What the list says of it."""
    return document(routes_of(world).list_endpoints(asking("GET endpoints")))["value"][0]["serving"]


@pytest.mark.parametrize(
    ("lifetime", "renew_before"),
    [
        (timedelta(hours=24), timedelta(hours=6)),
        (timedelta(days=6), timedelta(days=1)),
        (timedelta(hours=1), timedelta(minutes=15)),
    ],
)
def test_thirty_days_of_renewals_keep_the_token_valid_with_as_few_patches_as_can_be(
    lifetime: timedelta, renew_before: timedelta
) -> None:
    """A token is renewed after lifetime - renew_before, up to a tenth of that earlier."""
    world = SmallWorld(lifetime=lifetime, renew_before=renew_before)
    span = timedelta(days=30)
    world.land(MODEL)
    world.run(days=30)

    sent = world.scoring.sent
    for before, renewal in itertools.pairwise(sent):
        assert renewal.at < before.token_expires_at - renew_before + timedelta(minutes=1)
    assert sent[-1].token_expires_at > world.clock.instant
    longest = lifetime - renew_before
    assert span // (longest + timedelta(minutes=1)) <= len(sent) - 1
    assert len(sent) - 1 <= span // (longest * 0.9)
    assert {one.blob for one in sent} == {f"experimentoutput/{MODEL}"}
    assert world.desired().state == "live"


def test_a_renewal_changes_neither_since_when_nor_how_it_was_confirmed() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    before = world.record().serving
    world.run(hours=20)

    after = world.record().serving
    assert before is not None
    assert after is not None
    assert len(world.sent()) == 2
    assert (after.since, after.confirmed_by) == (before.since, "location")
    assert after.token_expires_at > before.token_expires_at


def test_what_serves_is_renewed_while_a_newer_model_is_refused() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    world.scoring.no_models.add(NEWER)
    world.land(NEWER)
    assert world.desired().state == "refused"

    world.run(days=3)

    assert world.scoring.sent[-1].token_expires_at > world.clock.instant
    assert set(world.sent()[2:]) == {MODEL}
    assert world.desired().state == "refused"


@pytest.mark.parametrize("newer", ["refused", "waiting"])
def test_a_renewal_that_fails_says_so_beside_a_newer_model(newer: str) -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    if newer == "waiting":
        world.folder.rewrite(table(NAME, more="auto_deploy = false"))
    world.scoring.no_models.add(NEWER)
    world.land(NEWER)
    world.scoring.down = Refused("http_401", "the key has expired")
    world.run(hours=24)

    serving = shown(world)
    assert serving["token_expires_at"] <= world.clock.instant.isoformat()
    assert serving["error"] == "http_401: the key has expired"
    assert listed(world)["error"] == "http_401"

    world.scoring.down = None
    world.run(hours=1)
    assert shown(world)["error"] is None
    assert listed(world)["error"] is None


def test_a_renewal_is_tried_again_through_an_outage() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(hours=15)
    world.scoring.down = DOWN
    world.run(hours=8)
    world.scoring.down = None
    world.run(minutes=20)

    serving = world.record().serving
    assert serving is not None
    assert serving.token_expires_at > world.clock.instant + timedelta(hours=20)
    assert world.desired().state == "live"


def test_what_serves_but_is_gone_from_storage_is_renewed_from_its_kept_copy() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    world.catalog.delete(MODEL)
    world.run(days=3)

    first, *renewed = world.scoring.sent_to(NAME)
    serving = world.record().serving
    assert first.blob.endswith(MODEL)
    assert {one.blob for one in renewed} == {f"retrain-kept/{name}" for name in world.keeper.kept}
    assert serving is not None
    assert serving.renewable


def test_what_serves_but_is_gone_from_storage_is_renewed_no_more_and_says_so() -> None:
    world = SmallWorld(table(NAME, more="keep = 0"))
    world.land(MODEL)
    world.run(minutes=5)
    world.catalog.delete(MODEL)
    world.run(days=3)

    serving = world.record().serving
    assert world.sent() == [MODEL]
    assert serving is not None
    assert not serving.renewable
    assert (serving.error and serving.error.code) == "model_gone"
    assert world.desired().state == "live"


def test_what_serves_is_renewed_while_a_newer_model_is_tried_in_vain() -> None:
    """Invariant 4: the endpoint is well, and only the newer model cannot be sent."""
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    world.scoring.down = DOWN
    world.land(NEWER)
    world.scoring.down = None
    world.calls.fail("models.head", UnavailableError("look"), name_part=NEWER, times=10**6)
    world.run(days=3)

    serving = world.record().serving
    assert world.desired().state == "pending"
    assert serving is not None
    assert serving.model.name == MODEL
    assert serving.token_expires_at > world.clock.instant


def test_what_serves_is_renewed_by_its_own_bytes_though_those_of_a_newer_model_are_gone() -> None:
    world = SmallWorld(table(NAME, more="keep = 0"))
    world.land(MODEL)
    world.run(minutes=5)
    world.scoring.down = DOWN
    world.land(NEWER)
    world.run(hours=15)
    world.catalog.delete(MODEL)
    world.run(hours=4)
    world.scoring.down = None
    world.run(hours=1)

    assert (world.desired().model.name, world.desired().state) == (NEWER, "live")
