"""What happens while the stack serves: the host's log, one line per event."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from local_stack.child import Child

PACE = timedelta(milliseconds=300)

# The framing of each run, the host's and the timers', and the lines of a stack trace: they stay in
# the log file.
_FRAMING = re.compile(
    r" \[\S+(?: \S+)?\] (?:function\.(?:started|succeeded)|timer\.finished)|^    \| "
)


class EventTail:
    """Follows the log of a running host from where it is now."""

    def __init__(self, host: Child) -> None:
        self._host = host
        self._seen = len(host.log_text())

    def new_lines(self) -> list[str]:
        """The whole lines that came since the last call and say what was decided or done."""
        text = self._host.log_text()
        end = text.rfind("\n") + 1
        fresh, self._seen = text[self._seen : end], max(end, self._seen)
        return [line for line in fresh.splitlines() if line.strip() and not _FRAMING.search(line)]

    def follow(self, pause: Callable[[timedelta], None]) -> Iterator[str]:
        """Lines as they come, until the host ends."""
        while self._host.exit_status is None:
            yield from self.new_lines()
            pause(PACE)
        yield from self.new_lines()
