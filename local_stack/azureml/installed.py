"""Microsoft's scoring server, in the environment that set-up makes for it."""

from pathlib import Path
from typing import Final

from local_stack.azureml.description import Environment

_ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = _ROOT / ".servers" / "azureml" / "bin" / "python"


class NotInstalledError(Exception):
    """The environment is missing; one sentence that says what to do."""


def require_installed() -> None:
    """Look whether it is there.

    Raises:
        NotInstalledError: It is not.
    """
    if not PYTHON.exists():
        raise NotInstalledError(
            f"{PYTHON.relative_to(_ROOT)} is missing: run `make servers`, which installs it."
        )


def environment(name: str) -> Environment:
    """An environment in which Microsoft's server runs entry scripts."""
    return Environment(name=name, python=PYTHON, server="microsoft")
