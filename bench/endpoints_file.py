"""What an endpoints file of many endpoints costs each worker that reads it."""

import tempfile
from pathlib import Path

from bench.endpoints_file_worker import Order, Parsed
from bench.finding import Finding, Line, mib, ms
from bench.fresh import in_fresh_process
from bench.service import Service
from bench.site import names_of, settings_of, write_endpoints
from bench.sizes import Sizes
from local_stack.azurite.account import StorageAccount

_NOWHERE = Service("http://127.0.0.1:9")


def measure(sizes: Sizes) -> Finding:
    """Read it in a fresh process; nothing is called."""
    names = names_of(sizes.file)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = write_endpoints(Path(folder), _NOWHERE, names)
        order = Order(settings_of(StorageAccount("http", 9, 9), file))
        found = in_fresh_process("endpoints_file_worker", order, Parsed)
    if found.endpoints != len(names):
        raise RuntimeError("not every endpoint of the file is without a fault")
    line = Line(
        what="endpoints file: read, and memory that it takes",
        size=f"{len(names):,} endpoints",
        app=f"{ms(found.seconds)}, {mib(found.held)}",
    )
    figures = {
        "file_seconds_per_endpoint": found.seconds / len(names),
        "file_bytes_per_endpoint": found.held / len(names),
    }
    return Finding([line], figures)
