"""`python -m local_stack` in a process of its own, on free ports, around a small app."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import psutil

ROOT = Path(__file__).parents[3]
ENDED_WITHIN = 30  # seconds

APP = """
import azure.functions as func

app = func.FunctionApp()

@app.function_name("hello")
@app.route("hello", auth_level=func.AuthLevel.ANONYMOUS)
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""


def make_app(folder: Path, source: str = APP) -> Path:
    """A functions app around one source text, with this project's sample settings."""
    folder.mkdir()
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text('{"version": "2.0"}')
    sample = "local.settings.sample.json"
    (folder / sample).write_bytes((ROOT / sample).read_bytes())
    return folder


class StackProcess:
    """The process, what it has said, and what it has started."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        self.home = home
        self.pid = process.pid
        self._process = process
        self._children: list[psutil.Process] = []
        self._said: list[str] = []

    @property
    def said(self) -> str:
        """All lines so far."""
        return "".join(self._said)

    def read_until(self, part: str) -> None:
        """Read its lines until one contains a text, and note the processes that run by then."""
        stream = self._stream()
        for line in stream:
            self._said.append(line)
            if part in line:
                self._children = psutil.Process(self.pid).children(recursive=True)
                return
        raise AssertionError(f"It ended without saying {part!r}:\n{self.said}")

    def wait(self) -> int:
        """The exit status; all that it said is read."""
        reader = Thread(target=lambda: self._said.extend(self._stream()))
        reader.start()
        status = self._process.wait(ENDED_WITHIN)
        reader.join(ENDED_WITHIN)
        return status

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the exit status."""
        self._process.send_signal(number)
        return self.wait()

    def survivors(self) -> list[psutil.Process]:
        """The children, noted before, that outlive it by more than ten seconds."""
        assert self._children, "no child was noted"
        _, alive = psutil.wait_procs(self._children, timeout=10)
        return alive

    def _stream(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


@contextmanager
def stack_process(
    app: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> Iterator[StackProcess]:
    """Start it; if it still runs at the end of the block, it is asked to end."""
    command: Sequence[str] = [sys.executable, "-m", "local_stack", "--app", str(app), *arguments]
    home = app / ".local"
    with subprocess.Popen(
        [*command, "--home", str(home)],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield StackProcess(process, home)
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=ENDED_WITHIN)
