"""Many models land at once, one for each endpoint, in one worker."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from bench.fan_out_worker import Block, Blocks, Order
from bench.finding import Finding, Line, mib, ms, times
from bench.fresh import in_fresh_process
from bench.site import Site, names_of, site
from bench.sizes import Sizes

_ROOT = Path(__file__).parents[1]
_ENDPOINT_TAKES = timedelta(milliseconds=200)
_AT_LEAST = 0.5
_NOTE = (
    "The bare script makes one call a model, the app six or five, and storage here is one process "
    "with one thread. So where the endpoint answers at once the ratio is that of the calls; where "
    "it takes its time, as one across a network does, they weigh less."
)
_FLAT = 8 * 1024 * 1024


def measure(sizes: Sizes) -> Finding:
    """Let them land twice: the endpoints' first models, then further ones."""
    names = names_of(sizes.fan_out)
    parts = [_landed(names, delay) for delay in (timedelta(), _ENDPOINT_TAKES)]
    return Finding(
        lines=[line for part in parts for line in part.lines],
        figures=parts[0].figures | {"deployments_per_second": parts[1].figures["per_second"]},
        notes=[_NOTE],
    )


def _landed(names: Sequence[str], delay: timedelta) -> Finding:
    with site(names, delay=delay) as around:
        lines, figures = [], {}
        for model, what in (("a.ilearner", "first models"), ("b.ilearner", "further models")):
            _upload(around, names, model)
            found = in_fresh_process("fan_out_worker", _order(around, names, model), Blocks)
            lines.append(_line(what, found.blocks, delay))
            figures["per_second"] = _per_second(found.blocks, [one.app for one in found.blocks])
        lines.append(_memory(found.blocks, delay))
    return Finding(lines, figures)


def _order(around: Site, names: Sequence[str], model: str) -> Order:
    return Order(dict(around.environ), around.service.url, list(names), model, _at_once())


def _upload(around: Site, names: Sequence[str], model: str) -> None:
    models = around.models()
    with ThreadPoolExecutor(_at_once()) as pool:
        for one in [pool.submit(models.upload_blob, f"{name}/{model}", b"m") for name in names]:
            one.result()


def _at_once() -> int:
    """As many as the host runs at a time in one worker."""
    host: dict[str, dict[str, dict[str, int]]] = json.loads((_ROOT / "host.json").read_text())
    return host["extensions"]["blobs"]["maxDegreeOfParallelism"]


def _per_second(blocks: Sequence[Block], seconds: Sequence[float]) -> float:
    return sum(one.count for one in blocks) / sum(seconds)


def _line(what: str, blocks: Sequence[Block], delay: timedelta) -> Line:
    app = _per_second(blocks, [one.app for one in blocks])
    bare = _per_second(blocks, [one.bare for one in blocks])
    count = sum(one.count for one in blocks)
    return Line(
        what=f"fan-out: {what} a second, {_at_once()} at once, {_said(delay)}",
        size=f"{count:,} models for {count:,} endpoints",
        app=f"{app:.1f}",
        bare=f"{bare:.1f}",
        ratio=times(app / bare),
        target=f"≥ {_AT_LEAST} times",
        reached=app / bare >= _AT_LEAST,
    )


def _memory(blocks: Sequence[Block], delay: timedelta) -> Line:
    grown = blocks[-1].held - blocks[0].held
    return Line(
        what=f"fan-out: memory that grows from the first fifth to the last, {_said(delay)}",
        size=f"{sum(one.count for one in blocks):,} models",
        app=mib(grown),
        target=f"≤ {mib(_FLAT)}",
        reached=grown <= _FLAT,
    )


def _said(delay: timedelta) -> str:
    if not delay:
        return "the endpoint answers at once"
    return f"the endpoint takes {ms(delay.total_seconds())}"
