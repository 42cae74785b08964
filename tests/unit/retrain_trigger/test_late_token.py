"""A token that is near its expiry and was not renewed is told of, so that an alert can hear it."""

import pytest

from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.retrain_trigger.test_renewal import DOWN, MODEL

EVENT = f"token.near_expiry endpoint={NAME} model={MODEL} token_expires_at="


def _live() -> SmallWorld:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    return world


def test_a_token_that_is_renewed_in_time_is_never_told_of(caplog: pytest.LogCaptureFixture) -> None:
    world = _live()
    with caplog.at_level("WARNING"):
        for _ in range(72):
            world.run(hours=1)
            world.sweep()

    assert world.sent().count(MODEL) > 1
    assert "token.near_expiry" not in caplog.text


def test_when_half_of_the_time_to_renew_it_is_over_each_sweep_tells_of_a_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of 6 hours to renew it in (and up to a tenth of the 18 before, as jitter), half."""
    world = _live()
    world.scoring.down = DOWN
    with caplog.at_level("WARNING"):
        world.run(hours=19)
        world.sweep()
        early = caplog.text
        world.run(hours=2)
        world.sweep()
        world.sweep()

    assert EVENT not in early
    assert caplog.text.count(EVENT) == 2


def test_once_it_is_renewed_a_token_is_told_of_no_more(caplog: pytest.LogCaptureFixture) -> None:
    world = _live()
    world.scoring.down = DOWN
    world.run(hours=22)
    world.scoring.down = None
    world.run(minutes=20)
    with caplog.at_level("WARNING"):
        world.sweep()

    assert "token.near_expiry" not in caplog.text


def test_a_token_that_can_be_renewed_no_more_is_told_of_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = SmallWorld(table(NAME, more="keep = 0"))
    world.land(MODEL)
    world.run(minutes=5)
    world.catalog.delete(MODEL)
    world.run(hours=22)
    with caplog.at_level("WARNING"):
        world.sweep()

    assert EVENT in caplog.text


def test_an_endpoint_that_is_configured_no_more_is_not_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = _live()
    world.scoring.down = DOWN
    world.run(hours=22)
    world.folder.rewrite(table("another"))
    with caplog.at_level("WARNING"):
        world.sweep()

    assert "token.near_expiry" not in caplog.text
