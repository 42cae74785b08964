"""Microsoft's scoring server, in the environment that set-up makes for it."""

from pathlib import Path
from typing import Final

from local_stack.azureml.description import Environment

_ROOT: Final = Path(__file__).parents[2]
_FOLDER: Final = _ROOT / ".servers" / "azureml"
PYTHON: Final = _FOLDER / "bin" / "python"
IS_INSTALLED: Final = (_FOLDER / "installed").exists()
NOT_INSTALLED: Final = (
    "Microsoft's scoring server is not installed: `make run STORY=azureml` does it, or `make test`."
)


def environment(name: str) -> Environment:
    """An environment in which Microsoft's server runs entry scripts."""
    return Environment(name=name, python=PYTHON, server="microsoft")
