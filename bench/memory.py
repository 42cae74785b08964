"""What a process holds in memory."""

import os
import re
import resource
import sys
from pathlib import Path

import psutil

_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def held() -> int:
    """Give the bytes that this process holds now."""
    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Give the most bytes that this process, and none that started it, ever held."""
    if sys.platform == "linux":
        # Not `ru_maxrss`: on Linux that of a child begins at the most that its parent had held,
        # since the child is the parent's copy until it becomes a program of its own.
        return peak_of(os.getpid())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes


def peak_of(pid: int) -> int:
    """Give the most bytes that a process ever held, as Linux tells it."""
    status = Path(f"/proc/{pid}/status")
    found = _HIGH_WATER.search(status.read_text("ascii"))
    if found is None:
        raise RuntimeError(f"{status} names no VmHWM, the most memory that was held")
    return int(found[1]) * 1024
