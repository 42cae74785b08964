"""Tables that are one endpoint: a table was copied, and its address left as it was."""

from collections.abc import Iterable, Iterator

from doctor.finding import Finding
from settings.scoring_endpoint import ScoringEndpoint


def shared_endpoints(endpoints: Iterable[ScoringEndpoint]) -> Iterator[Finding]:
    """Find endpoints that replace each other's models: which serves is then a matter of turns."""
    by_place: dict[tuple[str, str], list[str]] = {}
    for one in endpoints:
        by_place.setdefault((one.protocol, one.keys.place), []).append(one.name)
    for names in by_place.values():
        if len(names) > 1:
            what = f"{' and '.join(names)} are sent to one place: each replaces the other's models"
            fix = "give each table the address of its own endpoint, or take one out"
            yield Finding("endpoints", f"endpoints.{names[-1]}", "warning", what, fix)
