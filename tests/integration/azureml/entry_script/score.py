"""An entry script whose models are JSON: `{"answer": …}` is what it says to every request."""

import json
import os
import time
from pathlib import Path
from typing import Any

_state: dict[str, Any] = {}


def init() -> None:
    """Load the one model; raise where it has no answer."""
    folder = Path(os.environ["AZUREML_MODEL_DIR"])  # noqa: TID251 - the contract of an entry script
    (file,) = folder.iterdir()
    _state["model"] = json.loads(file.read_bytes())
    _state["answer"] = _state["model"]["answer"]


def run(text: str) -> dict[str, Any]:
    """Answer; a model may be slow at it, or fail at it."""
    time.sleep(_state["model"].get("slow", 0))
    if _state["answer"] == "raise":
        raise ValueError("it cannot")
    said = {"said": _state["answer"], "heard": json.loads(text)}
    return said | {"greeting": os.environ.get("GREETING")}  # noqa: TID251 - as above
