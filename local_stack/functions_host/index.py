"""The functions of an app as Microsoft's worker library indexes them, for golden tables."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_stack.functions_host.definition import FunctionDefinition
from local_stack.functions_host.worker import IndexingError, Worker

_REPOSITORY = Path(__file__).parents[2]
_TIMEOUT = 60  # seconds; indexing takes one


def indexed_functions(app_dir: Path, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Index an app in a fresh process whose whole environment is `environ`.

    Returns:
        `{"name", "bindings", "retry"}` per function, in the order of the app; the bindings raw, so
        `%SETTING%` is not replaced.

    Raises:
        IndexingError: the app is faulty; the message carries the library's reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index.json"
        command = [sys.executable, "-m", "local_stack.functions_host", "--no-settings"]
        command += ["--app", str(app_dir.resolve()), "--index", str(file)]
        done = subprocess.run(  # noqa: S603 - our own module
            command,
            cwd=_REPOSITORY,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            raise IndexingError((done.stdout + done.stderr).strip())
        functions: list[dict[str, Any]] = json.loads(file.read_bytes())
        return functions


async def index_as_json(worker: Worker, app_dir: Path) -> str:
    """Index an app in this process; what `indexed_functions` returns, as JSON."""
    functions = await worker.index(app_dir)
    return json.dumps([_described(function) for function in functions])


def _described(function: FunctionDefinition) -> dict[str, Any]:
    retry = function.retry
    return {
        "name": function.name,
        "bindings": [dict(binding) for binding in function.bindings],
        "retry": None
        if retry is None
        else {
            "max_retry_count": retry.max_retry_count,
            "minimum_seconds": retry.minimum.total_seconds(),
            "maximum_seconds": retry.maximum.total_seconds(),
        },
    }
