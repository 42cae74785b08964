"""A situation, what is done in it, and when it is looked at again."""

from datetime import datetime, timedelta

import pytest

from patch_endpoint.decide import (
    CHECK_AFTER,
    Confirm,
    Keep,
    Patch,
    Skip,
    decide,
    pause_after,
    wake_at,
)
from patch_endpoint.record import Record
from tests.unit.patch_endpoint.sample import NOW, at, attempt, deployment, model, record, serving

LATER = at(minutes=1)
EARLIER = at(minutes=-1)
LIVE = deployment("a", state="live")


def patch(name: str, cause: str) -> Patch:
    return Patch(model(name), NOW, cause)  # type: ignore[arg-type] # one of the causes


SAME_AS_A = model("a", LATER, content_md5=model("a").content_md5)


@pytest.mark.parametrize(
    ("situation", "decision", "wake"),
    [
        pytest.param(record(), Skip("nothing_desired"), None, id="nothing ever landed"),
        pytest.param(
            record(
                desired=deployment("a", model=SAME_AS_A, state="live"),
                serving=serving("a", keeping="due"),
            ),
            Keep(),
            NOW,
            id="live, and a redeploy or a repeat of the same bytes brought what serves",
        ),
        pytest.param(
            record(desired=deployment("a")), patch("a", "new_model"), NOW, id="a new model"
        ),
        pytest.param(
            record(desired=deployment("a", cause="redeploy", requested_by="ada")),
            patch("a", "redeploy"),
            NOW,
            id="a person asked",
        ),
        pytest.param(
            record(desired=deployment("a"), attempt=attempt("a")),
            Skip("in_flight"),
            NOW + CHECK_AFTER,
            id="one is in flight",
        ),
        pytest.param(
            record(desired=deployment("a"), attempt=attempt("a", at(seconds=-60))),
            Skip("in_flight"),
            at(seconds=30),
            id="one is in flight for long",
        ),
        pytest.param(
            record(desired=deployment("a", next_attempt_at=LATER)),
            Skip("backing_off"),
            LATER,
            id="backing off",
        ),
        pytest.param(
            record(desired=deployment("a", next_attempt_at=EARLIER)),
            patch("a", "new_model"),
            EARLIER,
            id="back-off is over",
        ),
        pytest.param(
            record(desired=deployment("a", next_attempt_at=EARLIER), not_before=LATER),
            Skip("endpoint_asked_to_wait"),
            LATER,
            id="the endpoint asked to wait",
        ),
        pytest.param(
            record(desired=deployment("a", state="patched", next_attempt_at=LATER)),
            Skip("settling"),
            LATER,
            id="settling",
        ),
        pytest.param(
            record(desired=deployment("a", state="patched", next_attempt_at=NOW)),
            Confirm(),
            NOW,
            id="settled",
        ),
        pytest.param(
            record(desired=deployment("a", state="patched")),
            Skip("patched"),
            None,
            id="given up confirming",
        ),
        pytest.param(
            record(desired=LIVE, serving=serving("a")), Skip("live"), at(hours=18), id="live"
        ),
        pytest.param(
            record(desired=LIVE, serving=serving("a", renew_at=NOW)),
            patch("a", "sas_expiring"),
            NOW,
            id="the token grows old",
        ),
        pytest.param(
            record(
                desired=deployment("b", state="refused"), serving=serving("a", renew_at=EARLIER)
            ),
            patch("a", "sas_expiring"),
            EARLIER,
            id="the token grows old while a newer model is refused",
        ),
        pytest.param(
            record(
                desired=deployment("b", next_attempt_at=LATER), serving=serving("a", renew_at=NOW)
            ),
            patch("a", "sas_expiring"),
            NOW,
            id="the token grows old while a newer model is tried in vain",
        ),
        pytest.param(
            record(desired=LIVE, serving=serving("a", renew_at=None)),
            Skip("live"),
            None,
            id="not renewable",
        ),
        pytest.param(
            record(desired=LIVE, serving=serving("a"), repeat_at=NOW),
            patch("a", "repeat"),
            NOW,
            id="a repeat is due",
        ),
        pytest.param(
            record(desired=LIVE, serving=serving("a"), repeat_at=LATER),
            Skip("live"),
            LATER,
            id="a repeat is due later",
        ),
        pytest.param(
            record(desired=LIVE, serving=serving("a"), again=True),
            patch("a", "repeat"),
            NOW,
            id="a holder lost its claim",
        ),
        pytest.param(
            record(again=True), Skip("nothing_desired"), None, id="nothing there to repeat"
        ),
        pytest.param(
            record(desired=deployment("a", state="refused")), Skip("refused"), None, id="refused"
        ),
    ],
)
def test_in_this_situation(situation: Record, decision: object, wake: datetime | None) -> None:
    assert decide(situation, NOW) == decision
    assert wake_at(situation, NOW) == wake


def test_what_was_in_flight_too_long_is_tried_again() -> None:
    """A claim that expired is taken over; see `abandoned`."""
    late = record(desired=deployment("a"), attempt=attempt("a", at(minutes=-5)))

    assert decide(late, NOW) == patch("a", "new_model")


def test_pauses_double_from_half_a_minute_to_a_quarter_of_an_hour() -> None:
    seconds = [pause_after(tries).total_seconds() for tries in range(1, 9)]

    assert seconds == [30, 60, 120, 240, 480, 900, 900, 900]
    assert pause_after(0) == timedelta(seconds=30)
    assert pause_after(10**9) == timedelta(minutes=15)
