"""The ids of Resource Manager, the addresses of this service, and reading both."""

import re
from typing import Final

from local_stack.azureml.description import API_VERSION, Workspace

PROVIDER: Final = "Microsoft.MachineLearningServices"

_ASSET: Final = re.compile(
    r"(?:azureml:)?(?P<workspace>/subscriptions/.+/workspaces/[^/]+)"
    r"/(?P<kind>[a-z]+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)


class Addresses:
    """What things are called.

    Args:
        workspace: The one workspace.
        url: Where this service is reached, without a slash at the end.
    """

    def __init__(self, workspace: Workspace, url: str) -> None:
        self._subscription = f"/subscriptions/{workspace.subscription_id}"
        self._location = workspace.location
        group = f"{self._subscription}/resourceGroups/{workspace.resource_group}"
        self.workspace_id = f"{group}/providers/{PROVIDER}/workspaces/{workspace.name}"
        self.url = url

    def id(self, *parts: str) -> str:
        """The id of something within the workspace, as in `id("onlineEndpoints", "census")`."""
        return "/".join((self.workspace_id, *parts))

    def asset(self, kind: str, text: str) -> tuple[str, str] | None:
        """Name and version of an asset of the workspace; ``None``: it is no such id."""
        found = _ASSET.fullmatch(text)
        if found is None or found["kind"].casefold() != kind.casefold():
            return None
        # Resource Manager's ids do not tell capitals from small letters.
        if found["workspace"].casefold() != self.workspace_id.casefold():
            return None
        return found["name"], found["version"]

    def scoring(self, endpoint: str, what: str) -> str:
        """An address of an endpoint's own: ``score`` or ``swagger.json``.

        The real ones are hosts of their own, one for each endpoint.
        """
        return f"{self.url}/inference/{endpoint}/{what}"

    def status(self, operation: str) -> str:
        """Where ``Azure-AsyncOperation`` leads to."""
        return self._operation("mfeOperationsStatus", operation)

    def result(self, operation: str) -> str:
        """Where ``Location`` leads to."""
        return self._operation("mfeOperationResults", operation)

    def _operation(self, kind: str, operation: str) -> str:
        place = f"{self._subscription}/providers/{PROVIDER}/locations/{self._location}"
        return f"{self.url}{place}/{kind}/{operation}?api-version={API_VERSION}"
