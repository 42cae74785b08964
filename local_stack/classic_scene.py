"""The scene of the first story: a local Studio (classic)."""

import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from local_stack.azurite import Azurite
from local_stack.child import Child
from local_stack.demo_endpoints import DemoEndpoints
from local_stack.scene import Scene
from local_stack.stack import ML_LOG, READY_WITHIN, ROOT, Options
from local_stack.trainer import BatchTrainer
from local_stack.workspace import Workspace, digits_studio, write_description

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
    description = options.home / "ml-service.json"
    write_description(studio, description)
    ends.callback(description.unlink, missing_ok=True)
    command = [sys.executable, "-m", "local_stack.end_with_parent", "local_stack.ml_service"]
    command += ["--description", str(description), "--port", str(options.ports.ml)]
    child = Child(
        "The ML service",
        command,
        log_file=options.home / ML_LOG,
        environ=options.environ,
        cwd=ROOT,
    )
    ends.callback(child.stop)
    serving = child.wait_until(lambda: _SERVING.search(child.log_text()), READY_WITHIN)
    workspace = Workspace(studio, serving[1])
    return ClassicScene(
        endpoints=DemoEndpoints(options.endpoints_file, workspace.url),
        settings={
            "DIGITS_API_KEY": workspace.scoring.primary_key,
            "DIGITS_TRAINING_API_KEY": workspace.training.primary_key,
        },
        trainer=BatchTrainer(workspace.jobs_url, workspace.training.primary_key),
        workspace=workspace,
    )
