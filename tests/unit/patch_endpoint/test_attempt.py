"""What a PATCH does to the record, whatever came of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.decide import Patch
from patch_endpoint.record import Deployment, Problem, Record, Serving, Unknown
from protocols.protocol import Accepted, Answer, Refused, Unsettled
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

SETTLES = timedelta(seconds=30)
FLYING = record(desired=deployment("a"), attempt=attempt("a"))
NO_ANSWER = Unsettled("no_answer", "reset", maybe_applied=True)


def reported(before: Record, answer: Answer, **after: float) -> Record:
    return attempts.reported(before, answer, SETTLES, at(**after))


def desired(of: Record) -> Deployment:
    assert of.desired is not None
    return of.desired


def served(of: Record) -> Serving:
    assert of.serving is not None
    return of.serving


def test_a_claim_notes_before_when_nobody_tries_again() -> None:
    patch = Patch(model("a"), NOW, "new_model")
    before = record(desired=deployment("a", attempts=2), again=True)

    after = attempts.claimed(before, patch, signed(), "mine", NOW)

    assert after.attempt is not None
    assert (after.attempt.id, after.attempt.model, after.again) == ("mine", model("a"), False)
    assert after.attempt.send_by == NOW + attempts.SEND_WITHIN
    assert after.attempt.deadline > after.attempt.send_by + timedelta(minutes=1)
    assert (desired(after).attempts, desired(after).next_attempt_at) == (3, at(minutes=2))


def test_a_claim_sends_no_token_that_is_about_to_be_stale() -> None:
    patch = Patch(model("a"), NOW, "new_model")
    soon = at(seconds=2)

    after = attempts.claimed(
        record(desired=deployment("a")), patch, signed(soon - timedelta(hours=23.9)), "mine", NOW
    )

    assert after.attempt is not None
    assert after.attempt.send_by < at(seconds=10)


def test_a_renewals_claim_touches_what_serves_and_not_what_is_desired() -> None:
    patch = Patch(model("a"), NOW, "sas_expiring")
    before = record(desired=deployment("b", state="refused"), serving=serving("a", renew_at=NOW))

    after = attempts.claimed(before, patch, signed(), "mine", NOW)

    assert after.desired == before.desired
    assert (served(after).resends_tried, served(after).renew_at) == (1, at(seconds=30))


def test_an_accepted_model_is_patched_and_serves() -> None:
    after = reported(FLYING, Accepted(), seconds=1)

    assert after.attempt is None
    assert after.reported == "mine"
    assert desired(after).state == "patched"
    assert desired(after).next_attempt_at is not None
    assert desired(after).next_attempt_at >= at(seconds=31)  # type: ignore[operator] # see above
    assert (served(after).model, served(after).since) == (model("a"), at(seconds=1))
    assert served(after).token_expires_at == at(hours=24)
    assert after.repeat_at is None


def test_an_accepted_model_that_is_desired_no_more_serves_and_settles_nothing() -> None:
    before = record(desired=deployment("b", at(seconds=1)), attempt=attempt("a"))
    after = reported(before, Accepted(), seconds=2)

    assert after.desired == before.desired
    assert served(after).model == model("a")


def test_the_same_version_wanted_anew_by_a_person_is_not_settled_by_the_earlier_patch() -> None:
    asked = deployment("a", instant=at(seconds=1), cause="redeploy", requested_by="ada")
    after = reported(record(desired=asked, attempt=attempt("a")), Accepted(), seconds=2)

    assert desired(after).state == "pending"


def test_a_renewal_keeps_since_when_it_serves_and_that_it_is_live() -> None:
    before = record(
        desired=deployment("a", state="live"),
        serving=serving("a", confirmed_by="smoke_test"),
        attempt=attempt("a", at(hours=18), cause="sas_expiring"),
    )
    after = reported(before, Accepted(), hours=18)

    assert desired(after).state == "live"
    assert (served(after).since, served(after).confirmed_by) == (NOW, "smoke_test")
    assert served(after).token_expires_at == at(hours=42)


def test_a_refused_model_waits_for_a_person() -> None:
    after = reported(FLYING, Refused("http_401", "wrong key"), seconds=1)

    assert after.attempt is None
    assert desired(after).state == "refused"
    assert desired(after).error == Problem("http_401", "wrong key")
    assert desired(after).next_attempt_at is None
    assert after.serving is None


def test_a_refused_renewal_leaves_what_is_live_live_and_says_so() -> None:
    before = record(
        desired=deployment("a", state="live"),
        serving=serving("a"),
        attempt=attempt("a", cause="sas_expiring"),
    )
    after = reported(before, Refused("http_401", "wrong key"), seconds=1)

    assert after.desired == before.desired
    problem = Problem("http_401", "wrong key")
    assert after.serving == serving("a", error=problem, resend_refused=True)


@pytest.mark.parametrize("cause", ["sas_expiring", "repeat"])
@pytest.mark.parametrize("answer", [Refused("http_400", "no", about_model=True), NO_ANSWER])
def test_what_serves_says_that_it_was_not_sent_again_whatever_is_desired(
    cause: str, answer: Refused | Unsettled
) -> None:
    for other in (None, deployment("b", at(minutes=1), state="refused"), deployment("a")):
        before = record(desired=other, serving=serving("a"), attempt=attempt("a", cause=cause))
        failed = reported(before, answer, seconds=1)

        error = served(failed).error
        assert (error and error.code, failed.desired) == (answer.code, other)
        again = replace(failed, attempt=attempt("a", cause=cause))
        assert served(reported(again, Accepted(), seconds=2)).error is None


def test_a_refused_repeat_is_no_wrong_answer_to_a_smoke_test() -> None:
    """A second wrong answer rejects a model, so a repeat must not count as the first."""
    before = record(
        desired=deployment("a", state="patched"),
        serving=serving("a"),
        attempt=attempt("a", cause="repeat"),
    )
    after = reported(before, Refused("http_409", "busy", about_model=True), seconds=1)

    assert desired(after).error is None


def test_an_unsettled_answer_leaves_it_pending_with_its_reason() -> None:
    after = reported(FLYING, Unsettled("http_429", "slow down"), seconds=1)

    assert desired(after).state == "pending"
    assert desired(after).error == Problem("http_429", "slow down")
    assert (after.unknown, after.not_before) == ((), None)


def test_retry_after_counts_from_the_answer() -> None:
    asked = Unsettled("http_429", "slow down", retry_after=timedelta(minutes=40))
    after = reported(FLYING, asked, seconds=7)

    assert after.not_before == at(minutes=40, seconds=7)


def test_a_success_ends_the_wait_that_the_endpoint_asked_for() -> None:
    before = record(desired=deployment("a"), attempt=attempt("a"), not_before=at(hours=1))

    assert reported(before, Accepted()).not_before is None


def test_no_answer_is_an_unknown_outcome() -> None:
    after = reported(FLYING, NO_ANSWER, seconds=1)

    assert after.unknown == (Unknown(model("a"), at(seconds=1), at(hours=24)),)


@pytest.mark.parametrize(("minutes", "repeats"), [(4.9, True), (5.1, False)])
def test_a_success_is_repeated_while_another_models_outcome_is_unknown(
    minutes: float, *, repeats: bool
) -> None:
    lost = Unknown(model("b"), NOW, at(hours=24))
    before = record(desired=deployment("a"), attempt=attempt("a"), unknown=(lost,))
    after = reported(before, Accepted(), minutes=minutes)

    assert after.repeat_at == (at(minutes=5) if repeats else None)


def test_an_unknown_outcome_of_the_same_model_makes_the_earlier_token_count() -> None:
    """Which of the two tokens the endpoint holds is not known: the first to expire counts."""
    lost = Unknown(model("a"), NOW, at(hours=23))
    before = record(desired=deployment("a"), attempt=attempt("a"), unknown=(lost,))
    after = reported(before, Accepted(), minutes=1)

    assert after.repeat_at is None
    assert served(after).token_expires_at == at(hours=23)
    assert served(after).renew_at == at(hours=17)


def test_a_claim_is_taken_over_at_its_deadline_and_not_before() -> None:
    deadline = attempt("a").deadline
    before = attempts.abandoned(FLYING, deadline - timedelta(seconds=1))
    after = attempts.abandoned(FLYING, deadline)

    assert before is FLYING
    assert after.attempt is None
    assert after.unknown == (Unknown(model("a"), deadline, at(hours=24)),)


def test_who_lost_its_claim_has_the_next_send_what_serves_again() -> None:
    assert attempts.overtaken(record()).again


def test_unknown_outcomes_do_not_pile_up() -> None:
    now = record(desired=deployment("a"))
    for minute in range(100):
        flying = record(
            desired=deployment("a"),
            attempt=attempt("a", at(minutes=minute)),
            unknown=now.unknown,
        )
        now = reported(flying, NO_ANSWER, minutes=minute)

    assert len(now.unknown) <= 5


def test_a_fault_of_the_table_has_what_is_desired_wait() -> None:
    problem = Problem("endpoint_fault", "api_key is missing")
    after = attempts.waiting_for_mending(record(desired=deployment("a")), problem, NOW)

    assert desired(after).state == "waiting"
    assert desired(after).error == problem
    assert desired(after).next_attempt_at == NOW + attempts.FAULT_PAUSE


def test_a_fault_of_the_table_puts_a_renewal_off_and_leaves_what_is_live_live() -> None:
    problem = Problem("endpoint_fault", "api_key is missing")
    before = record(desired=deployment("a", state="live"), serving=serving("a", renew_at=NOW))
    after = attempts.waiting_for_mending(before, problem, NOW)

    assert desired(after).state == "live"
    assert (served(after).renew_at, served(after).error) == (NOW + attempts.FAULT_PAUSE, problem)
    earlier = record(serving=serving("a"))
    assert attempts.waiting_for_mending(earlier, problem, NOW) == earlier


def test_a_repeat_backs_off_and_a_success_begins_anew() -> None:
    """A refused repeat used to be sent every minute for ever."""
    now = record(desired=deployment("a", state="live"), serving=serving("a"), repeat_at=NOW)
    pauses = []
    for _ in range(7):
        repeat = Patch(model("a"), NOW, "repeat")
        now = attempts.claimed(now, repeat, signed(), "mine", NOW)
        now = attempts.reported(now, Refused("http_401", "no"), SETTLES, NOW)
        assert now.repeat_at is not None
        pauses.append((now.repeat_at - NOW).total_seconds())

    assert pauses == [30, 60, 120, 240, 480, 900, 900]
    again = attempts.claimed(now, Patch(model("a"), NOW, "repeat"), signed(), "mine", NOW)
    after = reported(again, Accepted())
    assert (after.repeat_at, served(after).resends_tried) == (None, 0)
