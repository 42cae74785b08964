"""A local Azure ML workspace: its control plane on a loopback address, and real scoring servers.

Start it in a thread with ``ControlPlane.start``, or as a process with ``python -m``.
"""

from local_stack.azureml.description import (
    Code,
    Datastore,
    Endpoint,
    Environment,
    Workspace,
)
from local_stack.azureml.server import ControlPlane

__all__ = ["Code", "ControlPlane", "Datastore", "Endpoint", "Environment", "Workspace"]
