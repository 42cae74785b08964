"""A workspace of Azure Machine Learning in memory, driven by tests: nothing ends by itself."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, override
from urllib.parse import urlsplit

import msgspec

from protocols.headers import Headers, plain
from protocols.wire import HttpAnswer, NoAnswerError, Wire

PATH = (
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
)
URL = f"https://management.azure.com{PATH}"
SCORE_URL = "https://census.westeurope.inference.ml.azure.com/score"
ENDPOINT = "/onlineEndpoints/census"
KEY = "k3y-of-the-online-endpoint"


class Asked(msgspec.Struct, frozen=True):
    """One request that was sent; paths are relative to the workspace."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


class MemoryWorkspace(Wire):
    """A wire that leads to a workspace with one online endpoint, and to that endpoint.

    Attributes:
        endpoint: The endpoint's description; None: it is not there.
        deployments: Those that are there, by name.
        models: The versions that are registered, by path.
        operations: What operations tell, by their addresses.
        scores: What each deployment answers; the others answer well.
        scripted: What happens instead in the next requests of a method whose path is like that.
        asked: All requests.
        limits: How long each of them might take.
    """

    def __init__(self) -> None:
        super().__init__()
        self.endpoint: dict[str, Any] | None = {
            "name": "census",
            "location": "westeurope",
            "tags": {"team": "blue"},
            "identity": {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"},
            "systemData": {"createdBy": "me"},
            "properties": {
                "authMode": "Key",
                "description": "what a person wrote",
                "publicNetworkAccess": "Disabled",
                "provisioningState": "Succeeded",
                "scoringUri": SCORE_URL,
                "traffic": {},
            },
        }
        self.deployments: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.scores: dict[str, HttpAnswer] = {}
        self.scripted: list[tuple[str, str, HttpAnswer | NoAnswerError]] = []
        self.asked: list[Asked] = []
        self.limits: list[timedelta] = []

    @property
    def traffic(self) -> dict[str, int]:
        """Who gets how much."""
        assert self.endpoint is not None
        traffic: dict[str, int] = self.endpoint["properties"]["traffic"]
        return traffic

    @property
    def changes(self) -> list[str]:
        """What was asked that is no question and no scoring call, in short."""
        plain_questions = ("/listKeys", "/token", "/score")
        return [
            f"{one.method} {one.path}"
            for one in self.asked
            if one.method != "GET" and not one.path.endswith(plain_questions)
        ]

    def script(self, method: str, path: str, answer: HttpAnswer | NoAnswerError) -> None:
        """Have something else happen in the next request of a kind; * stands for anything."""
        self.scripted.append((method, path, answer))

    def is_in(self, state: str, deployment: str | None = None) -> None:
        """Put the endpoint, or a deployment, in a provisioning state."""
        document = self.deployments[deployment] if deployment else self.endpoint
        assert document is not None
        document["properties"]["provisioningState"] = state

    def stands(self, name: str, **tags: str) -> None:
        """Have a deployment stand that somebody made."""
        self.deployments[name] = {
            "name": name,
            "tags": tags,
            "properties": {"provisioningState": "Succeeded"},
        }

    @override
    def send_as(
        self,
        method: str,
        url: str,
        *,
        headers: Headers,
        body: bytes | None = None,
        limit: timedelta | None = None,
    ) -> HttpAnswer:
        if limit is not None:
            self.limits.append(limit)
        parts = urlsplit(url)
        path = parts.path.removeprefix(PATH) + (f"?{parts.query}" if "$" in parts.query else "")
        asked = Asked(method, path, json.loads(body) if body else None, plain(headers, {}))
        self.asked.append(asked)
        for script in self.scripted:
            if script[0] == method and fnmatchcase(path, script[1]):
                self.scripted.remove(script)
                if isinstance(script[2], NoAnswerError):
                    raise script[2]
                return script[2]
        if url == SCORE_URL:
            return self._score(asked)
        return says(200, self.operations[url]) if url in self.operations else self._answer(asked)

    def _answer(self, asked: Asked) -> HttpAnswer:
        match (asked.method, asked.path.removeprefix(ENDPOINT).partition("?")[0].split("/")[1:]):
            case ("GET" | "PUT", [] | ["models", *_]):
                return self._document(asked)
            case ("POST", ["listKeys"]):
                return says(200, {"primaryKey": KEY, "secondaryKey": "another"})
            case ("POST", ["token"]):
                return says(200, {"accessToken": f"aml-{KEY}"})
            case ("GET", ["deployments"]):
                return says(200, {"value": list(self.deployments.values())})
            case (method, ["deployments", name]):
                return self._deployment(method, name, asked.body)
        raise AssertionError(f"nothing is at {asked.method} {asked.path}")

    def _document(self, asked: Asked) -> HttpAnswer:
        is_endpoint = asked.path == ENDPOINT
        known = self.endpoint if is_endpoint else self.models.get(asked.path)
        if asked.method == "GET" or (is_endpoint and known is None):
            return says(200, known) if known else fault(404, "ResourceNotFound", "not found")
        if is_endpoint:
            assert sum(asked.body["properties"]["traffic"].values()) in {0, 100}
            self.endpoint = {"name": "census", **deepcopy(asked.body)}
            self.is_in("Updating")
        else:
            self.models[asked.path] = asked.body
        return says(201, asked.body)

    def _deployment(self, method: str, name: str, body: Any) -> HttpAnswer:
        if method == "GET" and name not in self.deployments:
            return fault(404, "ResourceNotFound", "not found")
        if method == "PUT":
            self.deployments[name] = {"name": name, **deepcopy(body)}
            self.is_in("Creating", name)
            return says(201, self.deployments[name])
        if method == "DELETE":
            assert name not in self.traffic
            return says(202 if self.deployments.pop(name, None) else 204)
        return says(200, self.deployments[name])

    def _score(self, asked: Asked) -> HttpAnswer:
        name = asked.headers.get("azureml-model-deployment") or max(self.traffic, default="")
        return self.scores.get(name, says(200, {"said": 7}))


def says(status: int, document: object = None, **headers: str) -> HttpAnswer:
    """Answer with a document."""
    return HttpAnswer(status, headers, b"" if document is None else json.dumps(document).encode())


def fault(status: int, code: str, message: str = "no", **headers: str) -> HttpAnswer:
    """Answer with an error of Resource Manager's shape."""
    return says(status, {"error": {"code": code, "message": message}}, **headers)
