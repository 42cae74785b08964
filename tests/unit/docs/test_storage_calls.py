"""The README's figures on storage calls, counted at the two places where they are made.

One call of a `StateStore`, a `ModelCatalog` or a `Keeper` is one request, a listing's further
pages aside, and the making of a container that is not there.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import pytest

from retrain_trigger.landed import model_landed
from retrain_trigger.request import Request
from retrain_trigger.watch import watch
from tests.fakes.endpoints_folder import KEY_SETTING
from tests.fakes.endpoints_folder import table as endpoint_table
from tests.fakes.small_app import asking, routes_of
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.docs.markdown import README, table

SAID: Final = {row["what"]: int(row["calls"]) for row in table(README.read_text("utf-8"), "what")}
IDLE: Final = next(what for what in SAID if what.startswith("a tick of `watch` with nothing due"))
SWEEP: Final = next(what for what in SAID if what.startswith("a `sweep` that finds nothing"))
FIRST, SECOND = f"{NAME}/1.ilearner", f"{NAME}/2.ilearner"


NOT_KEPT: Final = endpoint_table(NAME, more="keep = 0")
RETRAINED: Final = f"""
{endpoint_table(NAME)}
[endpoints.{NAME}.retrain]
service = "training"
[training_services.training]
jobs_url = "https://studio.invalid/workspaces/w/services/t/jobs"
api_key = "%{KEY_SETTING}%"
"""


def _settle(world: SmallWorld) -> None:
    """Land one model and let it become live."""
    world.land(FIRST)
    world.run(minutes=10)
    assert world.desired().state == "live"


def _idle_tick(world: SmallWorld) -> None:
    _settle(world)
    world.calls.forget()
    assert world.tick() == 0


def _first_model(world: SmallWorld) -> None:
    world.land(FIRST)
    assert world.desired().state == "patched"


def _further_model(world: SmallWorld) -> None:
    _settle(world)
    world.calls.forget()
    world.land(SECOND)
    assert (world.desired().model.name, world.desired().state) == (SECOND, "patched")


def _same_event(world: SmallWorld) -> None:
    _settle(world)
    world.calls.forget()
    model_landed(world.engine, FIRST)


def _confirmation(world: SmallWorld) -> None:
    world.land(FIRST)
    world.clock.advance(seconds=40)
    world.calls.forget()
    assert watch(world.engine) == 1
    assert world.desired().state == "live"


def _keeping(world: SmallWorld) -> None:
    _confirmation(world)
    assert world.calls.count("kept.keep") == 1


def _retrain(world: SmallWorld) -> None:
    endpoint = world.engine.endpoints.current().by_name[NAME]
    job = world.engine.jobs.begin(endpoint, Request(by="a person"))
    assert job.state == "running"


def _sweep(world: SmallWorld) -> None:
    _settle(world)
    assert world.sweep() == 0
    world.calls.forget()
    assert world.sweep() == 0


def _health(world: SmallWorld) -> None:
    routes = routes_of(world)
    for _ in range(10):
        assert routes.health(asking("GET health")).status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    ("what", "work", "beside", "tables"),
    [
        (
            IDLE,
            _idle_tick,
            0,
            (),
        ),
        ("an endpoint's first model, from event to accepted PATCH", _first_model, 0, ()),
        ("a further model", _further_model, 0, ()),
        ("the same event again", _same_event, 0, ()),
        ("confirming a model, beyond the tick", _confirmation, 2, (NOT_KEPT,)),
        (
            "keeping a copy of it, beyond that; twice more the first time, to make the container",
            _keeping,
            2 + SAID["confirming a model, beyond the tick"],
            (),
        ),
        ("a retrain, from the request to the started job", _retrain, 0, (RETRAINED,)),
        (
            SWEEP,
            _sweep,
            0,
            (),
        ),
        ("`health`, at most once in 5 seconds", _health, 0, ()),
    ],
)
def test_it_costs_as_many_calls_as_the_readme_says(
    what: str, work: Callable[[SmallWorld], None], beside: int, tables: tuple[str, ...]
) -> None:
    world = SmallWorld(*tables)

    work(world)

    calls = sum(world.calls.count(kind) for kind in ("state.", "models.", "kept."))
    assert calls == SAID[what] + beside


def test_no_figure_goes_uncounted() -> None:
    marked = test_it_costs_as_many_calls_as_the_readme_says.pytestmark  # type: ignore[attr-defined]

    assert {case[0] for case in marked[0].args[1]} == set(SAID)
