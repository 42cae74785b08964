"""Azure Machine Learning Studio (classic) on the wire: adding an endpoint to a web service.

With the workspace's token: an endpoint's own key is not there before the endpoint is. Nothing is
added where it could not be updated afterwards, which the documents call the two common mistakes.
"""

import json
import re
from typing import Any, Final

import msgspec

from protocols.classic_answers import exchange, json_object
from protocols.classic_keys import classic_keys
from protocols.protocol import Refused, Unsettled
from protocols.wire import HttpAnswer, Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import redact

_ENDPOINT: Final = re.compile(r"/endpoints/[^/?#]+/?$")
_ABSENT: Final = frozenset({"http_404"})
_NO_CONTENT: Final = 204
_IS_DEFAULT: Final = (
    "it is the web service's default endpoint, whose model only a re-publish replaces: name another"
)
_IS_TRAINING: Final = (
    "its web service has no updatable resource, so it is one of a training experiment: "
    "use the predictive web service"
)


def names_endpoint(patch_url: str) -> bool:
    """Say whether *patch_url* is an endpoint of a web service, so that it can be added to that."""
    return _ENDPOINT.search(patch_url) is not None


class Present(msgspec.Struct, frozen=True):
    """The endpoint is there and can be updated.

    Attributes:
        created: Whether it was added just now.
        resources: The names of its updatable resources.
    """

    created: bool
    resources: tuple[str, ...]


class StudioManagement:
    """The management API of a workspace. No method raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def create(self, endpoint: ScoringEndpoint, token: Secret) -> Present | Refused | Unsettled:
        """Add *endpoint* to its web service, unless it is there."""
        problem = self._unfit(endpoint, token)
        if problem is not None:
            return problem
        there = self._get(classic_keys(endpoint).patch_url, token)
        if isinstance(there, dict):
            return Present(created=False, resources=_told(there, endpoint, token))
        if not isinstance(there, Refused) or there.code not in _ABSENT:
            return there
        return self._put(endpoint, token)

    def plan(self, endpoint: ScoringEndpoint) -> dict[str, object]:
        """Say what `create` would send."""
        url = classic_keys(endpoint).patch_url
        return {"method": "PUT", "url": url, "body": _body(endpoint)}

    def _put(self, endpoint: ScoringEndpoint, token: Secret) -> Present | Refused | Unsettled:
        body = json.dumps(_body(endpoint), ensure_ascii=False).encode()
        url = classic_keys(endpoint).patch_url
        answer = exchange(self._wire, "PUT", url, key=token, body=body)
        created = isinstance(answer, HttpAnswer)
        if not isinstance(answer, HttpAnswer) and answer.code != "http_409":
            return answer
        found = self._get(url, token)
        if not isinstance(found, dict):
            return found
        return Present(created=created, resources=_told(found, endpoint, token))

    def _unfit(self, endpoint: ScoringEndpoint, token: Secret) -> Refused | Unsettled | None:
        """Say why the endpoint could not be updated once it was there."""
        url = classic_keys(endpoint).patch_url
        service_url, _, name = url.rstrip("/").rpartition("/endpoints/")
        service = self._get(service_url, token)
        if not isinstance(service, dict):
            return service
        default = str(service.get("DefaultEndpointName") or "")
        if default.lower() == name.lower():
            return Refused("default_endpoint", _IS_DEFAULT)
        if not default:
            return None
        document = self._get(f"{service_url}/endpoints/{default}", token)
        if isinstance(document, dict) and not _names(document):
            return Refused("training_service", _IS_TRAINING)
        return None if isinstance(document, dict) else document

    def _get(self, url: str, token: Secret) -> dict[str, Any] | Refused | Unsettled:
        answer = exchange(self._wire, "GET", url, key=token)
        if not isinstance(answer, HttpAnswer):
            return answer
        if answer.status == _NO_CONTENT:  # the documented answer where there is none
            return Refused("http_404", "there is no such web service or endpoint")
        document = json_object(answer)
        if document is None:
            return Unsettled("unreadable_answer", "the service's answer is no JSON object")
        return document


def _body(endpoint: ScoringEndpoint) -> dict[str, object]:
    create = classic_keys(endpoint).create
    body: dict[str, object] = {
        "Description": create.description,
        "ThrottleLevel": create.throttle_level,
    }
    if create.max_concurrent_calls is not None:
        body["MaxConcurrentCalls"] = create.max_concurrent_calls
    return body


def _told(document: dict[str, Any], endpoint: ScoringEndpoint, token: Secret) -> tuple[str, ...]:
    """Give the names for an answer to a person: a service may name anything, our keys included."""
    return tuple(redact(name, [token, classic_keys(endpoint).api_key]) for name in _names(document))


def _names(document: dict[str, Any]) -> tuple[str, ...]:
    resources = document.get("Resources")
    items = resources if isinstance(resources, list) else []
    return tuple(str(one["Name"]) for one in items if isinstance(one, dict) and one.get("Name"))
