"""Each refusal is told once, with its reason, also where no request was made to be refused."""

import logging

import pytest

from protocols.protocol import Refused, Unsettled
from retrain_trigger.landed import model_landed
from tests.fakes.small_world import NAME, SmallWorld

MODEL, NEWER = f"{NAME}/model.ilearner", f"{NAME}/newer.ilearner"


def refusals(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Give event and model of the lines that tell of a refusal."""
    lines = [one.getMessage().split(" ") for one in caplog.records]
    told = [line for line in lines if line[0].endswith(".refused")]
    return [(line[0], line[2].removeprefix("model=")) for line in told]


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_model_without_bytes_is_told_of_once_however_often_its_event_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = SmallWorld()
    world.land(MODEL, b"")
    model_landed(world.engine, MODEL)
    world.run(hours=1)

    assert refusals(caplog) == [("deployment.refused", MODEL)]


def test_a_model_that_another_takes_the_place_of_at_once_is_told_of_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = SmallWorld()
    world.scoring.react(NAME, Unsettled("http_503", "down"))
    world.land(MODEL)
    world.clock.advance(minutes=1)
    world.land(NEWER, b"")
    world.run(minutes=10)

    assert world.desired().model.name == MODEL
    assert refusals(caplog) == [("deployment.refused", NEWER)]


def test_what_the_endpoint_refused_is_told_by_its_answer_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = SmallWorld()
    world.scoring.react(NAME, Refused("http_401", "wrong key"))
    world.land(MODEL)
    model_landed(world.engine, MODEL)
    world.run(hours=1)

    assert refusals(caplog) == [("patch.refused", MODEL)]
