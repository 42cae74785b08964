"""The app in a process of its own: see program.py."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
LONGEST = timedelta(seconds=120)
"""How long the process may take on a machine under load; by itself it takes two seconds."""


@dataclass(frozen=True)
class Ended:
    """What the process left.

    Attributes:
        documents: Of its endpoints.
        key_requests: How often it asked for a user delegation key.
        log: All that it and its libraries logged.
    """

    documents: list[dict[str, Any]]
    key_requests: int
    log: str


def land_in_a_process(environ: Mapping[str, str], *models: str) -> Ended:
    """Start the app with this environment and nothing else, and land the models."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.app.program", *models],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST.total_seconds(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    return Ended(printed["documents"], printed["key_requests"], done.stderr)
