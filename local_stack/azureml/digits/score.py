"""The entry script of the digits deployments: it reads the stack's own model format, and scores.

A file of that format is a line that names it, and one line of JSON: no bytes of it are ever run.
"""

import json
import math
import os
from pathlib import Path
from typing import Any

MAGIC = b"ILEARNER-LOCAL 1\n"
_state: dict[str, Any] = {}


def init() -> None:
    """Load the one model in the folder that the server names; raise where there is none."""
    folder = Path(os.environ["AZUREML_MODEL_DIR"])  # noqa: TID251 - the contract of an entry script
    (file,) = folder.iterdir()
    with file.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise ValueError(f"{file.name} is no model of this format")
        _state["model"] = json.loads(stream.readline())


def run(text: str) -> list[dict[str, object]]:
    """Classify rows: ``{"input_data": {"columns": […], "data": [[…], …]}}``."""
    sent = json.loads(text)["input_data"]
    at = {name: index for index, name in enumerate(sent["columns"])}
    wanted = [at[name] for name in _state["model"]["columns"]]
    return [_score([float(row[index]) for index in wanted]) for row in sent["data"]]


def _score(row: list[float]) -> dict[str, object]:
    model = _state["model"]
    scaled = [
        (cell - mean) / scale
        for cell, mean, scale in zip(row, model["means"], model["scales"], strict=True)
    ]
    logits = [
        intercept + math.sumprod(weights, scaled)
        for weights, intercept in zip(model["coefficients"], model["intercepts"], strict=True)
    ]
    highest = max(logits)
    weights = [math.exp(logit - highest) for logit in logits]
    best = max(range(len(weights)), key=weights.__getitem__)
    return {"label": model["classes"][best], "probability": weights[best] / sum(weights)}
