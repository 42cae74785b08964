"""A model of 1 GB beside one of 1 KB: from landing until it is live and its bytes are kept."""

import base64
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from azure.storage.blob import BlobBlock

from bench.finding import Finding, Line, median, mib, ms, times
from bench.fresh import in_fresh_process
from bench.model_size_worker import Deployed, Order
from bench.site import Site, names_of, site
from bench.sizes import Sizes

_SMALL = 1024
_BLOCK = 8 * 1024 * 1024
_ALLOWED = 8 * 1024 * 1024
_LEAST_NOISE = 0.005
"""A slice or two of the system's scheduler, which few runs may all have been spared by chance."""


def measure(sizes: Sizes) -> Finding:
    """Deploy small and big ones in turn, each in a fresh process and at an endpoint of its own."""
    names = names_of(2 * sizes.big_runs + 1)
    small, big = [], []
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as data,
        site(names, location=Path(data)) as around,
    ):
        _deployed(around, names.pop(), _SMALL)  # makes the containers
        for _ in range(sizes.big_runs):
            small.append(_deployed(around, names.pop(), _SMALL))
            big.append(_deployed(around, names.pop(), sizes.big_model))
    size = f"{mib(sizes.big_model)} by 1 KiB, {sizes.big_runs} each"
    return Finding([_time(small, big, size), _memory(small, big, size)])


def _deployed(around: Site, endpoint: str, size: int) -> Deployed:
    name = f"{endpoint}/{uuid.uuid4().hex}.ilearner"
    blob = around.models().get_blob_client(name)
    if size <= _BLOCK:
        blob.upload_blob(bytes(size))
    else:
        # One block, named many times: as long as it likes to be, and sent once.
        block = BlobBlock(base64.b64encode(b"block").decode())
        blob.stage_block(block.id, bytes(_BLOCK))
        blob.commit_block_list([block] * (size // _BLOCK))
    found = in_fresh_process(
        "model_size_worker", Order(dict(around.environ), endpoint, name), Deployed
    )
    if found.keeping != "kept":
        raise RuntimeError(f"the bytes of {name} are not kept: {found.keeping}")
    blob.delete_blob()
    return found


def noise_of(short: Sequence[float], long: Sequence[float]) -> float:
    """Say how far apart two medians may be by chance: as wide as the middle halves of both are.

    The outer quarters have no say in it, so that one slow run does not excuse a difference.
    """
    return max(_middle_half(short) + _middle_half(long), _LEAST_NOISE)


def _middle_half(seconds: Sequence[float]) -> float:
    first, _, third = quantiles(seconds, n=4, method="inclusive")
    return third - first


def _time(small: list[Deployed], big: list[Deployed], size: str) -> Line:
    short, long = [[one.seconds for one in found] for found in (small, big)]
    noise, apart = noise_of(short, long), abs(median(long) - median(short))
    return Line(
        what="a big model by a small one: time until the PATCH is reported",
        size=size,
        app=f"{ms(median(long))} by {ms(median(short))}",
        ratio=times(median(long) / median(short)),
        target=f"within noise, which is {ms(noise)}",
        reached=apart <= noise,
    )


def _memory(small: list[Deployed], big: list[Deployed], size: str) -> Line:
    low, high = median(one.peak for one in small), median(one.peak for one in big)
    return Line(
        what="a big model by a small one: peak memory, its bytes kept",
        size=size,
        app=f"{mib(high)} by {mib(low)}",
        ratio=times(high / low),
        target=f"≤ {mib(_ALLOWED)} apart",
        reached=abs(high - low) <= _ALLOWED,
    )
