"""What a process holds in memory."""

import re
import resource
from pathlib import Path

import psutil

_OF_LINUX = Path("/proc/self/status")
_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def held() -> int:
    """Give the bytes that this process holds now."""
    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Give the most bytes that this process, and none that started it, ever held."""
    if _OF_LINUX.exists():
        # Not `ru_maxrss`: on Linux that of a child begins at the most that its parent had held,
        # since the child is the parent's copy until it becomes a program of its own.
        found = _HIGH_WATER.search(_OF_LINUX.read_text("ascii"))
        if found is None:
            raise RuntimeError(f"{_OF_LINUX} names no VmHWM, the most memory that was held")
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes
