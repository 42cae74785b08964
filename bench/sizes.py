"""How much is measured: little by default, all that was asked for in full."""

import msgspec

_MIB = 1024 * 1024


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each.

    Attributes:
        cold_starts: Fresh processes, of the app and of the bare script each.
        warm: Deployments one after another.
        landings: Models followed from their upload until they are live.
        big_model: Bytes of the big model.
        big_runs: Fresh processes a size.
        fan_out: Models that land at once.
        fleets: Endpoints of an idle tick.
        lists: Endpoints that are listed.
        jobs: Jobs that are due at once.
        sweeps: Blobs that are swept.
        tokens: Tokens signed with a user delegation key.
        file: Endpoints of one endpoints file.
    """

    cold_starts: int
    warm: int
    landings: int
    big_model: int
    big_runs: int
    fan_out: int
    fleets: tuple[int, ...]
    lists: tuple[int, ...]
    jobs: int
    sweeps: tuple[int, ...]
    tokens: int
    file: int


TINY = Sizes(
    cold_starts=1,
    warm=2,
    landings=1,
    big_model=16 * _MIB,
    big_runs=1,
    fan_out=8,
    fleets=(1, 5),
    lists=(5,),
    jobs=5,
    sweeps=(5, 20),
    tokens=3,
    file=20,
)
"""For the tests: whether it runs, not how fast."""

SHORT = Sizes(
    cold_starts=7,
    warm=60,
    landings=8,
    big_model=1024 * _MIB,
    big_runs=7,
    fan_out=200,
    fleets=(10, 100, 1000),
    lists=(1000,),
    jobs=150,
    sweeps=(1000, 4000),
    tokens=100,
    file=2000,
)

FULL = Sizes(
    cold_starts=15,
    warm=300,
    landings=30,
    big_model=1024 * _MIB,
    big_runs=9,
    fan_out=1000,
    fleets=(10, 100, 1000, 10_000),
    lists=(1000, 10_000),
    jobs=1000,
    sweeps=(10_000, 100_000),
    tokens=1000,
    file=20_000,
)
