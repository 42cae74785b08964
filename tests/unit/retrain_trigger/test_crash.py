"""The process dies at any call, before or after its effect, and nothing is lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from protocols.protocol import Unsettled
from retrain_trigger.landed import model_landed
from tests.fakes.calls import CrashError
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import SmallWorld

MODEL = "census/model.ilearner"
NEWER = "census/newer.ilearner"
NO_MODEL = "census/no-model.ilearner"


type Scene = Callable[[SmallWorld], None]


def _one_landing(world: SmallWorld) -> None:
    _land(world, MODEL)
    _ticks(world)


def _landing_where_one_serves(world: SmallWorld) -> None:
    _land(world, MODEL)
    _survive(world, lambda: world.run(minutes=5))
    _land(world, NEWER)
    _ticks(world)


def _newer_during_patch(world: SmallWorld) -> None:
    def meanwhile() -> None:
        world.clock.advance(seconds=5)
        world.catalog.put(NEWER)
        model_landed(world.engine, NEWER)

    world.calls.script("endpoint.patch", meanwhile, after=True)
    _land(world, MODEL)
    if not world.catalog.has(NEWER):
        world.clock.advance(seconds=5)
        world.catalog.put(NEWER)
    _ticks(world)


def _no_answer_then_newer(world: SmallWorld) -> None:
    lost = Unsettled("no_answer", "reset", maybe_applied=True)
    world.scoring.react("census", Reaction(lost, timedelta(minutes=2)))
    _land(world, MODEL)
    world.clock.advance(seconds=10)
    _land(world, NEWER)
    _ticks(world)


def _event_again(world: SmallWorld) -> None:
    _land(world, MODEL)
    for _ in range(3):
        _survive(world, lambda: model_landed(world.engine, MODEL))
    _ticks(world)


def _renewal(world: SmallWorld) -> None:
    _land(world, MODEL)
    _survive(world, lambda: world.run(minutes=5))
    world.clock.advance(hours=18)
    _ticks(world)


def _newer_is_no_model(world: SmallWorld) -> None:
    world.scoring.no_models.add(NO_MODEL)
    world.scoring.down = Unsettled("http_503", "down")
    _land(world, MODEL)
    world.clock.advance(seconds=5)
    world.scoring.down = None
    _land(world, NO_MODEL)
    # The host hands an event over until it is handled, and not in order.
    _survive(world, lambda: model_landed(world.engine, MODEL))
    _ticks(world)


def _land(world: SmallWorld, name: str) -> None:
    world.catalog.put(name)
    _survive(world, lambda: model_landed(world.engine, name))


def _ticks(world: SmallWorld) -> None:
    """Three ticks and a sweep in which it may die, then two hours of health."""
    for _ in range(3):
        _survive(world, world.tick)
    _survive(world, world.sweep)
    for _ in range(12):
        _survive(world, lambda: world.run(minutes=10))
        _survive(world, world.sweep)


def _survive(world: SmallWorld, do: Callable[[], object]) -> None:
    """Do something; where the process dies of it, start it again."""
    try:
        do()
    except CrashError:
        world.restart()


SCENES: dict[str, tuple[Scene, str]] = {
    "one landing": (_one_landing, MODEL),
    "a landing where one serves": (_landing_where_one_serves, NEWER),
    "a newer model during a PATCH": (_newer_during_patch, NEWER),
    "no answer, then a newer model": (_no_answer_then_newer, NEWER),
    "the event four times": (_event_again, MODEL),
    "a renewal": (_renewal, MODEL),
    "a newer blob that is no model": (_newer_is_no_model, MODEL),
}


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_crash_at_any_call_costs_one_patch_at_most_and_loses_nothing(
    scene: str, *, after: bool
) -> None:
    play, model = SCENES[scene]
    calm = SmallWorld()
    play(calm)
    calls = len(calm.calls.made)
    assert calls > 10
    # Where another model's PATCH has no known outcome, a success is sent once more, on purpose.
    may_repeat = len(set(calm.sent())) > 1

    for number in range(1, calls + 1):
        world = SmallWorld()
        world.calls.crash_at(number, after=after)
        play(world)

        where = f"call {number}: {world.calls.made[number - 1]}"
        assert world.calls.has_crashed, where
        desired, serving = world.desired(), world.record().serving
        # A blob that is no model may have been tried after the one that serves: then it shows.
        assert (desired.model.name, desired.state) in {(model, "live"), (NO_MODEL, "refused")}, (
            where
        )
        assert serving is not None, where
        assert (serving.model.name, serving.confirmed_by) == (model, "location"), where
        assert world.scoring.serves("census") == f"experimentoutput/{model}", where
        assert [name for name in world.sent() if name != NO_MODEL][-1] == model, where
        assert len(world.sent()) <= len(calm.sent()) + 1 + may_repeat, where
        assert world.record().attempt is None, where
        assert len(world.store.names("agenda/")) <= 2, where


def test_what_a_crash_leaves_behind_on_the_agenda_goes_when_it_is_due() -> None:
    """Entries that no record names are allowed to be there, not to stay."""
    for number in range(1, 30):
        world = SmallWorld()
        world.calls.crash_at(number, after=True)
        _one_landing(world)
        world.run(days=2)

        assert world.store.names("agenda/") == sorted(world.record().agenda)
