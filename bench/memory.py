"""What a process holds in memory."""

import resource
import sys

import psutil

_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def held() -> int:
    """Give the bytes that this process holds now."""
    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Give the most bytes that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
