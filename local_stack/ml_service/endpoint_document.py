"""What the management API shows of a web service and of an endpoint."""

from datetime import datetime

from local_stack.ml_service.state import EndpointState, Placement, State
from local_stack.ml_service.studio import WebService


def service_document(service: WebService, state: State) -> dict[str, object]:
    """The WebService object of the management swagger."""
    return {
        "Id": service.id,
        "Name": service.name,
        "Description": service.description,
        "CreationTime": _instant(state.started),
        "WorkspaceId": state.studio.workspace_id,
        "DefaultEndpointName": service.default_endpoint.name,
        "EndpointCount": len(state.endpoints(service)),
    }


def endpoint_document(endpoint: EndpointState, state: State) -> dict[str, object]:
    """The Endpoint object of the management swagger, keys included as on the real wire."""
    seed, service, settings = endpoint.seed, endpoint.service, endpoint.settings
    placements = endpoint.placements(state.now())
    page = f"apihelp/workspaces/{state.studio.workspace_id}/webservices/{service.id}"
    return {
        "Name": seed.name,
        "Description": settings.description,
        "CreationTime": _instant(endpoint.created),
        "WorkspaceId": state.studio.workspace_id,
        "WebServiceId": service.id,
        "HelpLocation": f"{state.url}/{page}/endpoints/{seed.guid}",
        "PrimaryKey": seed.primary_key,
        "SecondaryKey": seed.secondary_key,
        "ApiLocation": api_location(endpoint, state),
        "PreventUpdate": settings.prevent_update,
        "SampleDataEnabled": False,
        "ExperimentLocation": f"{state.url}/Home/ViewWorkspace/{state.studio.workspace_id}",
        "Version": _instant(max([endpoint.created, *(p.effective_from for _, p in placements)])),
        "MaxConcurrentCalls": settings.max_concurrent_calls,
        "DiagnosticsTraceLevel": settings.diagnostics_trace_level,
        "ThrottleLevel": settings.throttle_level,
        "Resources": [_resource(name, placement) for name, placement in placements],
    }


def api_location(endpoint: EndpointState, state: State) -> str:
    """The execution address, to which clients append ``/execute`` or ``/jobs``."""
    return f"{state.url}/workspaces/{state.studio.workspace_id}/services/{endpoint.seed.guid}"


def _resource(name: str, placement: Placement) -> dict[str, object]:
    location = {
        "BaseLocation": placement.location.base_location,
        "RelativeLocation": placement.location.relative_location,
        "SasBlobToken": placement.location.sas_blob_token,
    }
    return {"Name": name, "Kind": "TrainedModel", "Location": location}


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
