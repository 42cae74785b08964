"""Whether a big model takes longer is judged by the runs in the middle, not by the slowest."""

import math

from bench.model_size import noise_of

SHORT = [0.050, 0.051, 0.052, 0.053, 0.054]


def test_noise_is_as_wide_as_the_middle_halves_of_both() -> None:
    long = [0.050, 0.060, 0.070, 0.080, 0.090]

    assert math.isclose(noise_of(SHORT, long), 0.002 + 0.020)


def test_one_slow_run_of_each_does_not_hide_a_model_that_takes_four_times_as_long() -> None:
    short, long = [*SHORT[:-1], 0.3], [*(4 * one for one in SHORT[:-1]), 0.9]

    assert noise_of(short, long) < 4 * SHORT[2] - SHORT[2]


def test_there_is_some_noise_even_if_all_runs_were_alike() -> None:
    assert noise_of([0.05], [0.05]) == 0.005
