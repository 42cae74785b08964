"""Shares of an endpoint's traffic: whole percents, which sum to 100 or to nothing."""

import itertools

import pytest

from protocols.azureml_online.traffic import ALL, with_share, without

MAPS = [
    {},
    {"a": 100},
    {"a": 50, "b": 50},
    {"a": 33, "b": 67},
    {"a": 1, "b": 99},
    {"a": 33, "b": 33, "c": 34},
    {"a": 100, "b": 0},
]


@pytest.mark.parametrize(("traffic", "share"), list(itertools.product(MAPS, [1, 10, 99, 100])))
def test_whatever_share_is_given_the_sum_is_100(traffic: dict[str, int], share: int) -> None:
    shares = with_share(traffic, "new", share)

    assert sum(shares.values()) == ALL
    assert 0 not in shares.values()
    assert shares["new"] == (share if any(traffic.values()) else ALL)


@pytest.mark.parametrize("traffic", MAPS)
def test_what_is_taken_away_goes_to_the_others(traffic: dict[str, int]) -> None:
    left = without(traffic, frozenset({"a"}))

    assert "a" not in left
    assert sum(left.values()) == (ALL if any(traffic.get(one) for one in "bc") else 0)


@pytest.mark.parametrize("share", [10, 20, 50])
def test_what_is_given_and_taken_back_leaves_the_others_as_they_were(share: int) -> None:
    for traffic in ({"a": 100}, {"a": 50, "b": 50}):
        assert without(with_share(traffic, "new", share), frozenset({"new"})) == traffic


def test_others_share_the_rest_as_they_did() -> None:
    assert with_share({"a": 20, "b": 60, "new": 20}, "new", 60) == {"a": 10, "b": 30, "new": 60}
    assert with_share({"a": 30, "b": 70}, "new", 0) == {"a": 30, "b": 70}
