"""Runs a module of this folder in a fresh process, on which nothing that ran before has a bearing.

The order comes by standard input and the answer by standard output, both as JSON.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

_ROOT = Path(__file__).parents[1]
_LONGEST = 3600


class FreshProcessError(Exception):
    """The process failed; the message ends with what it said."""


def in_fresh_process[T](
    module: str,
    order: msgspec.Struct,
    kind: type[T],
    environ: Mapping[str, str] | None = None,
) -> T:
    """Run `bench.MODULE` with an order and give its answer.

    Args:
        module: Which.
        order: What it reads.
        kind: What it answers.
        environ: Its environment; None: this process's.

    Raises:
        FreshProcessError: It failed.
    """
    done = subprocess.run(  # noqa: S603 - a process of ours
        [sys.executable, "-m", f"bench.{module}"],
        cwd=_ROOT,
        env=environ,
        input=msgspec.json.encode(order),
        capture_output=True,
        check=False,
        timeout=_LONGEST,
    )
    if done.returncode != 0:
        raise FreshProcessError(f"bench.{module} failed:\n{done.stderr.decode()[-4000:]}")
    return msgspec.json.decode(done.stdout, type=kind)


def begun(module: str, order: msgspec.Struct) -> subprocess.Popen[bytes]:
    """Begin to run `bench.MODULE` with an order; the caller ends it."""
    process = subprocess.Popen(  # noqa: S603 - a process of ours
        [sys.executable, "-m", f"bench.{module}"], cwd=_ROOT, stdin=subprocess.PIPE
    )
    if process.stdin is not None:
        process.stdin.write(msgspec.json.encode(order))
        process.stdin.close()
    return process


def order_of[T](kind: type[T]) -> T:
    """Read the order that this process was given."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=kind)


def answer(found: msgspec.Struct) -> None:
    """Give the answer of this process."""
    sys.stdout.buffer.write(msgspec.json.encode(found))
