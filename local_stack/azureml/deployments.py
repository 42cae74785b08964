"""Deployments of an endpoint: put, read, scaled, deleted; each is a real process."""

from functools import partial
from typing import Any, Final

from local_stack.azureml.body import as_sent, decode
from local_stack.azureml.deployment_body import (
    DeploymentBody,
    DeploymentPatch,
    LogsRequest,
)
from local_stack.azureml.deployment_order import order_of
from local_stack.azureml.description import NAME
from local_stack.azureml.documents import deployment_document
from local_stack.azureml.errors import invalid
from local_stack.azureml.fate import Fates
from local_stack.azureml.launch import Launch, Launches
from local_stack.azureml.management_call import ManagementCall, require_location
from local_stack.azureml.page import page
from local_stack.azureml.state import MOST_DEPLOYMENTS, Deployment, Kept, OnlineEndpoint, State
from local_stack.azureml.under_way import accepted, begun, make_way, put_answer, settled
from local_stack.http_service.call import Answer

_LINES: Final = 5000  # as many as the real service gives at most


class Deployments:
    """The handlers of ``…/onlineEndpoints/{endpoint}/deployments…``."""

    def __init__(self, state: State, launches: Launches, fates: Fates) -> None:
        self._state, self._launches, self._fates = state, launches, fates

    def get(self, call: ManagementCall) -> Answer:
        """GET a deployment."""
        endpoint, deployment = self._found(call)
        deployment.operation.look(self._state.now())
        # It may have been the last look at one that is deleted.
        endpoint.deployment(deployment.name)
        return Answer(200, deployment_document(endpoint, deployment, self._state))

    def list(self, call: ManagementCall) -> Answer:
        """GET the deployments of an endpoint: all, or page by page."""
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        for deployment in list(endpoint.deployments.values()):
            deployment.operation.look(self._state.now())
        left = list(endpoint.deployments.values())
        shown = [deployment_document(endpoint, one, self._state) for one in left]
        addresses = self._state.addresses
        path = addresses.id("onlineEndpoints", endpoint.name, "deployments")
        return Answer(200, page(shown, call, f"{addresses.url}{path}"))

    def put(self, call: ManagementCall) -> Answer:
        """PUT a deployment: a new process is started, and takes the place of one before it."""
        name, body = call.parameters["deployment"], decode(call.body, DeploymentBody)
        require_location(body.location, self._state)
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        order = order_of(body.properties, self._state)
        with self._state.lock:
            known = endpoint.deployments.get(name)
            if known is None:
                _require_room(endpoint, name)
            else:
                _require_same_instances(known, body)
                self._make_way(known)
            fate = self._fates.take(name)
            launch = self._launches.begin(order, fate)
            deployment = self._kept(endpoint, name, call)
            serve = partial(self._serve, deployment, launch)
            operation = begun(self._state, launch.work, serve, fate.pacing)
            deployment.verb = "Creating" if known is None else "Updating"
            deployment.operation, deployment.coming = operation, launch
            shown = deployment_document(endpoint, deployment, self._state)
        return put_answer(201 if known is None else 200, shown, operation, self._state)

    def patch(self, call: ManagementCall) -> Answer:
        """PATCH a deployment: tags and how many instances; here one process is all of them."""
        patch = decode(call.body, DeploymentPatch)
        endpoint, deployment = self._found(call)
        with self._state.lock:
            self._make_way(deployment)
            document, sent = deployment.kept.document, as_sent(call.body)
            for member in ("tags", "sku"):
                if member in sent:
                    document[member] = {**document.get(member, {}), **sent[member]}
            deployment.verb = "Updating" if patch.sku is None else "Scaling"
            deployment.operation = begun(self._state, None, lambda: None)
        shown = partial(deployment_document, endpoint, deployment, self._state)
        return accepted(deployment.operation, self._state, shown)

    def delete(self, call: ManagementCall) -> Answer:
        """DELETE a deployment that has no traffic: 204 where there is none."""
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        with self._state.lock:
            deployment = endpoint.deployments.get(call.parameters["deployment"])
            if deployment is None:
                return Answer(204)
            if endpoint.asked_traffic.get(deployment.name) or endpoint.traffic.get(deployment.name):
                raise invalid(f"The deployment {deployment.name} has traffic: set it to 0 first.")
            self._make_way(deployment)
            ending = self._launches.end(deployment.launch)
            gone = partial(_forget, endpoint, deployment.name)
            deployment.verb, deployment.operation = "Deleting", begun(self._state, ending, gone)
        return accepted(deployment.operation, self._state)

    def logs(self, call: ManagementCall) -> Answer:
        """POST getLogs."""
        asked = decode(call.body, LogsRequest)
        _, deployment = self._found(call)
        launch = deployment.coming or deployment.launch
        container = asked.container_type or "InferenceServer"
        lines = launch.log_text(container).splitlines() if launch else []
        return Answer(200, {"content": "\n".join(lines[-(asked.tail or _LINES) :])})

    def _found(self, call: ManagementCall) -> tuple[OnlineEndpoint, Deployment]:
        endpoint = self._state.endpoint(call.parameters["endpoint"])
        return endpoint, endpoint.deployment(call.parameters["deployment"])

    def _make_way(self, deployment: Deployment) -> None:
        make_way(deployment, self._state)
        # Now nothing is under way: what came with the last operation did not come to serve.
        if deployment.coming is not None:
            self._launches.end(deployment.coming)
            deployment.coming = None

    def _serve(self, deployment: Deployment, launch: Launch) -> None:
        before, deployment.launch, deployment.coming = deployment.launch, launch, None
        if before is not None:
            self._launches.end(before)

    def _kept(self, endpoint: OnlineEndpoint, name: str, call: ManagementCall) -> Deployment:
        """The deployment, with what was put."""
        now, document = self._state.now(), _document(call.body)
        found = endpoint.deployments.get(name)
        if found is None:
            kept = Kept(document, call.caller, now, now)
            found = Deployment(name, kept, "Creating", settled(self._state))
            endpoint.deployments[name] = found
        found.kept.document, found.kept.modified = document, now
        return found


def _document(body: bytes) -> dict[str, Any]:
    """What is kept of a PUT: what the service says of itself is not."""
    document = as_sent(body)
    for member in ("id", "name", "type", "systemData"):
        document.pop(member, None)
    document["properties"].pop("provisioningState", None)
    document["properties"].get("properties", {}).pop("AzureAsyncOperationUri", None)
    return document


def _forget(endpoint: OnlineEndpoint, name: str) -> None:
    endpoint.deployments.pop(name, None)


def _require_room(endpoint: OnlineEndpoint, name: str) -> None:
    if not NAME.fullmatch(name):
        raise invalid(f"The deployment name {name} is invalid.")
    if len(endpoint.deployments) >= MOST_DEPLOYMENTS:
        raise invalid(f"An endpoint has {MOST_DEPLOYMENTS} deployments at most.")


def _require_same_instances(known: Deployment, body: DeploymentBody) -> None:
    before = known.kept.document["properties"].get("instanceType")
    if before != body.properties.instance_type:
        raise invalid("The instance type of a deployment cannot be changed.", "instanceType")
