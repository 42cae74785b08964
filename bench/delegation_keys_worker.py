"""Signs many tokens with an identity, in threads, in the environment that has one."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bench.fresh import answer, order_of
from bench.storage_calls import StorageCalls, counted
from retrain_trigger.engine import App

_AT_ONCE = 16
_KEY_REQUEST = "userdelegationkey"


class Order(msgspec.Struct, frozen=True):
    """What to do.

    Attributes:
        environ: The app settings.
        container: The container of the models.
        tokens: How many tokens.
    """

    environ: dict[str, str]
    container: str
    tokens: int


class Signed(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        key_requests: How many keys were asked for.
        tokens: How many different tokens there are.
        seconds: How long it took.
    """

    key_requests: int
    tokens: int
    seconds: float


def main() -> None:
    """Sign them."""
    order, calls = order_of(Order), StorageCalls()
    engine = App(order.environ, Path(), storage=calls.client).engine

    def sign(number: int) -> str:
        name = f"{number:06}.ilearner"
        signed = engine.signer.sign(order.container, name, endpoint="e", now=engine.now())
        return signed.reference.sas_token.reveal()

    begun = time.monotonic()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tokens = set(pool.map(sign, range(order.tokens)))
    seconds = time.monotonic() - begun
    answer(Signed(counted(calls.taken(), _KEY_REQUEST), len(tokens), seconds))


if __name__ == "__main__":
    main()
