"""The management API: web services, endpoints, and the PATCH that gives one a new model."""

import logging

from local_stack.http_service.call import Answer, Call
from local_stack.ml_service.blob_transfer import Transfer
from local_stack.ml_service.credentials import require_management
from local_stack.ml_service.endpoint_document import endpoint_document, service_document
from local_stack.ml_service.endpoint_settings import Create, Patch, created, patched
from local_stack.ml_service.errors import ServiceError, bad_argument
from local_stack.ml_service.model_update import fetched_model, require_updatable
from local_stack.ml_service.request_body import decode
from local_stack.ml_service.state import EndpointState, State
from local_stack.ml_service.studio import ENDPOINT_NAME, Endpoint, WebService

logger = logging.getLogger(__name__)


class Management:
    """The handlers of ``/workspaces/{workspace}/webservices…``."""

    def __init__(self, state: State, transfer: Transfer) -> None:
        self._state = state
        self._transfer = transfer

    def list_services(self, call: Call) -> Answer:
        """GET webservices."""
        self._require_owner(call)
        services = self._state.services()
        documents = [service_document(one, self._state) for one in services]
        return Answer(200, documents) if documents else Answer(204)

    def get_service(self, call: Call) -> Answer:
        """GET webservices/{service}."""
        self._require_owner(call)
        return Answer(200, service_document(self._service(call), self._state))

    def list_endpoints(self, call: Call) -> Answer:
        """GET webservices/{service}/endpoints."""
        self._require_owner(call)
        found = self._state.endpoints(self._service(call))
        return Answer(200, [endpoint_document(one, self._state) for one in found])

    def get_endpoint(self, call: Call) -> Answer:
        """GET an endpoint, with the workspace's token or one of its own keys.

        ``Resources[].Location`` is what was last PATCHed and is in effect. Whether the real
        service showed that is unknown; here it lets a client confirm by location.
        """
        return Answer(200, endpoint_document(self._endpoint(call), self._state))

    def create_endpoint(self, call: Call) -> Answer:
        """PUT an endpoint: 201; 409 for a name that is taken (both codes undocumented).

        It is made on a training service too: the mistake that the documents warn of.
        """
        self._require_owner(call)
        service, name = self._service(call), call.parameters["endpoint"]
        create = decode(call.body or b"{}", Create)
        if not ENDPOINT_NAME.fullmatch(name) or create.endpoint_name not in {None, name}:
            raise bad_argument("UserParameterInvalid", f"The endpoint name {name} is invalid.")
        if create.web_service_id not in {None, service.id}:
            raise ServiceError("NotFound", "WebServiceIdNotFoundInWorkspace")
        settings = created(create)
        made = self._state.add(service, Endpoint(name=name), settings)
        return Answer(201, endpoint_document(made, self._state))

    def delete_endpoint(self, call: Call) -> Answer:
        """DELETE an endpoint that is not the default one."""
        self._require_owner(call)
        endpoint = self._state.endpoint(self._service(call), call.parameters["endpoint"])
        if endpoint.seed.default:
            raise ServiceError("UnauthorizedRequest", None, "delete")
        self._state.remove(endpoint)
        return Answer(200)

    def patch_endpoint(self, call: Call) -> Answer:
        """PATCH an endpoint: new models, new settings, or both; all of it or nothing.

        The models are fetched before the answer and score ``takes_effect_after`` later. The
        answer's status is a setting of the description, its body is empty: both undocumented.
        """
        endpoint = self._endpoint(call)
        patch = decode(call.body, Patch)
        if patch == Patch():
            raise bad_argument("RequestIsEmpty")
        with endpoint.changing:
            require_updatable(endpoint, patch.resources)
            settings = patched(endpoint.settings, patch)
            models = [
                (one.name, one.location, fetched_model(one.location, self._transfer))
                for one in patch.resources
            ]
            endpoint.place(models, self._state.now(), self._state.studio.takes_effect_after)
            endpoint.settings = settings
        logger.info(
            "ml_service.patched endpoint=%s models=%s",
            endpoint.seed.name,
            [location.name for _, location, _ in models],
        )
        return Answer(self._state.studio.patch_status)

    def _require_owner(self, call: Call) -> None:
        self._require_workspace(call)
        require_management(call, self._state.studio.workspace_token)

    def _require_workspace(self, call: Call) -> None:
        if call.parameters["workspace"] != self._state.studio.workspace_id:
            raise ServiceError("NotFound", "WorkspaceNotFound")

    def _service(self, call: Call) -> WebService:
        return self._state.service(call.parameters["service"])

    def _endpoint(self, call: Call) -> EndpointState:
        self._require_workspace(call)
        endpoint = self._state.endpoint(self._service(call), call.parameters["endpoint"])
        require_management(call, self._state.studio.workspace_token, *endpoint.keys)
        return endpoint
