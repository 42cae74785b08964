"""Tables that are one endpoint: a table was copied, and its address left as it was."""

from collections.abc import Iterable, Iterator

from doctor.finding import Finding
from settings.scoring_endpoint import Place, ScoringEndpoint


def shared_endpoints(endpoints: Iterable[ScoringEndpoint]) -> Iterator[Finding]:
    """Find endpoints that replace each other's models: which serves is then a matter of turns."""
    by_address: dict[tuple[str, str], list[tuple[Place, str]]] = {}
    for one in endpoints:
        place = one.keys.place
        if place is None:
            continue
        before = by_address.setdefault((one.protocol, place.address), [])
        first = next((name for other, name in before if place.meets(other)), None)
        if first is not None:
            yield _shared(first, one.name)
        before.append((place, one.name))


def _shared(first: str, copy: str) -> Finding:
    what = f"{first} and {copy} are sent to one place: each replaces the other's models"
    fix = "give each table the address of its own endpoint, or take one out"
    return Finding("endpoints", f"endpoints.{copy}", "warning", what, fix)
