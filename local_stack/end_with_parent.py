"""Runs a module so that it ends with its parent: `python -m local_stack.end_with_parent MODULE …`.

A script is run by its file's name, which ends in .py, in place of a module.

The parent holds the other end of standard input. When that closes, however the parent went, the
module's process is asked to end as with SIGTERM, so that nothing is ever left behind.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path


def main() -> None:
    """Run the module or script named first, with the rest as its arguments."""
    threading.Thread(target=_await_end_of_stdin, daemon=True).start()
    del sys.argv[0]
    if sys.argv[0].endswith(".py"):
        sys.path[0] = str(Path(sys.argv[0]).parent)  # as where Python itself runs a script
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _await_end_of_stdin() -> None:
    # Unbuffered: a buffered read would hold a lock that the interpreter needs at its end.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
