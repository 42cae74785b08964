"""The benchmarks, in the order of the table."""

from collections.abc import Callable, Mapping
from typing import Final

from bench import (
    cold_start,
    delegation_keys,
    endpoints_file,
    fan_out,
    jobs_due,
    landing_to_live,
    lists,
    model_size,
    sweep,
    warm_path,
    watch_fleet,
)
from bench.finding import Finding
from bench.sizes import Sizes

ROWS: Final[Mapping[str, Callable[[Sizes], Finding]]] = {
    "cold_start": cold_start.measure,
    "warm_path": warm_path.measure,
    "landing_to_live": landing_to_live.measure,
    "model_size": model_size.measure,
    "fan_out": fan_out.measure,
    "watch_fleet": watch_fleet.measure,
    "lists": lists.measure,
    "jobs_due": jobs_due.measure,
    "sweep": sweep.measure,
    "delegation_keys": delegation_keys.measure,
    "endpoints_file": endpoints_file.measure,
}
