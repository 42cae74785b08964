"""The scene of the first story: a local Studio (classic)."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from local_stack.azurite import Azurite
from local_stack.demo_endpoints import DemoEndpoints
from local_stack.described_service import described_service
from local_stack.scene import Scene
from local_stack.stack import Options
from local_stack.trainer import BatchTrainer
from local_stack.workspace import Workspace, description_of, digits_studio

_SERVING: Final = re.compile(r"ml_service\.serving url=(\S+)")


@dataclass(frozen=True, kw_only=True)
class ClassicScene(Scene):
    """A running Studio.

    Attributes:
        workspace: Its one workspace.
    """

    workspace: Workspace


def classic_scene(options: Options, azurite: Azurite, ends: ExitStack) -> ClassicScene:
    """Start it.

    Raises:
        ChildError: It did not start.
    """
    studio = digits_studio(azurite.connection_string, options.takes_effect_after)
    url = described_service(
        "The ML service",
        "local_stack.ml_service",
        description_of(studio),
        serving=_SERVING,
        options=options,
        ends=ends,
    )
    workspace = Workspace(studio, url)
    return ClassicScene(
        endpoints=DemoEndpoints(options.endpoints_file, workspace.url),
        settings={
            "DIGITS_API_KEY": workspace.scoring.primary_key,
            "DIGITS_TRAINING_API_KEY": workspace.training.primary_key,
        },
        trainer=BatchTrainer(workspace.jobs_url, workspace.training.primary_key),
        workspace=workspace,
    )
