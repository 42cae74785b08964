"""The end of the host, as something that can be waited for."""

import asyncio
from datetime import timedelta


class Stop:
    """Set once, when the host is told to stop; every wait in the host ends with it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def is_set(self) -> bool:
        """Whether the host was told to stop."""
        return self._event.is_set()

    def set(self) -> None:
        """Tell everybody to stop."""
        self._event.set()

    async def wait(self) -> None:
        """Wait until the host is told to stop."""
        await self._event.wait()

    async def comes_within(self, period: timedelta) -> bool:
        """Wait for a period; True as soon as the host is told to stop in it."""
        try:
            async with asyncio.timeout(max(period.total_seconds(), 0)):
                await self._event.wait()
        except TimeoutError:
            return False
        return True
