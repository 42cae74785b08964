"""One worker to which many models land at once; in turn with the bare script, in blocks."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from pathlib import Path

import msgspec

from bench.bare import BareScript
from bench.fresh import answer, order_of
from bench.memory import held
from bench.service import Service
from bench.site import CONTAINER, KEY, RESOURCE
from retrain_trigger.engine import App, Engine
from retrain_trigger.landed import model_landed

_BLOCKS = 5


class Order(msgspec.Struct, frozen=True):
    """What to do.

    Attributes:
        environ: The app settings.
        url: The endpoint server.
        names: The endpoints; each has one model waiting, `NAME/MODEL`.
        model: That model's name in the endpoint's folder.
        at_once: How many threads.
    """

    environ: dict[str, str]
    url: str
    names: list[str]
    model: str
    at_once: int


class Block(msgspec.Struct, frozen=True):
    """One block of models: seconds each took, and memory after the app's.

    Attributes:
        count: How many models.
        app: Seconds of the app.
        bare: Seconds of the bare script.
        held: Bytes that this process holds.
    """

    count: int
    app: float
    bare: float
    held: int


class Blocks(msgspec.Struct, frozen=True):
    """All blocks, the first to warm up."""

    blocks: list[Block]


def main() -> None:
    """Do what was ordered."""
    order = order_of(Order)
    engine = App(order.environ, Path()).engine
    service = Service(order.url)
    bare = BareScript(order.environ["ModelStorage"], CONTAINER, order.at_once)

    def by_bare(name: str) -> None:
        bare.deploy(f"{name}/{order.model}", service.patch_url(name), KEY, RESOURCE)

    size = -(-len(order.names) // _BLOCKS)
    blocks = [
        Block(
            count=len(names),
            app=_seconds(_by_app(engine, order.model), names, order.at_once),
            bare=_seconds(by_bare, names, order.at_once),
            held=held(),
        )
        for names in batched(order.names, size, strict=False)
    ]
    answer(Blocks(blocks))


def _by_app(engine: Engine, model: str) -> Callable[[str], None]:
    def deploy(name: str) -> None:
        model_landed(engine, f"{name}/{model}")

    return deploy


def _seconds(deploy: Callable[[str], None], names: Sequence[str], at_once: int) -> float:
    begun = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        for one in [pool.submit(deploy, name) for name in names]:
            one.result()
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
