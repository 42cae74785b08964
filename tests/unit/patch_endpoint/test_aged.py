"""What of a record is forgotten in time, and what never is."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from patch_endpoint.aged import HISTORY_KEPT_FOR, tidied, without_copies
from patch_endpoint.history import last_that_was_live
from patch_endpoint.kept import copy_name
from patch_endpoint.record import Deployment, Kept, Past, Problem, Record
from tests.unit.patch_endpoint.sample import NOW, at, deployment, record, serving

LATER = NOW + HISTORY_KEPT_FOR + timedelta(seconds=1)
BAD = Problem("http_400", "no model", about_model=True)


def once_live(name: str, minutes: float) -> Deployment:
    return deployment(name, at(minutes=minutes), state="superseded", live_at=NOW, patched_at=NOW)


def kept(*of: Deployment) -> tuple[Kept, ...]:
    return tuple(Kept(one.model, copy_name("census", one.model)) for one in of)


A, B, C = once_live("a", -3), once_live("b", -2), once_live("c", -1)
NOW_LIVE = deployment("d", NOW, state="live", live_at=NOW, patched_at=NOW)
FULL = record(
    desired=NOW_LIVE,
    serving=serving("d", NOW),
    history=tuple(Past(one, NOW) for one in (A, B, C)),
    kept=kept(A, B, C, NOW_LIVE),
)


def past(of: Record) -> list[Deployment]:
    return [one.deployment for one in of.history]


def test_what_ended_long_ago_goes_with_its_copy_but_what_can_be_gone_back_to_stays() -> None:
    left = tidied(FULL, 5, LATER)

    assert past(left) == [C]
    assert left.kept == kept(C, NOW_LIVE)
    assert (left.desired, left.serving) == (FULL.desired, FULL.serving)


def test_until_then_nothing_is_forgotten() -> None:
    assert tidied(FULL, 5, NOW + HISTORY_KEPT_FOR) is FULL


def test_after_a_rollback_that_was_not_replaced_the_place_of_its_model_stays_known() -> None:
    again = deployment("a", at(minutes=-3), instant=NOW, cause="rollback", state="live")
    rolled_back = record(
        desired=again,
        serving=serving("a", at(minutes=-3), instant=NOW),
        history=(Past(A, NOW), Past(B, NOW)),
    )

    assert past(tidied(rolled_back, 5, LATER)) == [A]


def test_a_later_model_that_was_refused_is_remembered_so_that_it_is_not_tried_again() -> None:
    refused = deployment("bad", at(minutes=1), state="refused", error=BAD)
    with_refusal = record(
        desired=NOW_LIVE, serving=serving("d", NOW), history=(Past(refused, NOW),)
    )

    assert tidied(with_refusal, 5, LATER) is with_refusal


def test_a_lowered_keep_is_honoured_and_an_unknown_one_changes_nothing() -> None:
    assert tidied(FULL, 2, NOW).kept == kept(C, NOW_LIVE)
    assert tidied(FULL, 0, NOW).kept == kept(NOW_LIVE)
    assert tidied(FULL, None, NOW) is FULL


def test_a_copy_that_nothing_remembers_goes() -> None:
    forgotten = record(desired=NOW_LIVE, serving=serving("d", NOW), kept=kept(A, NOW_LIVE))

    assert tidied(forgotten, 5, NOW).kept == kept(NOW_LIVE)


def test_without_its_endpoint_copies_stay_until_long_after_the_last_token_has_expired() -> None:
    expired = NOW + timedelta(hours=24) + HISTORY_KEPT_FOR

    assert without_copies(FULL, expired) is FULL
    gone = without_copies(FULL, expired + timedelta(seconds=1))
    assert (gone.kept, gone.desired) == ((), FULL.desired)
    assert without_copies(gone, LATER + timedelta(days=2)) is gone


@given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.booleans(), st.sampled_from(["new_model", "rollback"])),
        max_size=12,
    ),
    st.integers(-9, 9),
    st.sampled_from(["new_model", "redeploy", "rollback"]),
)
def test_what_can_be_gone_back_to_is_the_same_after_any_tidying(
    deployments: list[tuple[int, bool, str]], wanted: int, cause: str
) -> None:
    history = tuple(
        Past(deployment(f"m{minutes}", at(minutes=minutes), live_at=live, cause=why), NOW)
        for minutes, is_live, why in deployments
        for live in [NOW if is_live else None]
    )
    desired = deployment(f"m{wanted}", at(minutes=wanted), cause=cause, state="live", live_at=NOW)
    served = serving(f"m{wanted}", at(minutes=wanted))
    before = record(desired=desired, serving=served, history=history)

    assert last_that_was_live(tidied(before, 5, LATER)) == last_that_was_live(before)
