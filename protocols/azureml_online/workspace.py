"""A workspace of Azure Machine Learning: its address, and whose tokens it takes."""

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from settings.connection import is_loopback
from settings.retraining import safe_url

_CLOUDS: Final = {
    "management.azure.com": "https://ml.azure.com",
    "management.chinacloudapi.cn": "https://ml.azure.cn",
    "management.usgovcloudapi.net": "https://ml.azure.us",
}
"""Each cloud: where it is managed, and what its endpoints take tokens for."""
_USUAL_CLOUD: Final = "management.azure.com"
_SEGMENT: Final = r"[A-Za-z0-9._()-]+"
_PATH: Final = re.compile(
    rf"(?i)/subscriptions/(?P<subscription>{_SEGMENT})/resourceGroups/(?P<group>{_SEGMENT})"
    rf"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<name>{_SEGMENT})"
)


class Workspace(msgspec.Struct, frozen=True):
    """One workspace.

    Attributes:
        url: Its address, without a slash at the end.
        subscription: The subscription that it is in.
        resource_group: The resource group.
        name: Its own name.
    """

    url: str
    subscription: str
    resource_group: str
    name: str

    @property
    def id(self) -> str:
        """Its id as a resource, which other resources are named by."""
        return urlsplit(self.url).path

    @property
    def scope(self) -> str:
        """What a token must be for that asks the workspace."""
        return f"https://{self._cloud}/.default"

    @property
    def scoring_scope(self) -> str:
        """What a token must be for that has an endpoint score which takes no key."""
        return f"{_CLOUDS[self._cloud]}/.default"

    @property
    def _cloud(self) -> str:
        host = urlsplit(self.url).hostname or ""
        return host if host in _CLOUDS else _USUAL_CLOUD


NOWHERE: Final = Workspace("", "", "", "")
"""What stands where no workspace could be read."""


def read_workspace(value: object) -> Workspace:
    """Read the address of a workspace. Its cloud must be known: it is sent the app's own token.

    Raises:
        ValueError: It is none.
    """
    url = safe_url(value).rstrip("/")
    parts = urlsplit(url)
    if parts.hostname not in _CLOUDS and not is_loopback(url):
        raise ValueError(f"must be at one of: {', '.join(sorted(_CLOUDS))}")
    path = _PATH.fullmatch(parts.path)
    if path is None or parts.query:
        raise ValueError(
            "must be https://management.azure.com/subscriptions/…/resourceGroups/…"
            "/providers/Microsoft.MachineLearningServices/workspaces/…"
        )
    return Workspace(url, path["subscription"], path["group"], path["name"])
