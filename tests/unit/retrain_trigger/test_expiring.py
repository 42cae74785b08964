"""A token that should have been renewed is told of, before what serves stops serving."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest

from patch_endpoint.records import Summary
from protocols.protocol import Unsettled
from retrain_trigger.expiring import is_near_expiry
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld

MODEL = f"{NAME}/model.ilearner"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)
TOLD = re.compile(r"token\.near_expiry (.*)")


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def _told(log: pytest.LogCaptureFixture) -> list[str]:
    return [found[1] for record in log.records if (found := TOLD.match(record.getMessage()))]


def test_an_endpoint_that_takes_no_renewal_is_told_of_at_half_the_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A token lives 24 h and is renewed 6 h before: 3 h before, something is wrong."""
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    world.scoring.down = Unsettled("http_503", "down")

    world.run(hours=20, minutes=50)
    world.sweep()
    before = _told(caplog)
    world.run(minutes=10)
    world.sweep()

    assert before == []
    [told] = _told(caplog)
    assert told.startswith(f"endpoint={NAME} model={MODEL} token_expires_at=")
    assert [one.levelname for one in caplog.records if TOLD.match(one.getMessage())] == ["WARNING"]


def test_tokens_that_are_renewed_in_time_are_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    world = SmallWorld()
    world.land(MODEL)

    for _ in range(72):
        world.run(hours=1)
        world.sweep()

    assert len(world.sent()) > 3
    assert _told(caplog) == []


def test_an_endpoint_that_is_configured_no_more_is_not_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = SmallWorld(table(NAME), table("other"))
    for name in (NAME, "other"):
        world.land(f"{name}/model.ilearner")
    world.run(minutes=5)
    world.scoring.down = Unsettled("http_503", "down")
    world.folder.rewrite(table("other"))

    world.run(hours=23)
    world.sweep()

    assert [told.split()[0] for told in _told(caplog)] == ["endpoint=other"]


@pytest.mark.parametrize(
    ("left", "renewal_in", "is_near"),
    [
        (timedelta(hours=4), None, False),
        (timedelta(hours=3), None, True),
        (timedelta(hours=-1), None, True),
        (timedelta(hours=2), timedelta(hours=1), False),
        (timedelta(hours=2), timedelta(minutes=16), False),
        (timedelta(hours=2), timedelta(minutes=15), True),
        (timedelta(hours=2), timedelta(minutes=-5), True),
    ],
    ids=[
        "time enough",
        "cannot be renewed",
        "has expired",
        "a short one whose renewal is ahead",
        "the same, just before",
        "tried again and again",
        "nobody tries",
    ],
)
def test_what_is_near_its_expiry(
    left: timedelta, renewal_in: timedelta | None, *, is_near: bool
) -> None:
    fields = {"token_expires_at": (NOW + left).isoformat()}
    if renewal_in is not None:
        fields["renew_at"] = (NOW + renewal_in).isoformat()

    assert is_near_expiry(Summary(NAME, fields), SIX_HOURS, NOW) == is_near


@pytest.mark.parametrize("fields", [{}, {"token_expires_at": "soon"}])
def test_an_endpoint_that_serves_nothing_has_no_token(fields: dict[str, str]) -> None:
    assert not is_near_expiry(Summary(NAME, fields), SIX_HOURS, NOW)
