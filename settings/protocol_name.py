"""The name of what an endpoint or a training service speaks, as the endpoints file says it."""

from collections.abc import Collection
from typing import Final

from settings.table import Parse, text

USUAL_PROTOCOL: Final = "studio-classic"


def one_of(protocols: Collection[str]) -> Parse[str]:
    """Read a name that must be one of *protocols*."""

    def parse(value: object) -> str:
        if text(value) not in protocols:
            raise ValueError(f"must be one of: {', '.join(sorted(protocols))}")
        return text(value)

    return parse
