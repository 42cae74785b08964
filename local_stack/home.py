"""The folder that a stack keeps its keys, logs and endpoints file in: of one stack at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeTakenError(Exception):
    """Another stack runs from that folder; one sentence that says what to do."""


@contextmanager
def taken(home: Path) -> Iterator[None]:
    """Have *home* to oneself, until the block ends or the process does in any way.

    Raises:
        HomeTakenError: another process has it; nothing in it was touched.
    """
    home.mkdir(parents=True, exist_ok=True)
    # The system gives the lock back with the process, so a crash leaves nothing to tidy up. The
    # file stays: if it were deleted, two could each lock one of that name.
    with (home / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HomeTakenError(
                f"A stack runs from {home} already: end it with Ctrl-C where it runs, or start "
                f"this one beside it with ARGS='--free-ports --home {home / 'second'}'."
            ) from error
        yield
