"""The order of models: the later wins, whatever the order of events."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patch_endpoint.decide import rollout_in_force
from patch_endpoint.desired import Asked, landed, released, request, want, with_facts
from patch_endpoint.fallback import refused
from patch_endpoint.history import HISTORY_KEPT
from patch_endpoint.record import Deployment, Past, Problem, Record, Rollout, Unknown
from patch_endpoint.trained_model import TrainedModel
from tests.unit.patch_endpoint.sample import NOW, at, deployment, model, record, serving

ABOUT_MODEL = Problem("http_400", "no model", about_model=True)
ABOUT_ENDPOINT = Problem("http_401", "wrong key")
ORDERS = list(itertools.permutations(range(3)))


def wanted(before: Record, wish: Deployment, *, waits: bool = False) -> tuple[Record, str]:
    result = want(before, wish, waits=waits, now=at(hours=1))
    return result.record, result.verdict


def desired(of: Record) -> Deployment:
    assert of.desired is not None
    return of.desired


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=6))
def test_whatever_the_order_of_events_the_latest_model_is_desired(
    landings: list[tuple[int, str]],
) -> None:
    now = record()
    for minute, name in landings:
        now, _ = wanted(now, landed(model(name, at(minutes=minute))))

    minute, name = max(landings)
    assert desired(now).model == model(name, at(minutes=minute))


@pytest.mark.parametrize("order", ORDERS)
def test_in_a_tie_the_greater_name_wins(order: tuple[int, ...]) -> None:
    now = record()
    for index in order:
        now, _ = wanted(now, landed(model("abc"[index])))

    assert desired(now).model.name == "c"


def test_in_a_tie_a_person_wins_over_a_greater_name() -> None:
    asked = deployment("a", requested_by="ada", cause="redeploy")
    by_person, _ = wanted(record(desired=deployment("b")), asked)
    after, verdict = wanted(by_person, landed(model("c")))

    assert desired(by_person).requested_by == "ada"
    assert desired(after).requested_by == "ada"
    assert verdict == "older_than_desired"


def test_a_person_is_later_than_anything_known_even_with_a_slow_clock() -> None:
    before = record(desired=deployment("b", at(minutes=5)))
    wish = request(before, model("a"), Asked("ada", "why not", NOW))

    after, verdict = wanted(before, wish)

    assert verdict == "desired"
    assert desired(after).model.name == "a"
    assert desired(after).instant > at(minutes=5)


def test_two_persons_in_one_second_the_later_wins_whatever_the_names() -> None:
    first, _ = wanted(record(), request(record(), model("z"), Asked("ada", None, NOW)))
    second, verdict = wanted(first, request(first, model("a"), Asked("bob", None, NOW)))

    assert verdict == "desired"
    assert desired(second).model.name == "a"


def test_what_was_desired_is_kept_as_superseded() -> None:
    after, _ = wanted(record(desired=deployment("a")), landed(model("b", at(minutes=1))))

    assert [(past.deployment.model.name, past.deployment.state) for past in after.history] == [
        ("a", "superseded")
    ]


def test_what_was_refused_stays_refused_in_the_history() -> None:
    before = record(desired=deployment("a", state="refused", error=ABOUT_ENDPOINT))
    after, _ = wanted(before, landed(model("b", at(minutes=1))))

    assert after.history[0].deployment.state == "refused"


def test_the_history_is_bounded() -> None:
    now = record()
    for minute in range(3 * HISTORY_KEPT):
        now, _ = wanted(now, landed(model("a", at(minutes=minute))))

    assert len(now.history) == HISTORY_KEPT


def test_the_same_version_is_no_landing() -> None:
    before = record(desired=deployment("a", state="live"))

    assert wanted(before, landed(model("a"))) == (before, "same_model")


def test_a_version_of_the_history_is_no_landing() -> None:
    before = record(
        desired=deployment("b", at(minutes=1)), history=(Past(deployment("a"), at(minutes=1)),)
    )

    assert wanted(before, landed(model("a"))) == (before, "ended_before")


def test_the_same_bytes_under_one_name_are_no_landing_but_move_the_order() -> None:
    before = record(desired=deployment("a", state="live"))
    later = at(minutes=5)
    again = model("a", later, content_md5=model("a").content_md5)

    after, verdict = wanted(before, landed(again))
    assert verdict == "same_bytes"
    assert (desired(after).state, desired(after).instant) == ("live", later)
    assert desired(after).model == again
    between, verdict = wanted(after, landed(model("b", at(minutes=3))))
    assert verdict == "older_than_desired"
    assert desired(between).model == again


def test_the_same_bytes_that_land_again_do_not_begin_anew_what_the_endpoint_is_about_to_take() -> (
    None
):
    rollout = Rollout(
        model=model("a"),
        instant=NOW,
        cause="new_model",
        began_at=NOW,
        stage="building",
        notes={},
        since=NOW,
        look_at=at(minutes=10),
    )
    before = record(desired=deployment("a"), rollout=rollout)
    later = at(minutes=5)

    after, _ = wanted(before, landed(model("a", later, content_md5=model("a").content_md5)))

    in_force = rollout_in_force(after)
    assert in_force is not None
    assert (in_force.instant, in_force.model) == (later, desired(after).model)


def test_an_older_copy_of_the_same_bytes_does_not_move_the_order_back() -> None:
    before = record(desired=deployment("a", at(minutes=5), state="live"))
    older = model("a", NOW, content_md5=model("a", at(minutes=5)).content_md5)

    assert wanted(before, landed(older)) == (before, "same_bytes")


@pytest.mark.parametrize(
    "change",
    [{"content_md5": None}, {"content_md5": "another"}, {"size": 11}],
    ids=["no digest", "another digest", "another length"],
)
def test_what_is_not_certainly_the_same_is_a_landing(change: dict[str, Any]) -> None:
    again = model("a", at(minutes=5), content_md5=model("a").content_md5)
    unsure = model("a", at(minutes=5), **({"content_md5": again.content_md5} | change))

    _, verdict = wanted(record(desired=deployment("a", state="live")), landed(unsure))

    assert verdict == "desired"


def test_the_same_bytes_under_another_name_are_a_landing() -> None:
    other = model("b", at(minutes=5), content_md5=model("a").content_md5)

    _, verdict = wanted(record(desired=deployment("a", state="live")), landed(other))

    assert verdict == "desired"


def test_the_same_bytes_after_a_refusal_are_a_landing() -> None:
    before = record(desired=deployment("a", state="refused", error=ABOUT_MODEL))
    again = model("a", at(minutes=5), content_md5=model("a").content_md5)

    _, verdict = wanted(before, landed(again))

    assert verdict == "desired"


def test_an_empty_model_is_refused_at_once() -> None:
    after, _ = wanted(record(), landed(model("a", size=0)))

    error = desired(after).error
    assert desired(after).state == "refused"
    assert error is not None
    assert error.code == "empty_model"


def test_after_an_empty_model_the_older_pending_one_comes_back() -> None:
    before = record(desired=deployment("a", attempts=3))
    after, _ = wanted(before, landed(model("b", at(minutes=1), size=0)))

    assert desired(after).model.name == "a"
    assert desired(after).state == "pending"
    assert after.history[-1].deployment.error is not None


def test_an_older_event_after_an_empty_newer_one_is_desired_all_the_same() -> None:
    empty, _ = wanted(record(), landed(model("b", at(minutes=1), size=0)))
    after, _ = wanted(empty, landed(model("a")))

    assert desired(after).model.name == "a"
    assert desired(after).state == "pending"


def test_a_refusal_falls_back_to_the_newest_that_was_never_sent() -> None:
    now = record()
    for minute, name in enumerate("abc"):
        now, _ = wanted(now, landed(model(name, at(minutes=minute))))
    once = refused(now, ABOUT_MODEL, at(hours=1))
    twice = refused(once, ABOUT_MODEL, at(hours=1))
    thrice = refused(twice, ABOUT_MODEL, at(hours=1))

    assert [desired(one).model.name for one in (once, twice)] == ["b", "a"]
    assert (desired(thrice).model.name, desired(thrice).state) == ("c", "refused")


@pytest.mark.parametrize(
    "older",
    [
        {"patched_at": NOW},
        {"approved": False},
        {"state": "refused"},
    ],
    ids=["sent before", "not approved", "refused before"],
)
def test_a_refusal_does_not_fall_back_to_what_must_not_be_sent(older: dict[str, Any]) -> None:
    past = Past(deployment("a", **({"state": "superseded"} | older)), NOW)
    before = record(desired=deployment("b", at(minutes=1)), history=(past,))

    assert desired(refused(before, ABOUT_MODEL, at(hours=1))).model.name == "b"


def test_a_refusal_does_not_fall_back_behind_what_serves() -> None:
    past = Past(deployment("a", state="superseded"), NOW)
    before = record(
        desired=deployment("c", at(minutes=2)),
        serving=serving("b", at(minutes=1)),
        history=(past,),
    )

    assert desired(refused(before, ABOUT_MODEL, at(hours=1))).model.name == "c"


@pytest.mark.parametrize("is_same", [True, False])
def test_what_serves_is_sent_again_where_other_bytes_may_come_late(*, is_same: bool) -> None:
    md5 = model("a").content_md5 if is_same else "another"
    late = Unknown(model("a", at(minutes=1), content_md5=md5), NOW, at(hours=24))
    before = record(desired=deployment("b", at(minutes=2)), serving=serving("a"), unknown=(late,))

    assert refused(before, ABOUT_MODEL, at(hours=1)).again is not is_same


def test_a_fault_of_the_endpoint_tries_no_other_model() -> None:
    past = Past(deployment("a", state="superseded"), NOW)
    before = record(desired=deployment("b", at(minutes=1)), history=(past,))

    assert desired(refused(before, ABOUT_ENDPOINT, at(hours=1))).model.name == "b"


def test_what_can_be_sent_leaves_the_record_as_it_is() -> None:
    before = record(desired=deployment("a"))

    assert with_facts(before, model("a"), model("a"), NOW, waits=False) is before


def test_a_model_that_is_gone_is_refused() -> None:
    after = with_facts(record(desired=deployment("a")), model("a"), None, NOW, waits=False)

    error = desired(after).error
    assert (desired(after).state, error and error.code) == ("refused", "model_gone")


def test_an_overwritten_model_gives_way_to_the_new_bytes_at_their_place_in_the_order() -> None:
    newer = model("a", at(minutes=3))
    after = with_facts(record(desired=deployment("a")), model("a"), newer, NOW, waits=False)

    assert desired(after).model == newer
    assert desired(after).instant == at(minutes=3)
    lost = after.history[-1].deployment
    assert (lost.state, lost.error and lost.error.code) == ("superseded", "model_gone")


def test_overwritten_bytes_that_nobody_approved_are_not_sent() -> None:
    newer = model("a", at(minutes=3))
    after = with_facts(record(desired=deployment("a")), model("a"), newer, NOW, waits=True)

    assert desired(after).state == "refused"


def test_a_model_that_was_overwritten_by_nothing_is_refused() -> None:
    empty = model("a", at(minutes=3), size=0)
    after = with_facts(record(desired=deployment("a")), model("a"), empty, NOW, waits=False)

    error = desired(after).error
    assert (desired(after).state, error and error.code) == ("refused", "empty_model")


@pytest.mark.parametrize("facts", [None, model("a", at(minutes=3))], ids=["gone", "overwritten"])
def test_what_serves_and_cannot_be_signed_again_goes_on_serving(
    facts: TrainedModel | None,
) -> None:
    before = record(desired=deployment("a", state="live"), serving=serving("a"), repeat_at=NOW)
    after = with_facts(before, model("a"), facts, NOW, waits=False)

    assert after.desired == before.desired
    assert after.serving is not None
    assert (after.serving.renewable, after.serving.renew_at, after.repeat_at) == (False, None, None)


def test_a_model_waits_where_a_person_decides_and_what_is_desired_stays() -> None:
    before = record(desired=deployment("a", state="live"))
    after, verdict = wanted(before, landed(model("b", at(minutes=1))), waits=True)

    assert verdict == "waiting"
    assert after.desired == before.desired
    assert after.waiting is not None
    assert (after.waiting.model.name, after.waiting.state) == ("b", "waiting")


def test_only_the_newest_model_waits() -> None:
    now, _ = wanted(record(), landed(model("b", at(minutes=1))), waits=True)
    now, _ = wanted(now, landed(model("a")), waits=True)
    now, _ = wanted(now, landed(model("c", at(minutes=2))), waits=True)

    assert now.waiting is not None
    assert now.waiting.model.name == "c"
    assert [past.deployment.model.name for past in now.history] == ["a", "b"]
    assert now.desired is None


def test_what_waited_is_desired_once_it_need_not_wait() -> None:
    now, _ = wanted(record(), landed(model("a")), waits=True)
    assert now.waiting is not None

    after, verdict = wanted(record(history=now.history), released(now.waiting))

    assert verdict == "desired"
    assert (desired(after).state, desired(after).approved) == ("pending", True)


def test_a_person_takes_over_what_waits() -> None:
    now, _ = wanted(record(), landed(model("b", at(minutes=1))), waits=True)
    after, _ = wanted(now, request(now, model("a"), Asked("ada", None, at(minutes=2))), waits=True)

    assert after.waiting is None
    assert desired(after).model.name == "a"
    assert desired(after).state == "pending"


def test_an_older_event_does_not_take_the_place_of_what_is_live() -> None:
    """Its token could not be renewed, which is no refusal of the model itself."""
    problem = Problem("http_400", "bad", about_model=True)
    live = deployment("b", at(minutes=1), state="live", live_at=NOW, error=problem)
    before = record(desired=live, serving=None)

    after = want(before, deployment("a"), waits=False, now=NOW).record

    assert after.desired == live
