"""The polling source of a blob trigger: lists the container and delivers what has no receipt."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties

from local_stack.functions_host.blob_event import BlobEvent, plain_etag
from local_stack.functions_host.blob_trigger import Delivery
from local_stack.functions_host.receipts import Receipts
from local_stack.functions_host.stop import Stop

log = logging.getLogger(__name__)

_PAGE = 1000  # blobs listed at a time
_MOST_AT_ONCE = 256  # events that wait for a slot or for their next try
_REST_PER_SCAN = 2  # rest at least this many times as long as the scan of a big container took


class BlobListener:
    """Watches one container for one function."""

    def __init__(
        self,
        delivery: Delivery,
        receipts: Receipts,
        interval: timedelta,
        stop: Stop,
    ) -> None:
        path = delivery.trigger.path
        self._delivery = delivery
        self._path = path
        self._container = delivery.trigger.connection.blobs().get_container_client(path.container)
        self._receipts = receipts
        self._interval = interval
        self._stop = stop
        self._settled: set[str] | None = None  # names of receipts; None until they were read
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by name of receipt
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._silent = False
        self.is_up = asyncio.Event()

    async def run(self) -> None:
        """Scan until the host stops, then wait for the deliveries under way."""
        while not self._stop.is_set:
            began = time.monotonic()
            await self._scan_or_tell()
            self.is_up.set()
            took = timedelta(seconds=time.monotonic() - began)
            if await self._stop.comes_within(max(self._interval, took * _REST_PER_SCAN)):
                break
        await asyncio.gather(*self._tasks.values())

    async def _scan_or_tell(self) -> None:
        try:
            await self._scan()
        except ResourceNotFoundError:
            self._tell("blob.container_absent", "waiting for it")
        except AzureError as error:
            self._tell("blob.scan_failed", f"{type(error).__name__}: {error}")
        else:
            self._silent = False

    def _tell(self, event: str, reason: str) -> None:
        """Say it once, not at each scan."""
        if not self._silent:
            fields = {"function": self._delivery.trigger.function.name, "reason": reason}
            log.warning(event, extra={**fields, "container": self._path.container})
        self._silent = True

    async def _scan(self) -> None:
        if self._settled is None:
            self._settled = await asyncio.to_thread(lambda: set(self._receipts.names()))
        seen: set[str] = set()
        listed = self._container.list_blobs(
            name_starts_with=self._path.prefix or None,
            results_per_page=_PAGE,
        )
        next_page = _pages(listed.by_page())
        while page := await asyncio.to_thread(next_page):
            self.is_up.set()  # a first scan with thousands of events to deliver takes minutes
            for blob in page:
                seen.add(await self._consider(blob))
                if self._stop.is_set:
                    return
        self._settled &= seen  # older versions are never listed again

    async def _consider(self, blob: BlobProperties) -> str:
        event = BlobEvent(self._path.container, blob.name, plain_etag(blob.etag))
        receipt = self._receipts.name(event)
        known = self._settled is not None and receipt in self._settled
        if known or receipt in self._tasks or self._path.tokens(blob.name) is None:
            return receipt
        await self._places.acquire()
        self._tasks[receipt] = asyncio.create_task(self._deliver(event, receipt))
        return receipt

    async def _deliver(self, event: BlobEvent, receipt: str) -> None:
        try:
            if await self._delivery.deliver(event):
                # First here: should the receipt fail, this process does not fire again.
                if self._settled is not None:
                    self._settled.add(receipt)
                await asyncio.to_thread(self._receipts.write, event)
        except AzureError as error:
            fields = {"blob": event.path, "reason": f"{type(error).__name__}: {error}"}
            log.warning("blob.not_settled", extra=fields)
        finally:
            self._places.release()
            del self._tasks[receipt]


def _pages(pages: Iterator[Iterator[BlobProperties]]) -> Callable[[], list[BlobProperties]]:
    """A function that answers page after page of blobs, then nothing.

    An empty page is no end: storage may send one with a continuation marker.
    """

    def next_page() -> list[BlobProperties]:
        for page in pages:
            if blobs := list(page):
                return blobs
        return []

    return next_page
