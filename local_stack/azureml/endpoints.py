"""Online endpoints: read, put with a map of traffic, tagged, and asked for their keys."""

from datetime import timedelta
from functools import partial
from typing import Any, Final

from local_stack.azureml.body import as_sent, decode
from local_stack.azureml.description import NAME, new_key
from local_stack.azureml.documents import endpoint_document
from local_stack.azureml.endpoint_body import EndpointBody, EndpointPatch, Properties
from local_stack.azureml.errors import invalid, not_built
from local_stack.azureml.management_call import ManagementCall, refuse_query, require_location
from local_stack.azureml.state import Kept, OnlineEndpoint, State, Verb
from local_stack.azureml.traffic import require_traffic
from local_stack.azureml.under_way import accepted, begun, make_way, put_answer, settled
from local_stack.http_service.call import Answer

_LIVES: Final = timedelta(hours=12)
_REFRESHED_AFTER: Final = timedelta(hours=6)
# Written by the service into a dictionary that is otherwise the user's.
_OURS: Final = frozenset({"azureml.onlineendpointid", "AzureAsyncOperationUri"})


class Endpoints:
    """The handlers of ``…/onlineEndpoints…``."""

    def __init__(self, state: State) -> None:
        self._state = state
        for seed in state.workspace.endpoints:
            put = {"location": state.workspace.location, "properties": {"authMode": seed.auth_mode}}
            kept = Kept(put, "the workspace's owner", state.started, state.started)
            keys = seed.primary_key, seed.secondary_key
            made = OnlineEndpoint(seed.name, kept, "Creating", settled(state), keys)
            state.endpoints[seed.name] = made

    def get(self, call: ManagementCall) -> Answer:
        """GET an endpoint."""
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        endpoint.operation.look(self._state.now())
        return Answer(200, endpoint_document(endpoint, self._state))

    def list(self, call: ManagementCall) -> Answer:
        """GET all endpoints."""
        refuse_query(call)
        known = list(self._state.endpoints.values())
        return Answer(200, {"value": [endpoint_document(one, self._state) for one in known]})

    def put(self, call: ManagementCall) -> Answer:
        """PUT an endpoint: what the body leaves out is gone, the traffic too."""
        name, body = call.parameters["endpoint"], decode(call.body, EndpointBody)
        require_location(body.location, self._state)
        _require_built(body.properties)
        with self._state.lock:
            known = self._state.endpoints.get(name)
            require_traffic(body.properties.traffic or {}, known)
            if known is None:
                return self._create(name, call, body.properties)
            return self._update(known, call)

    def patch(self, call: ManagementCall) -> Answer:
        """PATCH an endpoint: tags and identity, nothing else."""
        patch = decode(call.body, EndpointPatch)
        with self._state.lock:
            endpoint = self._state.endpoint(call.parameters["endpoint"])
            make_way(endpoint, self._state)
            document = endpoint.kept.document
            if patch.tags is not None:
                document["tags"] = {**document.get("tags", {}), **patch.tags}
            if patch.identity is not None:
                document["identity"] = as_sent(call.body)["identity"]
            self._begin(endpoint, "Updating")
        shown = partial(endpoint_document, endpoint, self._state)
        return accepted(endpoint.operation, self._state, shown)

    def list_keys(self, call: ManagementCall) -> Answer:
        """POST listKeys."""
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        if endpoint.auth_mode != "Key":
            raise invalid(f"The endpoint {endpoint.name} does not use keys.")
        primary, secondary = endpoint.keys
        return Answer(200, {"primaryKey": primary, "secondaryKey": secondary})

    def token(self, call: ManagementCall) -> Answer:
        """POST token. How long the real ones live, only their answer says; here twelve hours."""
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        if endpoint.auth_mode != "AMLToken":
            raise invalid(f"The endpoint {endpoint.name} does not use tokens of its own.")
        now, token = self._state.now(), new_key()
        endpoint.tokens[token] = now + _LIVES
        return Answer(
            200,
            {
                "accessToken": token,
                "expiryTimeUtc": int((now + _LIVES).timestamp()),
                "refreshAfterTimeUtc": int((now + _REFRESHED_AFTER).timestamp()),
                "tokenType": "Bearer",
            },
        )

    def _create(self, name: str, call: ManagementCall, properties: Properties) -> Answer:
        if not NAME.fullmatch(name):
            raise invalid(f"The endpoint name {name} is invalid.")
        now, given = self._state.now(), properties.keys
        primary = (given and given.primary_key) or new_key()
        secondary = (given and given.secondary_key) or new_key()
        kept = Kept(_document(call.body), call.caller, now, now)
        made = OnlineEndpoint(name, kept, "Creating", settled(self._state), (primary, secondary))
        self._begin(made, "Creating")
        self._state.endpoints[name] = made
        return put_answer(201, endpoint_document(made, self._state), made.operation, self._state)

    def _update(self, endpoint: OnlineEndpoint, call: ManagementCall) -> Answer:
        document = _document(call.body)
        _keep_properties(endpoint.kept.document, document)
        make_way(endpoint, self._state)
        endpoint.kept.document, endpoint.kept.modified = document, self._state.now()
        self._begin(endpoint, "Updating")
        shown = endpoint_document(endpoint, self._state)
        return put_answer(200, shown, endpoint.operation, self._state)

    def _begin(self, endpoint: OnlineEndpoint, verb: Verb) -> None:
        asked = dict(endpoint.asked_traffic)

        def take_effect() -> None:
            endpoint.traffic = asked

        endpoint.verb, endpoint.operation = verb, begun(self._state, None, take_effect)


def _require_built(properties: Properties) -> None:
    if properties.mirror_traffic:
        raise not_built("mirrored traffic")
    if properties.compute:
        raise not_built("an endpoint on compute of one's own")


def _document(body: bytes) -> dict[str, Any]:
    """What is kept of a PUT: what the service says of itself is not, nor are keys."""
    document = as_sent(body)
    for member in ("id", "name", "type", "systemData"):
        document.pop(member, None)
    for member in ("keys", "provisioningState", "scoringUri", "swaggerUri"):
        document["properties"].pop(member, None)
    own = document["properties"].get("properties", {})
    document["properties"]["properties"] = {k: v for k, v in own.items() if k not in _OURS}
    return document


def _keep_properties(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Hold to what the contract says of this dictionary: added to, not removed or altered."""
    known, given = before["properties"].get("properties", {}), after["properties"]["properties"]
    if altered := sorted(
        name for name in known.keys() & given.keys() if known[name] != given[name]
    ):
        raise invalid(f"The properties {', '.join(altered)} cannot be altered.")
    after["properties"]["properties"] = {**known, **given}
