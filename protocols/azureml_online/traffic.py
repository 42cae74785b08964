"""Who gets how much of an endpoint's traffic, in percent. Pure.

Resource Manager wants whole percents that sum to 100, or to nothing.
"""

from collections.abc import Mapping
from typing import Final

type Traffic = Mapping[str, int]

ALL: Final = 100


def with_share(traffic: Traffic, name: str, share: int) -> dict[str, int]:
    """Give *name* its share; the others share the rest as they did."""
    others = {other: part for other, part in traffic.items() if other != name and part > 0}
    if not others:
        return {name: ALL}
    shares = {**_shared(others, ALL - share), name: share}
    return {one: part for one, part in shares.items() if part > 0}


def without(traffic: Traffic, names: frozenset[str]) -> dict[str, int]:
    """Take the traffic of *names*, and give it to the others as they share theirs."""
    others = {name: part for name, part in traffic.items() if name not in names and part > 0}
    return _shared(others, ALL)


def _shared(parts: Traffic, total: int) -> dict[str, int]:
    """Share out *total* in proportion to *parts*, in whole percents; the largest rests round up."""
    whole = sum(parts.values())
    shares = {name: part * total // whole for name, part in parts.items()}
    rests = sorted(parts, key=lambda name: (-(parts[name] * total % whole), name))
    for name in rests[: total - sum(shares.values())]:
        shares[name] += 1
    return shares
