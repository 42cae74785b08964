"""An endpoints file in memory."""

from collections.abc import Iterable
from datetime import datetime

KEY_SETTING = "CENSUS_API_KEY"
KEY = "a-key-that-nobody-has"
RESOURCE = "Census Model [trained model]"


def table(name: str, *, models: str = "", key: str = f"%{KEY_SETTING}%", more: str = "") -> str:
    """Write the table of one endpoint; its models are those in a folder of its name."""
    return f"""
[endpoints.{name}]
patch_url = "https://studio.invalid/workspaces/w/webservices/s/endpoints/{name}"
api_key = "{key}"
resource = "{RESOURCE}"
models = "{models or f"{name}/**/*.ilearner"}"
{more}
"""


class EndpointsFolder:
    """See `state.endpoints_source.Folder`.

    Attributes:
        request: What every request of a smoke test is.
    """

    def __init__(self, tables: Iterable[str]) -> None:
        self._text, self._version = "", 0
        self.request = b"{}"
        self.rewrite(*tables)

    def rewrite(self, *tables: str) -> None:
        """Have a person save another file."""
        self._text = "\n".join(tables)
        self._version += 1

    def version(self, now: datetime) -> str:
        """See `Folder`."""
        del now
        return str(self._version)

    def read(self, name: str) -> bytes:
        """See `Folder`."""
        return self.request if name.endswith(".json") else self._text.encode()
