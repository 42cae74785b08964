"""What a dry run foresees is what happens: both are run, each on a world of its own, both alike."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import azure.functions as func
import pytest

from http_api.routes import Routes
from protocols.protocol import Refused, Unsettled
from tests.fakes.endpoints_folder import table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

LATEST, OTHER, NEW = (f"{NAME}/{name}.ilearner" for name in ("latest", "other", "new"))
FAULTY = table(NAME, key="%NO_SUCH_SETTING%")
APPROVED = table(NAME, more="auto_deploy = false")
DOWN = Unsettled("http_503", "down for maintenance")

type Make = Callable[[], SmallWorld]


def empty() -> SmallWorld:
    return SmallWorld()


def no_record() -> SmallWorld:
    world = SmallWorld()
    world.catalog.put(OTHER)
    world.clock.advance(minutes=1)
    world.catalog.put(LATEST)
    return world


def no_record_and_an_empty_model() -> SmallWorld:
    world = SmallWorld()
    world.catalog.put(LATEST, b"")
    return world


def lived(*tables: str) -> SmallWorld:
    """Two models were live, the second over other bytes of its own name."""
    world = SmallWorld(*tables)
    for name in (OTHER, LATEST, LATEST):
        world.land(name)
        world.run(minutes=10)
        assert world.desired().state == "live"
    return world


def held() -> SmallWorld:
    world = lived()
    assert ask(world, "rollback", {}).status_code == 202
    world.run(minutes=10)
    world.land(NEW)
    assert world.record().waiting is not None
    return world


def held_and_overwritten() -> SmallWorld:
    world = held()
    world.clock.advance(minutes=1)
    world.catalog.put(NEW)
    return world


def held_and_gone() -> SmallWorld:
    world = held()
    world.catalog.delete(NEW)
    return world


def held_and_nothing_waits() -> SmallWorld:
    world = lived()
    ask(world, "rollback", {})
    world.run(minutes=10)
    return world


def faulty() -> SmallWorld:
    world = lived()
    world.folder.rewrite(FAULTY)
    return world


def faulty_from_the_first() -> SmallWorld:
    world = SmallWorld(FAULTY)
    world.land(LATEST)
    return world


def faulty_while_held() -> SmallWorld:
    world = held()
    world.folder.rewrite(FAULTY)
    return world


def unapproved() -> SmallWorld:
    world = SmallWorld(APPROVED)
    world.land(OTHER)
    world.clock.advance(minutes=1)
    world.land(LATEST)
    return world


def overwritten() -> SmallWorld:
    world = lived()
    world.clock.advance(minutes=1)
    world.catalog.put(LATEST)
    return world


def overwritten_without_a_copy() -> SmallWorld:
    world = lived(table(NAME, more="keep = 0"))
    world.clock.advance(minutes=1)
    world.catalog.put(LATEST)
    return world


def gone() -> SmallWorld:
    world = lived()
    world.catalog.delete(LATEST)
    return world


def all_gone() -> SmallWorld:
    world = lived(table(NAME, more="keep = 0"))
    for name in (LATEST, OTHER):
        world.catalog.delete(name)
    return world


def backing_off() -> SmallWorld:
    world = SmallWorld()
    world.scoring.react(NAME, DOWN)
    world.land(LATEST)
    return world


def refused() -> SmallWorld:
    world = lived()
    world.scoring.react(NAME, Refused("http_401", "wrong key"))
    world.clock.advance(minutes=1)
    world.land(NEW)
    return world


def renewal_due() -> SmallWorld:
    world = lived()
    world.clock.advance(hours=20)
    return world


def just_patched() -> SmallWorld:
    world = SmallWorld()
    world.land(LATEST)
    world.clock.advance(minutes=1)
    return world


WORLDS: Final = (
    empty,
    no_record,
    no_record_and_an_empty_model,
    lived,
    held,
    held_and_overwritten,
    held_and_gone,
    held_and_nothing_waits,
    faulty,
    faulty_from_the_first,
    faulty_while_held,
    unapproved,
    overwritten,
    overwritten_without_a_copy,
    gone,
    all_gone,
    backing_off,
    refused,
    renewal_due,
    just_patched,
)
WORDS: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("redeploy", {}),
    ("redeploy", {"model": LATEST}),
    ("redeploy", {"model": OTHER}),
    ("redeploy", {"model": f"{NAME}/never.ilearner"}),
    ("rollback", {}),
    ("rollback", {"hold": False}),
    ("release", {}),
)
FUNCTIONS: Final = {
    "redeploy": Routes.redeploy,
    "rollback": Routes.rollback,
    "release": Routes.release,
}


def ask(world: SmallWorld, verb: str, body: object, query: str = "") -> func.HttpResponse:
    return FUNCTIONS[verb](routes_of(world), asking(f"POST endpoints/{NAME}/{verb}{query}", body))


def foreseen(plan: dict[str, Any]) -> dict[str, object]:
    """Say how the world is after the plan."""
    model = plan["model"]
    return {
        "model": (model["name"], model["etag"]) if model else None,
        "cause": plan["cause"],
        "held": plan["held"],
        "sent": [] if plan["decision"] == "wait" else [unquote(plan["request"]["blob"])],
    }


def happened(world: SmallWorld, sent_before: int) -> dict[str, object]:
    """Say how it is after the word."""
    record = world.record()
    sent = [one.blob for one in world.scoring.sent_to(NAME)[sent_before:]]
    shown = record.serving if sent else record.desired
    return {
        "model": (shown.model.name, shown.model.etag) if shown else None,
        "cause": record.desired.cause if record.desired else None,
        "held": record.held is not None,
        "sent": sent,
    }


@pytest.mark.parametrize("make", WORLDS, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("verb", "body"), WORDS, ids=str)
def test_what_a_dry_run_foresees_is_what_happens(
    make: Make, verb: str, body: dict[str, object]
) -> None:
    planned, done = make(), make()
    before, blobs = (planned.record(), done.record()), planned.store.names()
    sent_before = len(done.scoring.sent_to(NAME))

    plan = ask(planned, verb, body, "?dry_run=true")
    answer = ask(done, verb, body)

    assert (planned.record(), planned.store.names()) == (before[0], blobs)
    assert len(planned.scoring.sent_to(NAME)) == sent_before
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        assert (plan.status_code, document(plan)) == (answer.status_code, document(answer))
        assert (done.record(), len(done.scoring.sent_to(NAME))) == (before[1], sent_before)
    else:
        assert plan.status_code == HTTPStatus.OK
        assert foreseen(document(plan)) == happened(done, sent_before)
