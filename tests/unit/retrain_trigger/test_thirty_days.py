"""Left alone for thirty days, an endpoint is on its schedule's newest model with a good token.

The signer, the app, the training service and the endpoint, which refuses expired tokens, read one
driven clock.
"""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from protocols.protocol import Accepted
from tests.fakes.endpoints_folder import KEY_SETTING
from tests.fakes.scoring_endpoint import Sent
from tests.fakes.small_world import NAME, SmallWorld

DAYS = 30
# The clock begins at six.
TABLES = f"""
[endpoints.{NAME}]
patch_url = "https://studio.invalid/workspaces/w/webservices/s/endpoints/{NAME}"
api_key = "%{KEY_SETTING}%"
resource = "Census Model [trained model]"
[endpoints.{NAME}.retrain]
service = "training"
schedule = "0 2 6 * * *"
inputs.input1 = "training/{NAME}.csv"
outputs.output2 = "experimentoutput/{NAME}/{{run}}.ilearner"
[training_services.training]
jobs_url = "https://training.invalid/workspaces/w/services/s/jobs"
api_key = "%{KEY_SETTING}%"
"""
MINUTE = timedelta(minutes=1)


def fewest(landed: list[datetime], until: datetime, good_for: timedelta) -> int:
    """Count the PATCHes that are needed: one a model, and one each time a token must be renewed.

    Args:
        landed: When each model was sent first.
        until: When the count ends.
        good_for: How long after it was sent a token is renewed; ticks come at whole minutes.
    """
    needed = 0
    for sent, replaced in itertools.pairwise([*landed, until]):
        at = sent
        while at < replaced:
            needed += 1
            at += -(-good_for // MINUTE) * MINUTE
    return needed


@pytest.mark.parametrize(
    ("lifetime", "renew_before"),
    [
        (timedelta(hours=24), timedelta(hours=6)),
        (timedelta(hours=1), timedelta(minutes=15)),
        (timedelta(days=6), timedelta(days=1)),
    ],
)
def test_the_newest_model_serves_with_a_good_token_by_as_few_patches_as_are_needed(
    lifetime: timedelta, renew_before: timedelta
) -> None:
    world = SmallWorld(TABLES, lifetime=lifetime, renew_before=renew_before)
    now = world.clock.instant
    signed = world.engine.signer.sign("models", "a", endpoint=NAME, now=now)
    world.tick()
    for _ in range(DAYS):
        for _ in range(5):
            world.tick()
        newest = world.catalog.newest()
        assert newest is not None
        assert world.scoring.serves(NAME) == f"experimentoutput/{newest.name}"
        world.run(hours=23, minutes=55)

    sent, end = world.scoring.sent_to(NAME), world.clock.instant
    assert [one.answer for one in sent] == [Accepted()] * len(sent)
    assert _gaps(sent, end) == []
    firsts = {one.blob: one.at for one in reversed(sent)}
    assert len(firsts) == DAYS
    assert len(sent) == fewest(sorted(firsts.values()), end, signed.renew_at - now)
    assert world.desired().state == "live"


def _gaps(sent: list[Sent], end: datetime) -> list[datetime]:
    """Say when a token had expired before the next was sent."""
    later = [*(one.at for one in sent[1:]), end]
    return [at for one, at in zip(sent, later, strict=True) if one.token_expires_at <= at]


def test_the_count_above_is_of_each_model_and_each_renewal() -> None:
    landed = [datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 2, 8, tzinfo=UTC)]
    until = datetime(2026, 3, 2, 9, tzinfo=UTC)

    assert fewest(landed, until, timedelta(hours=3)) == 2
    assert fewest(landed, until, timedelta(minutes=59, seconds=30)) == 3
    assert fewest(landed, until, timedelta(minutes=50)) == 5
