"""A light server for the same entry scripts as Microsoft's, with much less around them.

It starts in a tenth of the time and needs no package, so most tests use it. A script that raises
is answered with 500, as there; a script whose `init` raises ends the process, as there.
"""

import importlib.util
import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, override

VERSION = "light/1"


def serve(listening: socket.socket, entry_script: Path) -> None:
    """Serve for ever, on a socket that listens."""
    script = _loaded(entry_script)
    script.init()
    _say("The script's init has ended.")
    _Server(listening, script.run).serve_forever()


def _loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("entry_module", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python script.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket, run: Callable[[str], Any]) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket, self.run = listening, run
        self.turn = Lock()  # one request at a time, as one worker of the other has


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Say that it lives."""
        if self.path == "/":
            self._answer(200, b"Healthy", "text/html; charset=utf-8")
        else:
            self._message(404, "There is no such address.")

    def do_POST(self) -> None:
        """Score."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/score":
            self._message(404, "There is no such address.")
            return
        try:
            with self.server.turn:
                said = self.server.run(body.decode())
        except Exception as exc:  # noqa: BLE001 - whatever the script raises
            _say(f"Encountered Exception: {exc!r}")
            self._message(500, "An unexpected error occurred in scoring script.")
            return
        self._answer(200, json.dumps(said).encode(), "application/json")

    def _message(self, status: int, text: str) -> None:
        self._answer(status, json.dumps({"message": text}).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-ms-server-version", VERSION)
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: object) -> None:
        _say(format % args)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - standard output is the server's log
