"""A request that Resource Manager lets through: token, version and workspace are right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from local_stack.azureml.addresses import PROVIDER
from local_stack.azureml.credentials import require_management
from local_stack.azureml.errors import ArmError, not_built
from local_stack.azureml.state import State
from local_stack.http_service.call import Call


@dataclass(frozen=True, slots=True)
class ManagementCall:
    """A request, as the handlers of the control plane see it.

    Attributes:
        caller: Whose token it came with.
    """

    parameters: Mapping[str, str]
    query: Mapping[str, str]
    caller: str
    body: bytes = field(repr=False)


def admitted(call: Call, state: State) -> ManagementCall:
    """Let a request through.

    Raises:
        ArmError: 401, 400 or 404.
    """
    caller = require_management(call.authorization, state.now())
    _require_version(call, state)
    _require_scope(call, state)
    return ManagementCall(call.parameters, call.query, caller, call.body)


def require_location(location: str, state: State) -> None:
    """Refuse a resource in another region than the workspace's.

    Raises:
        ArmError: 409, as Resource Manager says it of a resource that is there.
    """
    if location.replace(" ", "").casefold() != state.workspace.location.casefold():
        text = f"The resource is in location '{state.workspace.location}', not in '{location}'."
        raise ArmError(HTTPStatus.CONFLICT, "InvalidResourceLocation", text)


def refuse_query(call: ManagementCall, *known: str) -> None:
    """Answer 501 to a query that a list is narrowed by, which no list here heeds."""
    if unknown := sorted(call.query.keys() - {"api-version", *known}):
        raise not_built(f"the query {', '.join(unknown)}")


def _require_version(call: Call, state: State) -> None:
    version = call.query.get("api-version")
    if version is None:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(HTTPStatus.BAD_REQUEST, "MissingApiVersionParameter", text)
    known = state.workspace.api_versions
    if version not in known:
        text = (
            f"No registered resource provider found for location '{state.workspace.location}' and "
            f"API version '{version}'. The supported api-versions are '{', '.join(known)}'."
        )
        raise ArmError(HTTPStatus.BAD_REQUEST, "NoRegisteredProviderFound", text)


def _require_scope(call: Call, state: State) -> None:
    """What is wrong in an address, from the left."""
    given, workspace = call.parameters, state.workspace
    if given["subscription"].casefold() != workspace.subscription_id.casefold():
        text = f"The subscription '{given['subscription']}' could not be found."
        raise ArmError(HTTPStatus.NOT_FOUND, "SubscriptionNotFound", text)
    if given.get("group", workspace.resource_group).casefold() != (
        workspace.resource_group.casefold()
    ):
        text = f"Resource group '{given['group']}' could not be found."
        raise ArmError(HTTPStatus.NOT_FOUND, "ResourceGroupNotFound", text)
    if given.get("workspace", workspace.name).casefold() != workspace.name.casefold():
        text = f"The Resource '{PROVIDER}/workspaces/{given['workspace']}' was not found."
        raise ArmError(HTTPStatus.NOT_FOUND, "ResourceNotFound", text)
