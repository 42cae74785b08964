"""The description a workspace starts from: what is registered in it, and how it behaves."""

import re
import secrets
from pathlib import Path
from typing import Any, Final, Literal, override
from uuid import uuid4

import msgspec
from msgspec import Struct

from local_stack.azureml.pacing import AsItGoes, Pacing

API_VERSION: Final = "2025-12-01"
# 3 to 32 letters, digits and single hyphens, a letter first ("how to manage quotas").
NAME: Final = re.compile(r"(?=.{3,32}\Z)[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")

type AuthMode = Literal["Key", "AMLToken", "AADToken"]


def new_key() -> str:
    """A key of an endpoint."""
    return secrets.token_urlsafe(48)


class Datastore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name that stands for a container; read and written by the workspace's own rights."""

    name: str
    container: str
    connection_string: str

    @override
    def __repr__(self) -> str:
        return f"Datastore(name={self.name!r}, container={self.container!r})"


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered folder of scripts."""

    name: str
    folder: Path
    version: str = "1"


class Environment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered environment: which Python runs a script, and which server is around it."""

    name: str
    python: Path
    server: Literal["microsoft", "light"]
    version: str = "1"


class Endpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An online endpoint that is there from the start, without a deployment."""

    name: str
    auth_mode: AuthMode = "Key"
    primary_key: str = msgspec.field(default_factory=new_key)
    secondary_key: str = msgspec.field(default_factory=new_key)

    def __post_init__(self) -> None:
        """Refuse a name that the real service refuses."""
        if not NAME.fullmatch(self.name):
            raise ValueError(f"endpoint name {self.name!r}: 3 to 32 a-z 0-9 and single hyphens")

    @override
    def __repr__(self) -> str:
        return f"Endpoint(name={self.name!r}, auth_mode={self.auth_mode!r})"


class Workspace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, and what the documents leave open or a test wants otherwise.

    Attributes:
        subscription_id: A GUID.
        pacing: When an operation or a job reports its end.
        overlapping: A PUT of what another PUT is still about: refused with 409, or it cancels the
            other one. Both are told of by the troubleshooting page; which of them when, is not.
        retry_after: Seconds between two looks, as the service asks for them.
        api_versions: Those that are understood; Microsoft's own client sends older ones.
    """

    name: str = "digits"
    resource_group: str = "local"
    subscription_id: str = msgspec.field(default_factory=lambda: str(uuid4()))
    location: str = "westeurope"
    datastores: tuple[Datastore, ...] = ()
    codes: tuple[Code, ...] = ()
    environments: tuple[Environment, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    pacing: Pacing = AsItGoes()
    overlapping: Literal["refused", "cancels"] = "refused"
    retry_after: int = 1
    api_versions: tuple[str, ...] = (API_VERSION,)


def to_json(workspace: Workspace) -> bytes:
    """As a file holds it; there are keys in it."""
    return msgspec.json.encode(workspace, enc_hook=str)


def from_json(content: bytes) -> Workspace:
    """Read what a file holds.

    Raises:
        msgspec.DecodeError: It is no description.
    """
    return msgspec.json.decode(content, type=Workspace, dec_hook=_path)


def _path(kind: type[Any], value: Any) -> Any:
    if kind is not Path:
        raise NotImplementedError(kind)
    return Path(value)
