"""Node.js, which runs Azurite."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = 20
_SAY_WHERE_AND_WHICH = "console.log(process.execPath); console.log(process.versions.node)"


class NodeError(Exception):
    """No Node.js that can run Azurite; the message is one sentence that says what to do."""


@cache
def find_node(search_path: str | None = None) -> Path:
    """Where the Node.js program itself is (not a version manager's shim).

    Args:
        search_path: folders as in PATH; the process's own PATH if left out.

    Raises:
        NodeError: none on the path, it does not run, or it is too old.
    """
    found = shutil.which("node", path=search_path)
    if found is None:
        raise NodeError(f"Node.js was not found: install version {OLDEST} or newer.")
    try:
        answer = subprocess.run(  # noqa: S603 - the node of the user's own path, constant arguments
            [found, "-e", _SAY_WHERE_AND_WHICH],
            capture_output=True,
            check=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NodeError(f"Node.js at {found} does not run: install version {OLDEST}.") from error
    where, version = answer.stdout.splitlines()[:2]
    if int(version.split(".")[0]) < OLDEST:
        raise NodeError(
            f"Node.js at {found} is version {version}: install version {OLDEST} or newer."
        )
    return Path(where)
