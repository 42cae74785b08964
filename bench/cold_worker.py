"""A worker process that has just been started: indexes an app and runs `model_landed` once.

`python -m bench.cold_worker FOLDER MODEL` prints, as JSON, when each step was done, by
`time.monotonic`, and what it left in memory.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from local_stack.functions_host.protos import TypedData
from local_stack.functions_host.worker import Call, Worker

_SHOWN = ("azure.identity", "azure.storage.blob", "requests", "croniter", "jmespath", "msgspec")


async def _run(folder: Path, container: str, name: str) -> dict[str, object]:
    began = time.monotonic()
    worker = Worker()
    loaded = time.monotonic()
    functions = await worker.index(folder)
    indexed = time.monotonic()
    known = [module for module in _SHOWN if module in sys.modules]
    function = next(one for one in functions if one.name == "model_landed")
    outcome = await worker.invoke(_landed(function.function_id, container, name))
    if not outcome.ok:
        raise RuntimeError(outcome.error)
    instants = {"began": began, "worker": loaded, "indexed": indexed, "deployed": time.monotonic()}
    return instants | {"known": known}


def _landed(function_id: str, container: str, name: str) -> Call:
    content = {"Connection": "ModelStorage", "ContainerName": container, "BlobName": name}
    reference = SimpleNamespace(
        version="1.0",
        source="AzureStorageBlobs",
        content_type="application/json",
        content=json.dumps(content).encode(),
    )
    return Call("1", function_id, {"model": TypedData(model_binding_data=reference)})


if __name__ == "__main__":
    folder, model = Path(sys.argv[1]), sys.argv[2]
    found = asyncio.run(_run(folder, *model.split("/", 1)))
    sys.stdout.write(f"{json.dumps(found)}\n")
