"""Which endpoints a model may be for, found by how its name begins.

To try every endpoint's pattern on every model would cost the square of the fleet.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from settings.scoring_endpoint import ScoringEndpoint

_WILDCARD = re.compile(r"[*?\[]")


class Takers:
    """The endpoints that take landed models."""

    def __init__(self, endpoints: Iterable[ScoringEndpoint]) -> None:
        self._by_prefix: dict[str, list[ScoringEndpoint]] = defaultdict(list)
        for endpoint in endpoints:
            if endpoint.models is not None:
                self._by_prefix[literal_prefix(endpoint.models)].append(endpoint)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix})

    def candidates(self, model_name: str) -> Iterator[ScoringEndpoint]:
        """Give the endpoints whose patterns begin as *model_name* does; all takers are of them."""
        name = str(PurePosixPath(model_name))  # as the patterns are matched: a//b is a/b
        for length in self._lengths:
            if length > len(name):
                return
            yield from self._by_prefix.get(name[:length], ())

    def of(self, model_name: str) -> list[ScoringEndpoint]:
        """Give the endpoints that the blob *model_name* is for."""
        return [one for one in self.candidates(model_name) if one.takes(model_name)]


def literal_prefix(pattern: str) -> str:
    """Give what every path that *pattern* matches begins with."""
    return _WILDCARD.split(str(PurePosixPath(pattern)), maxsplit=1)[0]


def listing_prefixes(pattern: str) -> list[str]:
    """Give what the names of blobs begin with that *pattern* may match, as a listing wants it.

    A blob may be called `a//b`, which is matched as `a/b`: so below each folder, what begins with
    one more slash belongs to it.
    """
    prefix = literal_prefix(pattern)
    inner = [at for at, sign in enumerate(prefix[:-1]) if sign == "/"]
    return [prefix, *(f"{prefix[:at]}//" for at in inner)]
