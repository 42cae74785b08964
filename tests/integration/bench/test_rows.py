"""Each benchmark runs, and what it counts holds; how long anything takes is not a test's matter."""

import pytest

from bench.finding import Finding
from bench.rows import ROWS
from bench.sizes import TINY

QUICK = ("warm_path", "watch_fleet", "jobs_due", "endpoints_file")
COUNTED = (
    "warm landing to PATCH: storage calls",
    "idle tick of watch: storage calls",
    "list_endpoints",
    "status",
    "watch",
    "user delegation keys",
)


@pytest.mark.parametrize("name", QUICK)
def test_a_benchmark_gives_lines_and_what_it_counts_is_as_it_must_be(name: str) -> None:
    _check(ROWS[name](TINY))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in ROWS if name not in QUICK])
def test_so_does_each_that_takes_its_time(name: str, pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--full"):
        pytest.skip("takes its time: run with --full")

    _check(ROWS[name](TINY))


def _check(found: Finding) -> None:
    assert found.lines
    assert all(line.what and line.size and line.app for line in found.lines)
    assert all((line.reached is None) == (not line.target) for line in found.lines)
    counted = [line for line in found.lines if line.what.startswith(COUNTED)]
    assert [line for line in counted if line.reached is False] == []
