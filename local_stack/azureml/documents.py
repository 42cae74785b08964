"""What the control plane shows of its resources."""

from datetime import datetime
from typing import Any, Final

from local_stack.azureml.addresses import PROVIDER
from local_stack.azureml.job import Job
from local_stack.azureml.operations import Operation, Status
from local_stack.azureml.state import Deployment, Kept, OnlineEndpoint, State
from local_stack.identity import TENANT

_ENDPOINTS: Final = f"{PROVIDER}/workspaces/onlineEndpoints"
_REQUESTS: Final = {
    "maxConcurrentRequestsPerInstance": 1,
    "maxQueueWait": "PT0.5S",
    "requestTimeout": "PT5S",
}
_PROBE: Final = {
    "failureThreshold": 30,
    "initialDelay": "PT10S",
    "period": "PT10S",
    "successThreshold": 1,
    "timeout": "PT2S",
}


def model_document(name: str, version: str, kept: Kept, state: State) -> dict[str, Any]:
    """A `ModelVersion`."""
    standard = {
        "flavors": {},  # Microsoft's client takes it for granted
        "isAnonymous": False,
        "isArchived": False,
        "tags": {},
        "properties": {},
    }
    return {
        "id": state.addresses.id("models", name, "versions", version),
        "name": version,
        "type": f"{PROVIDER}/workspaces/models/versions",
        "systemData": _system_data(kept),
        "properties": {
            **standard,
            **kept.document["properties"],
            "provisioningState": "Succeeded",
        },
    }


def endpoint_document(endpoint: OnlineEndpoint, state: State) -> dict[str, Any]:
    """An `OnlineEndpoint`."""
    name, document, addresses = endpoint.name, endpoint.kept.document, state.addresses
    put = document["properties"]
    endpoint_id = addresses.id("onlineEndpoints", name)
    identity = document.get("identity", {"type": "SystemAssigned"})
    return {
        "id": endpoint_id,
        "name": name,
        "type": _ENDPOINTS,
        "location": document["location"],
        "kind": document.get("kind", "Managed"),
        "identity": _identity(identity),
        "tags": document.get("tags", {}),
        "systemData": _system_data(endpoint.kept),
        "properties": {
            "publicNetworkAccess": "Enabled",
            "mirrorTraffic": {},
            "traffic": {},
            **put,
            "properties": {
                **put.get("properties", {}),
                "azureml.onlineendpointid": endpoint_id.casefold(),
                "AzureAsyncOperationUri": addresses.status(endpoint.operation.id),
            },
            "scoringUri": addresses.scoring(name, "score"),
            "swaggerUri": addresses.scoring(name, "swagger.json"),
            "provisioningState": endpoint.state,
        },
    }


def deployment_document(
    endpoint: OnlineEndpoint, deployment: Deployment, state: State
) -> dict[str, Any]:
    """An `OnlineDeployment`."""
    document, addresses = deployment.kept.document, state.addresses
    put = document["properties"]
    endpoint_id = addresses.id("onlineEndpoints", endpoint.name)
    return {
        "id": f"{endpoint_id}/deployments/{deployment.name}",
        "name": deployment.name,
        "type": f"{_ENDPOINTS}/deployments",
        "location": document["location"],
        "kind": document.get("kind", "Managed"),
        "tags": document.get("tags", {}),
        "sku": {"tier": "Standard", "capacity": 1, **document.get("sku", {"name": "Default"})},
        "systemData": _system_data(deployment.kept),
        "properties": {
            "appInsightsEnabled": False,
            "egressPublicNetworkAccess": "Enabled",
            "scaleSettings": {"scaleType": "Default"},
            "livenessProbe": _PROBE,
            "readinessProbe": _PROBE,
            **put,
            "requestSettings": {**_REQUESTS, **put.get("requestSettings", {})},
            "properties": {
                **put.get("properties", {}),
                "AzureAsyncOperationUri": addresses.status(deployment.operation.id),
            },
            "provisioningState": deployment.state,
        },
    }


def operation_document(operation: Operation, state: State) -> dict[str, Any]:
    """What an address in ``Azure-AsyncOperation`` shows."""
    shown: dict[str, Any] = {
        "id": state.addresses.status(operation.id).removeprefix(state.addresses.url),
        "name": operation.id,
        "status": operation.status.value,
        "startTime": _instant(operation.began),
    }
    if operation.ended is not None:
        shown["endTime"] = _instant(operation.ended)
    if operation.status is Status.SUCCEEDED:
        shown["percentComplete"] = 100.0
    if operation.error is not None:
        shown["error"] = operation.error.document()
    return shown


def job_document(job: Job, state: State) -> dict[str, Any]:
    """A `JobBase`."""
    standard = {"isArchived": False, "experimentName": "Default", "tags": {}, "properties": {}}
    return {
        "id": state.addresses.id("jobs", job.id),
        "name": job.id,
        "type": f"{PROVIDER}/workspaces/jobs",
        "systemData": _system_data(job.kept),
        "properties": {**standard, **job.kept.document["properties"], "status": job.status},
    }


def workspace_document(state: State) -> dict[str, Any]:
    """As much of a `Workspace` as a client needs that looks for its location."""
    return {
        "id": state.addresses.workspace_id,
        "name": state.workspace.name,
        "type": f"{PROVIDER}/workspaces",
        "location": state.workspace.location,
        "properties": {"friendlyName": state.workspace.name, "provisioningState": "Succeeded"},
    }


def _identity(put: dict[str, Any]) -> dict[str, Any]:
    if not put["type"].startswith("SystemAssigned"):
        return put
    return {**put, "principalId": "5f3c7d0e-2a6b-4f0c-9d6e-0b6f0f1d2c3a", "tenantId": TENANT}


def _system_data(kept: Kept) -> dict[str, str]:
    return {
        "createdAt": _instant(kept.created),
        "createdBy": kept.created_by,
        "createdByType": "Application",
        "lastModifiedAt": _instant(kept.modified),
        "lastModifiedBy": kept.created_by,
        "lastModifiedByType": "Application",
    }


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
