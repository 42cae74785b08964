"""A day of the app, all of it: deployments, renewals, rollbacks, jobs, takeovers, storage faults.

Logs everything that the app and its libraries log to stderr, and prints as JSON what its HTTP
functions answered, the traceback of all that was raised, and every address that this process asked
for or connected to.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import tenacity
from azure.core.exceptions import HttpResponseError

from http_api.routes import Routes
from protocols.wire import Wire
from retrain_trigger.engine import App
from retrain_trigger.landed import model_landed
from retrain_trigger.side_by_side import side_by_side
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from state.clients import blob_service
from state.storage_errors import StorageError
from tests.integration.ml_service.wire import DrivenClock

_QUICK = timedelta(seconds=5)
_PATIENTLY = tenacity.retry(
    stop=tenacity.stop_after_attempt(5),
    retry=tenacity.retry_if_exception_type((HttpResponseError, StorageError)),
    reraise=True,
)
"""However often storage refuses: it refuses some calls, and which of them is nobody's choice."""


class Sockets:
    """Every address that this process asks for, from its first line on."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"socket.connect", "socket.sendto"}:
            address = arguments[1]
            self.seen.add(f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "local")
        elif event == "socket.getaddrinfo":
            self.seen.add(f"{arguments[0]}:{arguments[1]}")


class Day:
    """The app, and all that comes out of it."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.clock = DrivenClock()
        self.app = App(environ, folder, now=self.clock, wire=Wire(_QUICK))
        self.routes = Routes(lambda: self.app)
        self.answers: list[str] = []
        self.raised: list[str] = []
        self.names = list(self.app.engine.endpoints.current().by_name)

    def go(self) -> None:
        """Live through it."""
        self._land("first")
        self._tick(1, 2, 4, 8)
        self._land("second")
        self._tick(1, 2, 4, 8, 15)
        for path in ("redeploy", "rollback", "release", "retrain", "create"):
            self._ask_all("POST", path, "?dry_run=true")
            self._ask_all("POST", path)
        self._tick(1, 2, 4)
        self._land("third")
        self._ask_all("POST", "retrain")
        for job in self._jobs()[::3]:
            self._try(self.routes.cancel_job, _request("POST", job=job))
        self._tick(8, 15, 18 * 60 + 5, 1, 2, 4)
        self._try(sweep, self.app.engine)
        self._ask_all("GET", "")
        for job in self._jobs():
            self._try(self.routes.get_job, _request("GET", job=job))
        for route in ("list_endpoints", "list_jobs", "status", "health"):
            self._try(getattr(self.routes, route), _request("GET"))

    def _land(self, *models: str) -> None:
        for model in models:
            self._put(f"{model}.ilearner")
            self._try(model_landed, self.app.engine, f"{model}.ilearner")

    @_PATIENTLY
    def _put(self, name: str) -> None:
        """Write a model by the app's own connection."""
        settings = self.app.settings
        assert settings.model_storage is not None
        blob = blob_service(settings.model_storage).get_blob_client(
            settings.model_blobs.container, name
        )
        blob.upload_blob(name.encode(), overwrite=True)

    def _tick(self, *minutes: float) -> None:
        for later in minutes:
            self.clock.advance(minutes=later)
            self._try(watch, self.app.engine)

    def _ask_all(self, method: str, path: str, query: str = "") -> None:
        route = {"": "get_endpoint", "create": "create_endpoint"}.get(path, path)

        def ask(name: str) -> None:
            self._try(getattr(self.routes, route), _request(method, query, endpoint=name))

        side_by_side(ask, self.names)

    @_PATIENTLY
    def _jobs(self) -> list[str]:
        return [one.id for one in self.app.engine.jobs.records.summaries()]

    def _try(self, act: Callable[..., object], *arguments: object) -> None:
        """Do it, and keep what is answered or raised, as a host would log it."""
        try:
            answer = act(*arguments)
        except Exception:  # noqa: BLE001 - whatever it is, it is looked through
            self.raised.append(traceback.format_exc())
            return
        if isinstance(answer, func.HttpResponse):
            self.answers.append(f"{dict(answer.headers)} {answer.get_body().decode()}")


def _request(method: str, query: str = "", **route: str) -> func.HttpRequest:
    params = dict(part.split("=", 1) for part in query.lstrip("?").split("&") if part)
    url = f"http://127.0.0.1/api{query}"
    return func.HttpRequest(method, url, route_params=route, params=params, body=b"")


def main() -> None:
    """Read the settings from stdin, live through the day, and tell of it."""
    sockets = Sockets()
    logging.basicConfig(level=logging.DEBUG)
    told = json.load(sys.stdin)
    day = Day(told["environ"], Path(told["folder"]))
    day.go()
    sys.stdout.write(
        json.dumps({"answers": day.answers, "raised": day.raised, "sockets": [*sockets.seen]})
    )


if __name__ == "__main__":
    main()
