"""A process that has just started has much to do at once, in threads: events, ticks, requests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("what", ["record", "job"])
def test_many_threads_read_at_once_what_none_has_read_before(what: str) -> None:
    """Invariant 2: the worker does not die of it. It did, of a segmentation fault in msgspec."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.app.first_read_program", what],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "read", "")
