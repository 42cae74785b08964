"""A run on a busy machine says so where its figures are read."""

import pytest

from bench.machine import MOST_LOAD, remark
from bench.report import Report, shown


def title_with(load: float) -> str:
    found = Report(
        date="2026-01-01", machine="this", load=load, sizes="tiny", minutes=1, findings={}
    )
    return str(shown(found).title)


def test_a_run_that_began_on_a_busy_machine_says_that_its_times_are_too_long() -> None:
    assert title_with(1.4).endswith(
        "load before: 1.4 a core (above 0.3 the machine is busy: all times are too long)."
    )


@pytest.mark.parametrize("load", [0.0, MOST_LOAD])
def test_a_run_on_a_machine_left_alone_has_nothing_to_remark(load: float) -> None:
    assert not remark(load)
    assert title_with(load).endswith(f"load before: {load:.1f} a core.")
