"""The model on paper is arithmetic: what is measured in, which limit comes first out."""

import math

import pytest

from bench.paper import FLEETS, costs, paper

FIGURES = {
    "deployments_per_second": 20.0,
    "calls_per_deployment": 5.0,
    "jobs_per_second": 50.0,
    "sweep_seconds_per_blob": 0.0001,
    "calls_per_second": 250.0,
    "file_bytes_per_endpoint": 4096.0,
    "file_seconds_per_endpoint": 0.0001,
    "status_seconds_per_endpoint": 0.001,
}
# Tokens of 24 hours, renewed six hours before, up to a tenth earlier, so a twentieth in the mean.
RENEWALS_A_MINUTE = 1 / (18 * 60 * 0.95)


@pytest.mark.parametrize(
    ("begins", "each", "most"),
    [
        ("renewals begun", RENEWALS_A_MINUTE, 2000 / RENEWALS_A_MINUTE),
        ("seconds of those renewals", RENEWALS_A_MINUTE / 20, 40 * 20 / RENEWALS_A_MINUTE),
        ("storage requests", RENEWALS_A_MINUTE * 5 / 60, 20_000 / (RENEWALS_A_MINUTE * 5 / 60)),
        ("seconds of looking at jobs", 1 / 5 / 50, 40 * 50 * 5),
        ("seconds of the sweeps' daily", 1 / 250, 144 * 120 * 250),
        ("seconds of a sweep", 0.0001, 3_000_000),
        ("MiB of memory", 4096, 256 * 1024),
        ("seconds of `status`", 0.001, 230_000),
    ],
)
def test_a_cost_grows_with_the_fleet_up_to_its_limit(begins: str, each: float, most: float) -> None:
    (cost,) = [one for one in costs(FIGURES) if one.what.startswith(begins)]

    assert math.isclose(cost.each, each)
    assert math.isclose(cost.most, most)


def test_the_limit_that_is_met_first_stands_first() -> None:
    first = [cost.most for cost in costs(FIGURES)]

    assert first == sorted(first)
    assert costs(FIGURES)[0].what.startswith("seconds of looking at jobs")


def test_each_line_says_each_fleet_the_limit_where_it_is_met_and_what_helps() -> None:
    titles, lines = paper(FIGURES)

    assert len(titles) == len(FLEETS) + 4
    assert all(len(line) == len(titles) and all(line) for line in lines)
    jobs = lines[0]
    assert jobs[1:5] == ("4.0", "40.0", "400.0", "4,000.0")
    assert jobs[-2] == "about 10,000"
