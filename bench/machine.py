"""The machine that was measured on, in words: a figure says nothing without it."""

import os
import platform
from pathlib import Path

import psutil

MOST_LOAD = 0.3
"""What a machine that is left alone may have to do besides, for each core."""
_GIB = 1024**3
_CPUINFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Name processor, cores, memory, system and Python."""
    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total / _GIB
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def load() -> float:
    """Say how many processes wanted a processor in the last minute, for each there is."""
    return psutil.getloadavg()[0] / (os.cpu_count() or 1)


def remark(before: float) -> str:
    """Say what a load of *before*, taken before a run, does to its times; empty: nothing."""
    if before <= MOST_LOAD:
        return ""
    return f"above {MOST_LOAD} the machine is busy: all times are too long"


def _processor() -> str:
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text().splitlines():
            key, _, name = line.partition(":")
            if key.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()
