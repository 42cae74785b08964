"""Which copies a record goes on naming."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patch_endpoint.kept import copy_name, with_kept, within
from patch_endpoint.record import Kept, Record
from tests.unit.patch_endpoint.sample import at, attempt, deployment, model, record, serving

NAMES = "abcdef"
COPIES = tuple(Kept(model(name), copy_name("census", model(name))) for name in NAMES)


def names(of: Record) -> str:
    return "".join(one.model.name for one in of.kept)


@pytest.mark.parametrize(
    "user",
    [
        {"desired": deployment("a")},
        {"waiting": deployment("a", state="waiting")},
        {"serving": serving("a")},
        {"attempt": attempt("a")},
    ],
    ids=["desired", "waiting", "serving", "being sent"],
)
@pytest.mark.parametrize("keep", [0, 1, 2])
def test_a_copy_that_is_in_use_stays_however_few_may(user: dict[str, Any], keep: int) -> None:
    kept = within(record(kept=COPIES, **user), keep)

    assert names(kept) == ["a", "a", "af"][keep]


@pytest.mark.parametrize(("keep", "left"), [(0, ""), (1, "f"), (3, "def"), (6, NAMES), (9, NAMES)])
def test_the_latest_copies_stay(keep: int, left: str) -> None:
    assert names(within(record(kept=COPIES), keep)) == left


def test_a_copy_made_just_now_stays_beside_what_a_rollback_wants_meanwhile() -> None:
    rolled_back = record(serving=serving("a"), desired=deployment("a"), kept=COPIES[:1])

    kept = with_kept(rolled_back, model("b"), COPIES[1].name, keep=1)

    assert names(kept) == "ab"
    assert kept.serving == rolled_back.serving


def test_what_serves_is_noted_as_kept() -> None:
    moved_on = record(serving=serving("c", keeping="due"), desired=deployment("c"))

    kept = with_kept(moved_on, model("c"), COPIES[2].name, keep=5)

    assert names(kept) == "c"
    assert kept.serving is not None
    assert kept.serving.keeping == "kept"


def test_what_serves_is_noted_as_kept_though_its_bytes_landed_again_meanwhile() -> None:
    again = model("c", at(minutes=1), content_md5=model("c").content_md5)
    moved = record(serving=serving("c", model=again, keeping="due"))

    kept = with_kept(moved, model("c"), COPIES[2].name, keep=5)

    assert kept.serving is not None
    assert kept.serving.keeping == "kept"
    assert kept.copy_of(again) is not None


@given(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.integers(0, 7),
)
def test_as_many_stay_as_may_or_as_are_in_use(
    there: list[str], wanted: str, served: str, keep: int
) -> None:
    copies = tuple(one for one in COPIES if one.model.name in there)
    before = record(desired=deployment(wanted), serving=serving(served), kept=copies)

    kept = within(before, keep)

    in_use = {wanted, served} & set(there)
    assert in_use <= set(names(kept))
    assert len(kept.kept) == min(len(there), max(keep, len(in_use)))
    assert within(kept, keep) == kept
