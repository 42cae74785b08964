"""Following the log of a process that really runs."""

import sys
from pathlib import Path

from local_stack.child import Child
from local_stack.event_tail import EventTail


def test_a_log_that_somebody_deletes_is_followed_as_one_that_says_nothing(tmp_path: Path) -> None:
    """`make clean` in another terminal must not end what serves."""
    log = tmp_path / "host.log"
    host = Child("The host", [sys.executable, "-c", "print('up'); input()"], log_file=log)
    try:
        tail = EventTail(host)
        log.unlink()

        assert (host.log_text(), tail.new_lines(), host.exit_status) == ("", [], None)
    finally:
        host.stop()
