"""Which deployment a request goes to, and which maps of traffic there may be."""

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Final

from local_stack.azureml.errors import invalid

if TYPE_CHECKING:
    from local_stack.azureml.state import OnlineEndpoint

_SUMS: Final = frozenset({0, 100})


def require_traffic(traffic: Mapping[str, int], endpoint: "OnlineEndpoint | None") -> None:
    """Refuse a map that does not sum to 0 or 100, or names what could not take a request.

    That a deployment must have been ready once is our own: what else could be sent to it?

    Raises:
        ArmError: 400.
    """
    if sum(traffic.values()) not in _SUMS:
        raise invalid("Traffic values must sum to either 0 or 100.", "traffic")
    known = endpoint.deployments if endpoint else {}
    if unknown := sorted(traffic.keys() - known.keys()):
        raise invalid(f"Traffic names deployments not found: {', '.join(unknown)}.", "traffic")
    for name, percent in traffic.items():
        if percent and known[name].process is None:
            raise invalid(f"The deployment {name} is {known[name].state}.", "traffic")


class Turns:
    """Turns that follow the percentages exactly: of 10 requests, one goes to a deployment with 10.

    The real service draws lots, with the same result in the long run.
    """

    def __init__(self) -> None:
        self._credit: dict[str, int] = {}
        self._lock = Lock()

    def next(self, traffic: Mapping[str, int]) -> str | None:
        """Whose turn it is; ``None`` where nobody has traffic."""
        with self._lock:
            shares = {name: percent for name, percent in traffic.items() if percent > 0}
            if not shares:
                return None
            credit = {name: self._credit.get(name, 0) + shares[name] for name in shares}
            chosen = max(credit, key=lambda name: credit[name])
            credit[chosen] -= sum(shares.values())
            self._credit = credit
            return chosen
