"""Runs an entry script behind a server, on a socket that listens already.

`python -m local_stack.inference_server {microsoft,light} --socket NUMBER --entry_script FILE`

`microsoft` is `azureml-inference-server-http`, as it is. By itself it listens on every address of
the machine. It is gunicorn that serves there, so it takes a socket as systemd hands one over: as
number 3, with two variables that tell of it (`sd_listen_fds(3)`).
"""

import argparse
import os
import runpy
import socket
import sys
from pathlib import Path

from local_stack.inference_server import light

_FIRST = 3  # where systemd begins


def main() -> None:
    """Serve until SIGTERM; the exit status is not 0 where the script's `init` fails."""
    parser = argparse.ArgumentParser(prog="python -m local_stack.inference_server")
    parser.add_argument("server", choices=["microsoft", "light"])
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--entry_script", type=Path, required=True)
    given = parser.parse_args()
    if given.server == "light":
        light.serve(socket.socket(fileno=given.socket), given.entry_script)
    else:
        _serve_as_microsoft(given.socket, given.entry_script)


def _serve_as_microsoft(listening: int, entry_script: Path) -> None:
    os.dup2(listening, _FIRST)
    environ = os.environ  # noqa: TID251 - entry point: gunicorn reads it, and nobody before this
    environ["LISTEN_FDS"], environ["LISTEN_PID"] = "1", str(os.getpid())
    environ["GUNICORN_CMD_ARGS"] = "--no-control-socket"  # else it makes one in the user's home
    sys.argv = ["azmlinfsrv", "--entry_script", str(entry_script)]
    runpy.run_module("azureml_inference_server_http", run_name="__main__")


if __name__ == "__main__":
    main()
