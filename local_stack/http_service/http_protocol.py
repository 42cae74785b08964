"""HTTP connections that a script may cut."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class AbortableProtocol(H11Protocol):
    """Uvicorn's protocol, with the connection's own ``abort`` in each request's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the class above
        """Remember how to cut this connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
