"""A blob trigger: its definition, checked, and the delivery of one event to its function."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

from local_stack.functions_host.blob_event import BlobEvent, FoundBlob, look
from local_stack.functions_host.blob_path import BlobPath, parse_blob_path
from local_stack.functions_host.connections import StorageConnection, storage_connection
from local_stack.functions_host.definition import FunctionDefinition, FunctionFaultError
from local_stack.functions_host.invocations import Finished, Invocations, Start
from local_stack.functions_host.poison import PoisonQueue
from local_stack.functions_host.protos import TypedData
from local_stack.functions_host.stop import Stop

log = logging.getLogger(__name__)


class BlobTriggerFaultError(FunctionFaultError):
    """A blob trigger that this host cannot serve; the message says why."""


@dataclass(frozen=True, slots=True)
class BlobTrigger:
    """A function that runs for blobs."""

    function: FunctionDefinition
    path: BlobPath
    connection: StorageConnection
    is_event_grid: bool

    def start(self, event: BlobEvent, found: FoundBlob, reason: str) -> Start:
        """What the function gets: a reference to the blob, never its bytes."""
        content = {
            "Connection": self.connection.name,
            "ContainerName": event.container,
            "BlobName": event.name,
        }
        reference = SimpleNamespace(
            version="1.0",
            source="AzureStorageBlobs",
            content_type="application/json",
            content=json.dumps(content).encode(),
        )
        return Start(
            reason=reason,
            arguments={
                str(self.function.trigger["name"]): TypedData(model_binding_data=reference),
            },
            metadata=found.trigger_metadata(event.path, self.path.tokens(event.name) or {}),
        )


def blob_trigger(function: FunctionDefinition, settings: Mapping[str, str]) -> BlobTrigger:
    """Check the trigger of a function.

    Raises:
        BlobTriggerFaultError: it binds the blob's content, or its source is unknown.
        BlobPathError: its path is no pattern.
        ConnectionFaultError: its connection is not configured.
    """
    binding = function.trigger
    properties = {str(k).lower(): v for k, v in (binding.get("properties") or {}).items()}
    if str(properties.get("supportsdeferredbinding", "")).lower() != "true":
        raise BlobTriggerFaultError(
            f"parameter {binding['name']} binds the blob's content; this host hands over "
            "references only: annotate it with azurefunctions.extensions.bindings.blob.BlobClient",
        )
    source = binding.get("source") or "LogsAndContainerScan"
    if source not in {"LogsAndContainerScan", "EventGrid"}:
        raise BlobTriggerFaultError(
            f"source {source!r} is neither LogsAndContainerScan nor EventGrid"
        )
    return BlobTrigger(
        function,
        parse_blob_path(str(binding["path"])),
        storage_connection(str(binding.get("connection") or "Storage"), settings),
        is_event_grid=source == "EventGrid",
    )


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How events are delivered: how many at once, how often each, how long between tries."""

    parallel: int
    tries: int
    between_tries: timedelta


class Delivery:
    """Runs a function for events, with the tries and the poison queue of the blob extension."""

    def __init__(
        self,
        trigger: BlobTrigger,
        invocations: Invocations,
        poison: PoisonQueue,
        rules: DeliveryRules,
        stop: Stop,
    ) -> None:
        self._trigger = trigger
        self._service = trigger.connection.blobs()
        self._invocations = invocations
        self._poison = poison
        self._rules = rules
        self._slots = asyncio.Semaphore(rules.parallel)
        self._stop = stop

    @property
    def trigger(self) -> BlobTrigger:
        """The trigger that is served."""
        return self._trigger

    async def deliver(self, event: BlobEvent) -> bool:
        """Run the function until it succeeds or its tries are used up.

        Returns:
            Whether the event is settled: done, poison, or its blob gone. If not, the host stops.

        Raises:
            AzureError: storage failed; the event is not settled.
        """
        etag = ""
        for attempt in range(1, self._rules.tries + 1):
            async with self._slots:
                if self._stop.is_set:
                    return False
                found = await asyncio.to_thread(look, self._service, event)
                if found is None:
                    log.info("blob.gone", extra=self._fields(event))
                    return True
                etag = found.etag
                finished = await self._run(event, found)
            if finished.outcome.ok:
                return True
            log.warning("blob.try_failed", extra={**self._fields(event), "attempt": attempt})
            if attempt < self._rules.tries and await self._stop.comes_within(
                self._rules.between_tries,
            ):
                return False
        await asyncio.to_thread(self._poison.put, event, etag)
        log.error("blob.poison", extra={**self._fields(event), "tries": self._rules.tries})
        return True

    async def run_once(self, event: BlobEvent) -> Finished | None:
        """Run the function once, by hand; None if the blob is not there."""
        found = await asyncio.to_thread(look, self._service, event)
        return None if found is None else await self._run(event, found)

    async def _run(self, event: BlobEvent, found: FoundBlob) -> Finished:
        start = self._trigger.start(event, found, f"blob {event.path}")
        return await self._invocations.run(self._trigger.function, start)

    def _fields(self, event: BlobEvent) -> dict[str, str]:
        return {"function": self._trigger.function.name, "blob": event.path}
