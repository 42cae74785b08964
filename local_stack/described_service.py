"""A service of the stack that is started with a description, which holds keys, as a process."""

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from local_stack.child import Child
from local_stack.private_file import write_private
from local_stack.stack import ML_LOG, READY_WITHIN, ROOT, Options

_PARENT: Final = "local_stack.end_with_parent"


def described_service(  # noqa: PLR0913 - all of it is named
    name: str,
    module: str,
    description: bytes,
    *,
    serving: re.Pattern[str],
    options: Options,
    ends: ExitStack,
) -> str:
    """Start it, wait until it serves, and give what its log says where *serving* has a group.

    Args:
        name: What people read of it.
        module: What is run.
        description: What it is started with; only its owner can read the file.
        serving: What its log says once it serves.
        options: How the stack was started.
        ends: Ends it.

    Raises:
        ChildError: It did not start.
    """
    file: Path = options.home / f"{module.rpartition('.')[2].replace('_', '-')}.json"
    write_private(file, description)
    ends.callback(file.unlink, missing_ok=True)
    command = [sys.executable, "-m", _PARENT, module]
    command += ["--description", str(file), "--port", str(options.ports.ml)]
    child = Child(name, command, log_file=options.home / ML_LOG, environ=options.environ, cwd=ROOT)
    ends.callback(child.stop)
    return child.wait_until(lambda: serving.search(child.log_text()), READY_WITHIN)[1]
