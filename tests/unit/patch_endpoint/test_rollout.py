"""An endpoint that takes a model in several steps: when each is taken, and what ends them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.decide import (
    CHECK_AFTER,
    LONGEST_PAUSE,
    Advance,
    Patch,
    Skip,
    Tidy,
    decide,
    rollout_in_force,
    wake_at,
)
from patch_endpoint.record import NEVER, Problem, Record, Rollout
from patch_endpoint.rollout import tidying_put_off, with_spare
from protocols.protocol import Accepted, Refused, Underway, Unsettled
from tests.unit.patch_endpoint.sample import (
    NOW,
    at,
    attempt,
    deployment,
    model,
    record,
    serving,
    signed,
)

SETTLES = timedelta(0)
BUILDING = Underway(stage="building", notes={"candidate": "m-1"}, look_after=timedelta(minutes=1))
ADVANCE = Advance(model("a"), NOW, "new_model")


def rollout(name: str = "a", **changes: Any) -> Rollout:
    """Make a rollout that is looked at in a minute."""
    made = Rollout(
        model=model(name),
        instant=NOW,
        cause="new_model",
        began_at=NOW,
        stage="building",
        notes={"candidate": "m-1"},
        since=NOW,
        look_at=at(minutes=1),
    )
    return replace(made, **changes)


ROLLING = record(desired=deployment("a", attempts=1), rollout=rollout())


def reported(before: Record, answer: Any, now: datetime = NOW) -> Record:
    return attempts.reported(before, answer, SETTLES, now)


def advancing(now: datetime = NOW) -> Record:
    return attempts.claimed(ROLLING, ADVANCE, signed(), "mine", now)


def test_what_a_model_began_is_followed_and_nothing_serves_yet() -> None:
    flying = record(desired=deployment("a"), attempt=attempt("a"), serving=serving("b"))

    after = reported(flying, BUILDING, at(seconds=1))

    assert after.rollout is not None
    assert (after.rollout.stage, after.rollout.notes) == ("building", {"candidate": "m-1"})
    assert after.rollout.look_at == at(minutes=1, seconds=1)
    assert after.desired is not None
    assert (after.desired.state, after.desired.next_attempt_at) == ("pending", at(seconds=61))
    assert after.serving == serving("b")
    assert after.attempt is None


def test_a_stage_is_looked_at_once_its_time_has_come_and_not_sent_anew_before() -> None:
    assert decide(ROLLING, at(seconds=59)) == Skip("rolling_out")
    assert wake_at(ROLLING, at(seconds=59)) == at(minutes=1)
    assert decide(ROLLING, at(minutes=1)) == ADVANCE


def test_a_quick_look_is_woken_by_the_entry_that_was_written_with_the_claim() -> None:
    flying = record(desired=deployment("a"), attempt=attempt("a"))

    after = reported(flying, replace(BUILDING, look_after=timedelta(0)))

    assert wake_at(after, NOW) == NOW + CHECK_AFTER


def test_a_step_that_can_be_taken_at_once_is_claimed_by_whoever_took_the_last() -> None:
    flying = record(desired=deployment("a"), attempt=attempt("a"))

    after = reported(flying, replace(BUILDING, at_once=True))

    assert decide(after, NOW) == ADVANCE
    assert wake_at(after, NOW) == NOW


def test_a_look_is_claimed_as_a_patch_is_and_put_off_before_it_is_taken() -> None:
    after = advancing(at(minutes=1))

    assert after.attempt is not None
    assert (after.attempt.step, after.attempt.cause) == ("advance", "new_model")
    assert after.rollout is not None
    assert after.rollout.look_at == at(minutes=1, seconds=30)
    assert after.desired == ROLLING.desired  # it is no further try
    assert decide(after, at(minutes=1)) == Skip("in_flight")


def test_looks_that_find_nothing_out_are_put_off_ever_longer() -> None:
    after = ROLLING
    pauses = []
    for _ in range(8):
        after = attempts.claimed(after, ADVANCE, signed(), "mine", NOW)
        after = reported(after, Unsettled("http_503", "down"))
        assert after.rollout is not None
        pauses.append(after.rollout.look_at - NOW)

    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert after.desired is not None
    assert after.desired.error == Problem("http_503", "down")


def test_a_look_that_finds_something_out_begins_the_pauses_anew() -> None:
    looked = reported(advancing(), Unsettled("http_503", "down"))
    again = attempts.claimed(looked, ADVANCE, signed(), "again", at(minutes=2))

    after = reported(again, BUILDING, at(minutes=2))

    assert after.rollout is not None
    assert after.rollout.looks_failed == 0
    assert (after.rollout.began_at, after.rollout.since) == (NOW, NOW)
    assert after.desired is not None
    assert after.desired.error is None


def test_another_stage_begins_when_it_is_seen() -> None:
    after = reported(advancing(), replace(BUILDING, stage="testing"), at(minutes=5))

    assert after.rollout is not None
    assert (after.rollout.began_at, after.rollout.since) == (NOW, at(minutes=5))


def test_a_model_that_is_taken_at_last_serves_as_any_other() -> None:
    after = reported(advancing(), Accepted(), at(minutes=5))

    assert after.rollout is None
    assert after.serving is not None
    assert after.serving.model == model("a")
    assert after.desired is not None
    assert after.desired.state == "patched"


def test_a_model_that_is_refused_at_last_is_followed_no_more() -> None:
    bad = Refused("smoke_test_failed", "wrong", about_model=True)
    flying = replace(advancing(), serving=serving("b"))

    after = reported(flying, bad, at(minutes=5))

    assert after.rollout is None
    assert after.desired is not None
    assert after.desired.state == "refused"
    assert after.serving == serving("b")


def test_a_newer_model_is_sent_at_once_whatever_the_endpoint_is_about_to_take() -> None:
    newer = replace(ROLLING, desired=deployment("b", at(seconds=5)))

    assert rollout_in_force(newer) is None
    assert decide(newer, at(seconds=5)) == Patch(
        model("b", at(seconds=5)), at(seconds=5), "new_model"
    )
    claimed = attempts.claimed(
        newer,
        Patch(model("b", at(seconds=5)), at(seconds=5), "new_model"),
        signed(),
        "b",
        at(seconds=5),
    )
    assert claimed.rollout is None


def test_the_same_version_wanted_anew_by_a_person_is_not_the_one_that_is_followed() -> None:
    asked = deployment("a", instant=at(seconds=1), cause="redeploy", requested_by="ada")

    assert rollout_in_force(replace(ROLLING, desired=asked)) is None


def test_a_repetition_is_followed_too() -> None:
    repeating = record(
        desired=deployment("a", state="live"), serving=serving("a"), rollout=rollout(cause="repeat")
    )

    assert decide(repeating, at(minutes=1)) == Advance(model("a"), NOW, "repeat")


def test_what_is_about_to_be_taken_is_dropped_once_something_else_serves() -> None:
    parked = record(
        desired=deployment("b", state="live"),
        serving=serving("b", renew_at=None),
        rollout=rollout(),
    )

    assert rollout_in_force(parked) is None
    assert decide(parked, at(minutes=1)) == Skip("live")
    assert wake_at(parked, at(minutes=1)) is None


def test_the_endpoint_is_asked_for_patience_and_gets_it() -> None:
    waiting = replace(ROLLING, not_before=at(minutes=30))

    assert decide(waiting, at(minutes=2)) == Skip("endpoint_asked_to_wait")
    assert wake_at(waiting, at(minutes=2)) == at(minutes=30)


def test_a_fault_in_the_table_puts_the_look_off() -> None:
    problem = Problem("endpoint_fault", "endpoints.census.models is missing")
    after = attempts.waiting_for_mending(ROLLING, problem, at(minutes=1))

    assert after.rollout is not None
    assert after.rollout.look_at == at(minutes=1) + attempts.FAULT_PAUSE
    assert wake_at(after, at(minutes=1)) == after.rollout.look_at


def test_what_served_before_goes_in_time_and_no_sooner() -> None:
    live = record(
        desired=deployment("a", state="live"),
        serving=serving("a", renew_at=None),
    )
    after = with_spare(live, timedelta(hours=24), NOW)

    assert wake_at(after, NOW) == at(hours=24)
    assert decide(after, at(hours=23)) == Skip("live")
    assert decide(after, at(hours=24)) == Tidy()
    assert with_spare(after, None, NOW).tidy_at is None


def test_nothing_is_tidied_while_a_model_is_wanted() -> None:
    wanted = record(
        desired=deployment("b", at(hours=1), next_attempt_at=at(hours=3)),
        serving=serving("a", renew_at=None),
        tidy_at=at(hours=2),
    )

    assert decide(wanted, at(hours=2)) == Skip("backing_off")
    assert wake_at(wanted, at(hours=2)) == at(hours=3)


@pytest.mark.parametrize(
    ("answer", "is_over"),
    [(Accepted(), True), (Refused("http_403", "no"), True), (Unsettled("http_503", "down"), False)],
)
def test_tidying_is_claimed_and_tried_until_there_is_an_answer(
    answer: Any, *, is_over: bool
) -> None:
    live = record(
        desired=deployment("a", state="live"), serving=serving("a", renew_at=None), tidy_at=NOW
    )
    claimed = attempts.tidying(live, "mine", NOW)
    assert claimed.attempt is not None
    assert claimed.attempt.step == "tidy"
    assert decide(claimed, at(seconds=1)) == Skip("in_flight")

    after = reported(claimed, answer, at(seconds=1))

    assert after.tidy_at == (None if is_over else tidying_put_off(live, NOW).tidy_at)
    assert (after.desired, after.serving) == (live.desired, live.serving)


def test_tidying_that_nobody_reported_leaves_no_model_in_doubt() -> None:
    live = record(desired=deployment("a", state="live"), serving=serving("a"), tidy_at=NOW)
    claimed = attempts.tidying(live, "mine", NOW)

    after = attempts.abandoned(claimed, at(minutes=5))

    assert (after.attempt, after.unknown) == (None, ())


def test_an_endpoint_that_reads_by_its_own_rights_is_never_renewed() -> None:
    flying = record(
        desired=deployment("a"),
        attempt=attempt("a", token_expires_at=NEVER, token_expiry="", renew_at=NEVER),
    )

    after = reported(flying, Accepted())

    assert after.serving is not None
    assert after.serving.renew_at is None
    assert after.serving.token_expires_at == NEVER
    assert after.serving.late_at is None
