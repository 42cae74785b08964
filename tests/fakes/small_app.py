"""The app's HTTP functions on fakes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, override

import azure.functions as func

from http_api.routes import Routes
from retrain_trigger.engine import App, Engine
from settings.app_settings import Settings
from tests.fakes.small_world import SmallWorld

API = "http://127.0.0.1/api"


class SmallApp(App):
    """See `App`; what it is made of is a small world's."""

    def __init__(self, world: SmallWorld) -> None:
        super().__init__({}, Path(), now=world.clock)
        self._world = world

    @property
    @override
    def settings(self) -> Settings:  # a world may be restarted
        return self._world.engine.settings

    @property
    @override
    def engine(self) -> Engine:  # as above
        return self._world.engine


def routes_of(world: SmallWorld, page_size: int = 100) -> Routes:
    """Give the HTTP functions of a world."""
    app = SmallApp(world)
    return Routes(lambda: app, page_size)


def asking(
    path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> func.HttpRequest:
    """Make a request, as in `POST endpoints/census/redeploy?dry_run=true`, as a worker would."""
    method, _, target = path.partition(" ")
    plain, _, query = target.partition("?")
    kind, _, name = plain.partition("/")
    routed = {"endpoints": "endpoint", "jobs": "job"}.get(kind, "")
    return func.HttpRequest(
        method,
        f"{API}/{target}",
        headers=dict(headers or {}),
        route_params={routed: name.split("/")[0]} if name else {},
        params=dict(part.split("=", 1) for part in query.split("&") if part),
        body=b"" if body is None else json.dumps(body).encode(),
    )


def document(response: func.HttpResponse) -> Any:
    """Read the JSON of an answer."""
    return json.loads(response.get_body())
