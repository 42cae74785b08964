"""The second demo's Azure ML workspace: names that never change, for the endpoints file."""

import sys
from pathlib import Path
from typing import Final

from local_stack.azureml import Code, Datastore, Endpoint, Environment, Workspace
from local_stack.azureml.installed import environment
from local_stack.azurite import StorageAccount

SUBSCRIPTION: Final = "1b0f7d6a-52c4-4e38-9d1e-7c3a5b8f2e60"  # made up
GROUP: Final = "local"
NAME: Final = "digits"
CONTAINERS: Final = {"models": "experimentoutput", "kept": "retrain-kept", "rows": "training"}
"""Each datastore's container."""
_SCRIPTS: Final = Path(__file__).parent / "azureml" / "digits"


def digits_workspace(account: StorageAccount) -> Workspace:
    """A workspace with one online endpoint, `digits`, where Microsoft's server scores.

    Args:
        account: Where rows and models are.
    """
    stores = tuple(
        Datastore(name=name, container=container, connection_string=account.connection_string)
        for name, container in CONTAINERS.items()
    )
    training = Environment(name="training", python=Path(sys.executable), server="light")
    return Workspace(
        name=NAME,
        resource_group=GROUP,
        subscription_id=SUBSCRIPTION,
        datastores=stores,
        codes=(Code(name="digits", folder=_SCRIPTS),),
        environments=(environment("scoring"), training),
        endpoints=(Endpoint(name="digits"),),
    )
