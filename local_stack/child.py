"""A child process of the stack: no shell in between, output in a file, ended by its own pid."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

_LOOK_EVERY = timedelta(milliseconds=50)
_LOG_TAIL_LINES = 20


class ChildError(Exception):
    """A child process ended or was not ready in time; the message carries its last output."""


class Child:
    """A running child process.

    It lives in a session of its own, so that a Ctrl-C in the terminal reaches the parent alone,
    which then ends its children in the right order. Its standard input is a pipe that closes when
    the parent dies in any way: a child that watches for that end outlives nobody.
    """

    def __init__(  # noqa: PLR0913 - each says one thing of a process
        self,
        name: str,
        command: Sequence[str],
        *,
        log_file: Path,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        keeps_open: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log_file = log_file
        self._log_start = log_file.stat().st_size if log_file.exists() else 0
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the callers' own commands, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                cwd=cwd,
                pass_fds=keeps_open,
                start_new_session=True,
            )

    def __repr__(self) -> str:
        """Name and pid only: a command line may carry a key."""
        return f"Child(name={self.name!r}, pid={self.pid})"

    @property
    def pid(self) -> int:
        """The process id of the program itself."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def log_text(self) -> str:
        """What this process has written so far; nothing, where somebody has deleted the file."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def wait_until[T](self, look: Callable[[], T | None], deadline: timedelta) -> T:
        """Look again and again until there is an answer.

        Raises:
            ChildError: the process ended first, or the deadline passed.
        """

        def answer_or_end() -> T | None:
            answer = look()
            if answer is None and self.exit_status is not None:
                raise ChildError(f"{self.name} ended with status {self.exit_status}.{self._tail()}")
            return answer

        try:
            return _until_some(answer_or_end, deadline)
        except RetryError as error:
            seconds = deadline.total_seconds()
            raise ChildError(
                f"{self.name} was not ready in {seconds:g} s.{self._tail()}"
            ) from error

    def ask_to_end(self) -> None:
        """Ask it to end (SIGTERM) and do not wait; `stop` does."""
        self._process.terminate()

    def stop(self, patience: timedelta = timedelta(seconds=10)) -> int:
        """Ask it to end (SIGTERM), insist (SIGKILL) when patience is over; answers its status."""
        self.ask_to_end()
        try:
            self._process.wait(patience.total_seconds())
        except subprocess.TimeoutExpired:
            self._kill()
        return self._reap()

    def kill(self) -> int:
        """End it at once, as a crash would."""
        self._kill()
        return self._reap()

    def _kill(self) -> None:
        """End all of its session: a server that is killed cannot end its workers."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _reap(self) -> int:
        status = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status

    def _tail(self) -> str:
        lines = self.log_text().strip().splitlines()[-_LOG_TAIL_LINES:]
        return "\n  " + "\n  ".join(lines) if lines else " It wrote nothing."


def _until_some[T](look: Callable[[], T | None], deadline: timedelta) -> T:
    retrying = Retrying(
        retry=retry_if_result(lambda answer: answer is None),
        stop=stop_after_delay(deadline.total_seconds()),
        wait=wait_fixed(_LOOK_EVERY.total_seconds()),
        sleep=time.sleep,
    )
    answer = retrying(look)
    if answer is None:  # unreachable: tenacity raises RetryError instead
        raise AssertionError
    return answer
