"""How much memory a process held at most."""

import subprocess
import sys

from bench.memory import held, peak

MIB = 1024 * 1024


def test_what_was_held_counts_after_it_is_let_go() -> None:
    block = bytearray(b"x") * (64 * MIB)
    filled = held()
    del block
    assert held() < filled - 32 * MIB
    assert peak() >= filled - MIB


def test_what_the_process_that_started_it_held_does_not_count() -> None:
    block = bytearray(b"x") * (256 * MIB)
    child = subprocess.run(
        [sys.executable, "-c", "from bench.memory import peak; print(peak())"],
        capture_output=True,
        check=True,
    )
    assert int(child.stdout) < len(block)
