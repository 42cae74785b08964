"""Requests and answers of the control plane, held to Microsoft's own models of them."""

import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local_stack.azureml.exchanges import Exchange
from local_stack.azureml.installed import PYTHON

_PROGRAM: Final = Path(__file__).with_name("model_check.py")
_WITHIN: Final = 90  # seconds, most of them to import the package
# By method and path below the workspace: what is sent, and what is answered.
_KINDS: Final = (
    ("PUT", r"/models/[^/]+/versions/[^/]+", "ModelVersion", "ModelVersion"),
    ("GET", r"/models/[^/]+/versions/[^/]+", None, "ModelVersion"),
    ("GET", r"/models/[^/]+/versions", None, "[ModelVersion]"),
    ("PUT", r"/onlineEndpoints/[^/]+", "OnlineEndpoint", "OnlineEndpoint"),
    ("GET", r"/onlineEndpoints/[^/]+", None, "OnlineEndpoint"),
    ("GET", r"/onlineEndpoints", None, "[OnlineEndpoint]"),
    ("PATCH", r"/onlineEndpoints/[^/]+", "PartialMinimalTrackedResourceWithIdentity", None),
    ("POST", r"/onlineEndpoints/[^/]+/listKeys", None, "EndpointAuthKeys"),
    ("POST", r"/onlineEndpoints/[^/]+/token", None, "EndpointAuthToken"),
    ("PUT", r"/onlineEndpoints/[^/]+/deployments/[^/]+", "OnlineDeployment", "OnlineDeployment"),
    ("GET", r"/onlineEndpoints/[^/]+/deployments/[^/]+", None, "OnlineDeployment"),
    ("GET", r"/onlineEndpoints/[^/]+/deployments", None, "[OnlineDeployment]"),
    (
        "PATCH",
        r"/onlineEndpoints/[^/]+/deployments/[^/]+",
        "PartialMinimalTrackedResourceWithSku",
        None,
    ),
    ("DELETE", r"/onlineEndpoints/[^/]+/deployments/[^/]+", None, None),
    (
        "POST",
        r"/onlineEndpoints/[^/]+/deployments/[^/]+/getLogs",
        "DeploymentLogsRequest",
        "DeploymentLogs",
    ),
    ("GET", r"/jobs", None, "[JobBase]"),
    ("PUT", r"/jobs/[^/]+", "JobBase", "JobBase"),
    ("GET", r"/jobs/[^/]+", None, "JobBase"),
    ("POST", r"/jobs/[^/]+/cancel", None, None),
)


@dataclass(frozen=True, slots=True)
class Check:
    """A body and what it is held to."""

    model: str
    sent: bool
    body: Any


def checks_of(exchanges: Iterable[Exchange], *, requests_too: bool = True) -> list[Check]:
    """What there is to check; scoring and what has no body has nothing."""
    found: list[Check] = []
    for exchange in exchanges:
        _, at, path = exchange.path.partition("/workspaces/")
        below = path.partition("/")[2]
        if not at or not below:
            continue
        sent, answered = _kinds(exchange.method, f"/{below}")
        if requests_too and sent is not None and exchange.status < 400:
            found.append(Check(sent, True, json.loads(exchange.sent)))
        if exchange.status >= 400:
            found.append(Check("ErrorResponse", False, json.loads(exchange.answered)))
        elif answered is not None:
            found += _answers(answered, json.loads(exchange.answered))
    return found


def faults_of(checks: Iterable[Check]) -> list[str]:
    """Have Microsoft's models judge."""
    asked = [{"model": one.model, "sent": one.sent, "body": one.body} for one in checks]
    done = subprocess.run(
        [str(PYTHON), str(_PROGRAM)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [fault for faults in json.loads(done.stdout) for fault in faults]


def _kinds(method: str, path: str) -> tuple[str | None, str | None]:
    for known, pattern, sent, answered in _KINDS:
        if method == known and re.fullmatch(pattern, path):
            return sent, answered
    return None, None


def _answers(model: str, body: Any) -> list[Check]:
    if not model.startswith("["):
        return [Check(model, False, body)]
    return [Check(model.strip("[]"), False, one) for one in body["value"]]
