"""What calls the endpoints under attack: gives up soon on those that hang, and on no others.

An answer that comes is heard, however busy the machine is, so what it should come to is known.
"""

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import override
from urllib.parse import urlsplit

from protocols.headers import Headers
from protocols.wire import HttpAnswer, Wire


class HastyWire(Wire):
    """See `Wire`; with everybody else an exchange may take as long as it may in service.

    Args:
        limit: How long an exchange may take with one that hangs.
        hanging: Who does: the first parts of their paths.
        authorities: See `Wire`.
    """

    def __init__(
        self, limit: timedelta, hanging: Collection[str], authorities: Path | None = None
    ) -> None:
        super().__init__(authorities=authorities)
        self._short, self._hanging = limit, hanging

    @override
    def send_as(
        self,
        method: str,
        url: str,
        *,
        headers: Headers,
        body: bytes | None = None,
        limit: timedelta | None = None,
    ) -> HttpAnswer:
        """See `Wire.send_as`."""
        if urlsplit(url).path.split("/")[1] in self._hanging:
            limit = self._short if limit is None else min(limit, self._short)
        return super().send_as(method, url, headers=headers, body=body, limit=limit)
