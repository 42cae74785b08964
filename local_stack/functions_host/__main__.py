"""`python -m local_stack.functions_host --app DIR`: serves one functions app until stopped.

Exit status: 0 after SIGTERM or SIGINT, 1 if the app cannot be indexed, 2 if the host cannot start.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from local_stack.functions_host.app_settings import (
    SettingsFileError,
    create_from_sample,
    read_settings_file,
)
from local_stack.functions_host.host import Host, HostOptions
from local_stack.functions_host.host_json import HostJsonError, read_host_json
from local_stack.functions_host.index import index_as_json
from local_stack.functions_host.invocations import Invocations
from local_stack.functions_host.keys import KeysFileError, read_or_create_keys
from local_stack.functions_host.log_line import LogLine, log_to_stdout
from local_stack.functions_host.server import PortTakenError, listen
from local_stack.functions_host.worker import IndexingError, Worker, WorkerLibraryError

log = logging.getLogger("local_stack.functions_host")

_CANNOT_INDEX = 1
_CANNOT_START = 2
_START_ERRORS = (
    SettingsFileError,
    HostJsonError,
    KeysFileError,
    PortTakenError,
    WorkerLibraryError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the host; returns its exit status."""
    given = _parser().parse_args(arguments)
    given.app = given.app.resolve()
    try:
        _apply_settings(given)
        worker = Worker()
        invocations = Invocations(worker)
        log_to_stdout(LogLine(worker.invocation_id, invocations.function_of))
        if given.index is not None:
            os.chdir(given.app)
            given.index.write_text(asyncio.run(index_as_json(worker, given.app)), "utf-8")
            return 0
        options = _options(given)
        listener = listen(given.port)
        os.chdir(given.app)  # an app may name its files relative to its own folder
        return asyncio.run(_serve(options, worker, invocations, listener, given))
    except _START_ERRORS as error:
        sys.stderr.write(f"functions host: {error}\n")
        return _CANNOT_START
    except IndexingError as error:
        log.critical("host.indexing_failed", extra={"reason": str(error), "stack": error.trace})
        return _CANNOT_INDEX


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_stack.functions_host", description=__doc__)
    add = parser.add_argument
    add("--app", type=Path, default=Path(), help="folder of the functions app")
    add("--port", type=int, default=7071, help="port on 127.0.0.1; 0 takes a free one")
    add("--settings", type=Path, help="settings file (default: local.settings.json of the app)")
    add("--no-settings", action="store_true", help="app settings from the environment alone")
    add(
        "--keys", type=Path, help="keys file, made if missing (default: local.keys.json of the app)"
    )
    add("--poll-interval", type=float, default=1, metavar="SECONDS", help="between container scans")
    add(
        "--grace",
        type=float,
        default=10,
        metavar="SECONDS",
        help="for running functions at the end",
    )
    add("--index", type=Path, metavar="FILE", help="only write the indexed functions as JSON")
    add("--until-stdin-closes", action="store_true", help="also stop when stdin ends")
    return parser


def _apply_settings(given: argparse.Namespace) -> None:
    """Put the app settings into the environment: that is where functions look for them."""
    if given.no_settings:
        return
    file: Path = (given.settings or given.app / "local.settings.json").resolve()
    if create_from_sample(file):
        sys.stdout.write(f"made {file} from the sample beside it\n")
    for name, value in read_settings_file(file).items():
        os.environ.setdefault(name, value)  # noqa: TID251 - entry point: the environment wins


def _options(given: argparse.Namespace) -> HostOptions:
    return HostOptions(
        app_dir=given.app,
        host_json=read_host_json(given.app),
        settings=dict(os.environ),  # noqa: TID251 - entry point: read once, passed inwards
        keys=read_or_create_keys((given.keys or given.app / "local.keys.json").resolve()),
        poll_interval=timedelta(seconds=given.poll_interval),
        grace=timedelta(seconds=given.grace),
    )


async def _serve(
    options: HostOptions,
    worker: Worker,
    invocations: Invocations,
    listener: socket.socket,
    given: argparse.Namespace,
) -> int:
    host = Host(options, worker, invocations)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.stop.set)
    if given.until_stdin_closes:
        threading.Thread(target=_await_end_of_stdin, args=(loop, host), daemon=True).start()
    status = await host.run(listener)
    logging.shutdown()
    sys.stdout.flush()
    # A function or a storage call that hangs in its thread must not hold up the end.
    os._exit(status)


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, host: Host) -> None:
    """Stop with whoever holds the other end of stdin, even if it was killed."""
    # Not sys.stdin: its lock, held by this thread, would break the end of the interpreter.
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(host.stop.set)


if __name__ == "__main__":
    sys.exit(main())
