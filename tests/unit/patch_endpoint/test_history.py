"""What an endpoint desired before: what is kept of it, and what is dropped first."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from patch_endpoint.history import (
    HISTORY_KEPT,
    best_fallback,
    is_news,
    may_have_forgotten,
    with_past,
    without_past,
)
from patch_endpoint.record import Deployment, Past, Problem, Record
from tests.unit.patch_endpoint.sample import NOW, at, deployment, record, serving

BAD = Problem("http_400", "no model", about_model=True)


def passed_over(minutes: float) -> Deployment:
    return deployment("over", at(minutes=minutes), state="superseded")


def once_live(minutes: float) -> Deployment:
    return deployment("live", at(minutes=minutes), state="superseded", live_at=NOW, patched_at=NOW)


def accepted(minutes: float) -> Deployment:
    return deployment("sent", at(minutes=minutes), state="superseded", patched_at=NOW)


def waited(minutes: float) -> Deployment:
    return deployment("waited", at(minutes=minutes), state="superseded", approved=False)


def refused(minutes: float) -> Deployment:
    return deployment("bad", at(minutes=minutes), state="refused", error=BAD)


def full_of_once_live() -> Record:
    """Make a record that serves since NOW, and has as many once-live models as it keeps."""
    lived = tuple(Past(once_live(-n), NOW) for n in range(1, HISTORY_KEPT + 1))
    return record(serving=serving("s", NOW), history=lived)


def kept(of: Record) -> list[Deployment]:
    return [past.deployment for past in of.history]


@given(st.permutations(range(HISTORY_KEPT + 8)))
def test_of_the_passed_over_the_latest_are_kept_whatever_the_order_of_arrival(
    minutes: list[int],
) -> None:
    now = record()
    for minute in minutes:
        now = with_past(now, passed_over(minute), NOW)

    found = sorted(one.instant - NOW for one in kept(now))
    assert found == [timedelta(minutes=n) for n in range(8, HISTORY_KEPT + 8)]


def test_the_best_to_fall_back_to_outlives_an_older_model_that_was_live() -> None:
    now = with_past(full_of_once_live(), passed_over(1), NOW)

    assert best_fallback(now) == passed_over(1)
    assert once_live(-HISTORY_KEPT) not in kept(now)


def test_of_two_versions_within_a_second_the_later_is_fallen_back_to_with_its_back_off() -> None:
    earlier, later = (passed_over(1), passed_over(1))
    earlier = replace(earlier, model=replace(earlier.model, etag="earlier"))
    later = replace(later, attempts=2, next_attempt_at=at(minutes=5))
    now = with_past(with_past(record(), earlier, NOW), later, NOW)

    assert best_fallback(now) == later


def test_of_several_to_fall_back_to_only_the_best_outlives_one_that_was_live() -> None:
    now = with_past(full_of_once_live(), passed_over(2), NOW)
    now = with_past(now, passed_over(1), NOW)

    assert passed_over(2) in kept(now)
    assert passed_over(1) not in kept(now)


def test_a_late_refusal_is_remembered_so_that_it_is_not_tried_again() -> None:
    now = with_past(full_of_once_live(), refused(1), NOW)
    now = with_past(now, once_live(2), NOW)

    assert refused(1) in kept(now)


def test_a_refusal_older_than_what_serves_goes_before_one_that_was_live() -> None:
    now = with_past(full_of_once_live(), refused(-0.5), NOW)

    assert refused(-0.5) not in kept(now)
    assert len(kept(now)) == HISTORY_KEPT


@given(
    st.permutations(range(1, HISTORY_KEPT + 12)),
    st.lists(
        st.sampled_from([refused, once_live, passed_over, waited]),
        min_size=HISTORY_KEPT + 11,
        max_size=HISTORY_KEPT + 11,
    ),
)
def test_what_must_not_go_unasked_is_on_record_or_may_have_been_forgotten(
    minutes: list[int], kinds: list[Callable[[float], Deployment]]
) -> None:
    """Whatever arrives when, and also once one of those kept is desired again."""
    now = record(serving=serving("s", NOW))
    all_of_them = [kind(minute) for kind, minute in zip(kinds, minutes, strict=True)]
    for one in all_of_them:
        now = with_past(now, one, NOW)
    again = kept(now)[-1]
    now = replace(without_past(now, again), desired=again)

    for one in all_of_them:
        if one.state == "refused" or not one.approved:
            is_known = one in kept(now) or one == again
            assert is_known or may_have_forgotten(now, one.model)


def test_a_full_history_that_dropped_no_refusal_has_forgotten_none() -> None:
    """Whatever else it dropped: such is that of each endpoint in time."""
    now = record(serving=serving("s", NOW))
    for minute in range(1, 2 * HISTORY_KEPT):
        now = with_past(now, accepted(minute), NOW)
    for minute in (50, 60):
        now = with_past(now, refused(minute), NOW)

    assert accepted(2) not in kept(now)
    assert not may_have_forgotten(now, refused(1.5).model)


def test_what_is_later_than_any_past_that_matters_is_not_forgotten() -> None:
    full = with_past(full_of_once_live(), refused(1), NOW)

    assert not may_have_forgotten(full, refused(0.5).model)


def test_a_history_that_is_not_full_has_forgotten_nothing() -> None:
    now = with_past(record(serving=serving("s", NOW)), refused(2), NOW)

    assert not may_have_forgotten(now, refused(1).model)


def test_what_is_later_than_all_that_was_dropped_is_not_forgotten() -> None:
    now = record(serving=serving("s", NOW))
    for minute in range(1, HISTORY_KEPT + 3):
        now = with_past(now, refused(minute), NOW)

    assert refused(2) not in kept(now)
    assert may_have_forgotten(now, refused(2).model)
    assert not may_have_forgotten(now, refused(2.5).model)


def test_two_persons_who_say_the_same_within_a_second_are_both_on_record() -> None:
    words = [replace(refused(1), cause="redeploy", requested_by=by) for by in ("ada", "bob")]
    now = with_past(with_past(record(), words[0], NOW), words[1], NOW)

    assert kept(now) == words


def test_a_wish_is_on_record_once_however_far_it_got() -> None:
    word = replace(refused(1), cause="redeploy", requested_by="ada")
    now = with_past(with_past(record(), replace(word, state="pending"), NOW), word, NOW)

    assert kept(now) == [word]


def test_of_the_second_of_what_serves_only_a_greater_name_is_later() -> None:
    now = record(desired=deployment("b", NOW, state="live"), serving=serving("b", NOW))

    assert is_news(now, deployment("c", NOW))
    assert not is_news(now, deployment("b", NOW))
    assert not is_news(now, deployment("a", NOW))
    assert is_news(now, deployment("a", at(minutes=1)))


def test_of_the_second_of_a_persons_word_that_serves_only_another_word_is_later() -> None:
    by_a_person = deployment("b", NOW, state="superseded", requested_by="ada")
    now = record(serving=serving("b", NOW), history=(Past(by_a_person, NOW),))

    assert not is_news(now, deployment("c", NOW))
    assert is_news(now, deployment("c", NOW, requested_by="bob"))


def test_where_it_is_forgotten_who_wanted_what_serves_it_may_have_been_a_person() -> None:
    assert not is_news(record(serving=serving("b", NOW)), deployment("c", NOW))
