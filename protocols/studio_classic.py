"""Azure Machine Learning Studio (classic) on the wire: the endpoint half.

The facts and how sure they are: the service's own documentation of retraining a classic web
service, and its published management description. The service closed on 31 August 2024.
"""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from protocols.blob_reference import BlobReference, expiry_in, secrets_in
from protocols.classic_answers import LONGEST_MESSAGE, exchange, json_object
from protocols.classic_keys import classic_keys
from protocols.expectation import UNREADABLE, holds
from protocols.protocol import Abilities, Accepted, Answer, Refused, Served, Unsettled
from protocols.wire import HttpAnswer, Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import MASK, redact

NAME = "studio-classic"
_UNREAD = "(read from the endpoint)"
# How the service may refuse a resource's name that is not there any more: nothing documents it.
_MAY_BE_RENAMED = frozenset({"http_400", "http_404"})


class StudioClassic:
    """See `ScoringProtocol`."""

    # Documented: the new model is in use "after about 30 seconds", and nothing announces it.
    settles_after = timedelta(seconds=30)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._resources: dict[str, str] = {}  # as read from the endpoints, by their addresses

    def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
        """See `ScoringProtocol`: the same of every endpoint."""
        del endpoint
        return Abilities(settles_after=self.settles_after)

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """Give the configured resource, or the one that the endpoint has, asked once."""
        keys = classic_keys(endpoint)
        if keys.resource is not None:
            return keys.resource
        known = self._resources.get(keys.patch_url)
        if known is not None:
            return known
        document = self._get(endpoint)
        if isinstance(document, (Refused, Unsettled)):
            return document
        names = [str(item["Name"]) for item in _resources(document) if item.get("Name")]
        if len(names) != 1:
            return _no_single_resource(names, keys.api_key)
        self._resources[keys.patch_url] = names[0]
        return names[0]

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """PATCH the endpoint with one resource and its new location."""
        keys, token = classic_keys(endpoint), model.sas_token.reveal()
        body = json.dumps(_patch_body(resource, model, token), ensure_ascii=False).encode()
        secrets = secrets_in(model.sas_token)
        answer = self._send("PATCH", keys.patch_url, keys.api_key, body, secrets)
        if isinstance(answer, Refused):
            return self._refused(endpoint, resource, answer)
        return Accepted() if isinstance(answer, HttpAnswer) else answer

    def _refused(
        self, endpoint: ScoringEndpoint, resource: str, answer: Refused
    ) -> Refused | Unsettled:
        """Forget a name that was read; only where it is another now, the model may yet do."""
        keys = classic_keys(endpoint)
        if keys.resource is not None:
            return answer
        was_read = self._resources.pop(keys.patch_url, None) == resource
        if not was_read or answer.code not in _MAY_BE_RENAMED:
            return answer
        name = self.resource_of(endpoint)
        if isinstance(name, str) and name != resource:
            return Unsettled(answer.code, answer.message)
        return answer

    def served(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> Served | bool | Refused | Unsettled | None:
        """GET the endpoint and read the resource's location, which the schema has room for."""
        del model
        document = self._get(endpoint)
        if isinstance(document, (Refused, Unsettled)):
            return document
        for item in _resources(document):
            location = item.get("Location")
            if item.get("Name") == resource and isinstance(location, dict):
                relative = location.get("RelativeLocation")
                if isinstance(relative, str):
                    expiry = expiry_in(str(location.get("SasBlobToken") or ""))
                    return Served(unquote(relative).lstrip("/"), expiry)
        return None

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """POST the smoke test's request and hold the answer against its expectation."""
        smoke_test = endpoint.smoke_test
        if smoke_test is None:
            return Refused("no_smoke_test", "the endpoint has no smoke test")
        key = classic_keys(endpoint).api_key
        answer = self._send("POST", smoke_test.score_url, key, smoke_test.request)
        if not isinstance(answer, HttpAnswer):
            return answer
        found = holds(smoke_test.expect, answer.body)
        return Unsettled("smoke_test_unreadable", UNREADABLE) if found is None else found

    def request_plan(self, endpoint: ScoringEndpoint, model: BlobReference) -> dict[str, object]:
        """Say what `patch` would send, every secret masked."""
        resource = classic_keys(endpoint).resource or _UNREAD
        return {
            "method": "PATCH",
            "url": classic_keys(endpoint).patch_url,
            "headers": {"Authorization": f"Bearer {MASK}"},
            "body": _patch_body(resource, model, redact(model.sas_token.reveal())),
        }

    def _get(self, endpoint: ScoringEndpoint) -> dict[str, Any] | Refused | Unsettled:
        keys = classic_keys(endpoint)
        answer = self._send("GET", keys.patch_url, keys.api_key)
        if not isinstance(answer, HttpAnswer):
            return answer
        document = json_object(answer)
        if document is not None:
            return document
        return Unsettled("unreadable_endpoint", "the endpoint's description is no JSON object")

    def _send(
        self,
        method: str,
        url: str,
        key: Secret,
        body: bytes | None = None,
        secrets: Iterable[Secret] = (),
    ) -> HttpAnswer | Refused | Unsettled:
        return exchange(self._wire, method, url, key=key, body=body, secrets=secrets)


def _patch_body(resource: str, model: BlobReference, sas_token: str) -> dict[str, object]:
    location = {
        "BaseLocation": model.base_location,
        "RelativeLocation": model.relative_location,
        "SasBlobToken": sas_token,
    }
    return {"Resources": [{"Name": resource, "Location": location}]}


def _resources(document: dict[str, Any]) -> list[dict[str, Any]]:
    resources = document.get("Resources")
    found = resources if isinstance(resources, list) else []
    return [item for item in found if isinstance(item, dict)]


def _no_single_resource(names: list[str], key: Secret) -> Refused:
    if names:
        listed = redact(", ".join(names), [key])[:LONGEST_MESSAGE]
        return Refused("several_resources", f"set `resource` to one of the endpoint's: {listed}")
    what = "the endpoint has no updatable resource: is it one of the training web service?"
    return Refused("no_updatable_resource", what)
