"""What the workspace holds while the service runs."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, Final, Literal

from local_stack.azureml.addresses import Addresses
from local_stack.azureml.description import Environment, Workspace
from local_stack.azureml.errors import not_found
from local_stack.azureml.launch import Launch
from local_stack.azureml.operations import Operation, Status
from local_stack.azureml.scoring_process import ScoringProcess
from local_stack.azureml.traffic import Turns
from local_stack.http_service.server import Clock

type Verb = Literal["Creating", "Updating", "Scaling", "Deleting"]

MOST_DEPLOYMENTS: Final = 20


@dataclass(slots=True)
class Kept:
    """A resource: what was put, by whom and when.

    Attributes:
        document: The members that were put, without nulls.
        created_by: Whose token made it.
    """

    document: dict[str, Any]
    created_by: str
    created: datetime
    modified: datetime


@dataclass(slots=True)
class Deployment:
    """A deployment as it is now.

    Attributes:
        kept: What was put.
        verb: What the operation is about.
        operation: The last one; the state shown follows from it.
        launch: The process that serves; ``None``: none ever was ready.
        coming: The process of the operation under way.
    """

    name: str
    kept: Kept
    verb: Verb
    operation: Operation
    launch: Launch | None = None
    coming: Launch | None = None

    @property
    def state(self) -> str:
        """As `provisioningState` says it."""
        return state_of(self.verb, self.operation)

    @property
    def process(self) -> ScoringProcess | None:
        """What scores."""
        return self.launch.process if self.launch else None


@dataclass(slots=True)
class OnlineEndpoint:
    """An endpoint as it is now.

    Attributes:
        keys: Both of them.
        traffic: What is in effect; what was put last is in `kept`.
        tokens: Those of its own that were given out, and until when each is good.
        turns: Whose turn the next request is.
    """

    name: str
    kept: Kept
    verb: Verb
    operation: Operation
    keys: tuple[str, str] = field(repr=False)
    traffic: dict[str, int] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict, repr=False)
    turns: Turns = field(default_factory=Turns)

    @property
    def auth_mode(self) -> str:
        """What its callers show."""
        return str(self.kept.document["properties"]["authMode"])

    @property
    def state(self) -> str:
        """As `provisioningState` says it."""
        return state_of(self.verb, self.operation)

    @property
    def asked_traffic(self) -> dict[str, int]:
        """What was put last."""
        traffic: dict[str, int] = self.kept.document["properties"].get("traffic", {})
        return traffic

    def deployment(self, name: str) -> Deployment:
        """One of its deployments.

        Raises:
            ArmError: 404.
        """
        if found := self.deployments.get(name):
            return found
        raise not_found(f"deployment {name}")


def state_of(verb: Verb, operation: Operation) -> str:
    """What `provisioningState` says."""
    is_under_way = operation.status is Status.IN_PROGRESS
    return verb if is_under_way else operation.status.value


class State:
    """The workspace as it is now; `lock` is held while anything of it changes.

    Args:
        workspace: The description it starts from.
        addresses: What things are called.
        now: The clock.
    """

    def __init__(self, workspace: Workspace, addresses: Addresses, now: Clock) -> None:
        self.workspace, self.addresses, self.now = workspace, addresses, now
        self.started = now()
        self.lock = RLock()
        self.models: dict[tuple[str, str], Kept] = {}
        self.endpoints: dict[str, OnlineEndpoint] = {}
        self._operations: dict[str, Operation] = {}

    def endpoint(self, name: str) -> OnlineEndpoint:
        """An endpoint.

        Raises:
            ArmError: 404.
        """
        if found := self.endpoints.get(name):
            return found
        raise not_found(f"endpoint {name}")

    def environment(self, name: str, version: str) -> Environment | None:
        """A registered environment."""
        known = self.workspace.environments
        return next((one for one in known if (one.name, one.version) == (name, version)), None)

    def code(self, name: str, version: str) -> Path | None:
        """The folder of registered code."""
        known = self.workspace.codes
        found = (one for one in known if (one.name, one.version) == (name, version))
        return next((one.folder for one in found), None)

    def add(self, operation: Operation) -> None:
        """Let an operation be looked at by its id."""
        self._operations[operation.id] = operation

    def operation(self, operation_id: str) -> Operation:
        """An operation.

        Raises:
            ArmError: 404.
        """
        if found := self._operations.get(operation_id):
            return found
        raise not_found(f"operation {operation_id}")
