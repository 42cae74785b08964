"""A functions host in a process of its own, as tests and the local stack hold it."""

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from local_stack.child import Child, ChildError
from local_stack.functions_host.keys import Keys, generate_keys, write_keys

_REPOSITORY = Path(__file__).parents[2]
_RUNNING = re.compile(r"^\S+ info \[host\] host\.running url=(\S+)", re.MULTILINE)
_START = timedelta(seconds=60)
_GRACE = timedelta(seconds=10)
_PATIENCE = timedelta(seconds=10)  # beyond the grace, before a host is killed
_ANSWER = 60  # seconds
_LOG_LINES = 50  # in an error
_DEFAULT_KEY = object()


class HostStartError(Exception):
    """The host ended, or did not run in time; the message ends with its log."""

    def __init__(self, reason: str, exit_status: int | None, text: str) -> None:
        end = "\n".join(text.splitlines()[-_LOG_LINES:])
        super().__init__(f"{reason}\nThe end of its log:\n{end}")
        self.exit_status = exit_status
        self.log_text = text


@dataclass(frozen=True, slots=True)
class Run:
    """A function that was run by hand, to its end."""

    succeeded: bool
    invocation_id: str
    duration: timedelta
    error: str | None


class FunctionsHost:
    """A running host. Use `start`, and `stop` or a `with` block to end it."""

    def __init__(self, child: Child, folder: Path, keys: Keys, grace: timedelta) -> None:
        self._child = child
        self._folder = folder
        self._final_log: str | None = None
        self._keys = keys
        self._grace = grace
        self.url = ""

    @classmethod
    def start(  # noqa: PLR0913 - each has a default that fits
        cls,
        app_dir: Path,
        *,
        environ: Mapping[str, str] | None = None,
        port: int = 0,
        keys: Keys | None = None,
        settings: Path | None = None,
        poll_interval: timedelta = timedelta(seconds=1),
        grace: timedelta = _GRACE,
        deadline: timedelta = _START,
    ) -> Self:
        """Start a host and wait until it runs.

        Args:
            app_dir: the functions app.
            environ: the whole environment of the process; None inherits this process's.
            port: on 127.0.0.1; 0 takes a free one.
            keys: None makes new random ones.
            settings: a settings file; None means that `environ` is all.
            poll_interval: between two scans of a container, and between tries of a blob.
            grace: how long a stopping host waits for running functions.
            deadline: how long the start may take.

        Raises:
            HostStartError: it ended or did not run in time.
        """
        keys = keys or generate_keys()
        folder = Path(tempfile.mkdtemp(prefix="functions-host-"))
        write_keys(folder / "keys.json", keys)
        command = [sys.executable, "-m", "local_stack.functions_host", "--until-stdin-closes"]
        command += ["--app", str(app_dir.resolve()), "--port", str(port)]
        command += ["--keys", str(folder / "keys.json")]
        command += ["--poll-interval", str(poll_interval.total_seconds())]
        command += ["--grace", str(grace.total_seconds())]
        command += ["--settings", str(settings.resolve())] if settings else ["--no-settings"]
        child = Child(
            "The functions host",
            command,
            log_file=folder / "host.log",
            environ=environ,
            cwd=_REPOSITORY,
        )
        host = cls(child, folder, keys, grace)
        host._wait_until_running(deadline)
        return host

    @property
    def key(self) -> str:
        """A function key."""
        return self._keys.functions["default"]

    @property
    def master_key(self) -> str:
        """The master key."""
        return self._keys.master

    @property
    def system_key(self) -> str:
        """The system key of the blobs web hook."""
        return self._keys.systems["blobs_extension"]

    @property
    def pid(self) -> int:
        """Process id of host and worker, which are one process."""
        return self._child.pid

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._child.exit_status is None

    def get(self, path: str, **options: Any) -> requests.Response:
        """`request` with GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        """`request` with POST."""
        return self.request("POST", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        key: str | object | None = _DEFAULT_KEY,
        **options: Any,
    ) -> requests.Response:
        """Send a request with the function key, another `key`, or none (`key=None`)."""
        sent = self.key if key is _DEFAULT_KEY else key
        headers = dict(options.pop("headers", {}))
        if isinstance(sent, str):
            headers.setdefault("x-functions-key", sent)
        options.setdefault("allow_redirects", False)
        timeout = options.pop("timeout", _ANSWER)
        url = self.url + path
        return requests.request(method, url, headers=headers, timeout=timeout, **options)

    def run(self, function: str, given: str = "") -> Run:
        """Run a timer, or a blob function with the blob's path, now; wait for its end.

        Raises:
            requests.HTTPError: no such function, or an input that does not fit it.
        """
        path = f"/admin/functions/{function}?wait=true"
        answer = self.post(path, key=self.master_key, json={"input": given})
        if not answer.ok:
            raise requests.HTTPError(f"{answer.status_code}: {answer.text}", response=answer)
        ended = answer.json()
        duration = timedelta(milliseconds=ended["durationMs"])
        return Run(ended["succeeded"], ended["invocationId"], duration, ended["error"])

    def log_text(self) -> str:
        """All that the host has logged so far; also after its end."""
        if self._final_log is not None:
            return self._final_log
        return self._child.log_text()

    def stop(self) -> int:
        """Stop gracefully, by force if that takes too long; returns the exit status."""
        return self._ended(self._child.stop(self._grace + _PATIENCE))

    def kill(self) -> None:
        """End at once, like a crash."""
        self._ended(self._child.kill())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _ended(self, status: int) -> int:
        if self._final_log is None:
            self._final_log = self._child.log_text()
            shutil.rmtree(self._folder)
        return status

    def _wait_until_running(self, deadline: timedelta) -> None:
        try:
            match = self._child.wait_until(lambda: _RUNNING.search(self.log_text()), deadline)
        except ChildError as error:
            status = self._child.exit_status
            self.kill()
            reason = str(error).partition("\n")[0]
            raise HostStartError(reason, status, self.log_text()) from None
        except BaseException:
            self.kill()
            raise
        self.url = match[1]
