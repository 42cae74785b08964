"""A functions host for one machine, around Microsoft's own worker library.

It has what this app's triggers need (HTTP, timers, blobs) and no claim to parity with Core Tools.
"""

from local_stack.functions_host.handle import FunctionsHost, HostStartError, Run
from local_stack.functions_host.index import indexed_functions
from local_stack.functions_host.worker import IndexingError

__all__ = ["FunctionsHost", "HostStartError", "IndexingError", "Run", "indexed_functions"]
