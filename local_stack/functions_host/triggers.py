"""From definitions to triggers: each function gets its listener, or a fault with its reason."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from local_stack.functions_host.admin import Admin, InputError, Runner
from local_stack.functions_host.app_settings import is_disabled, resolve
from local_stack.functions_host.blob_event import BlobEvent
from local_stack.functions_host.blob_listener import BlobListener
from local_stack.functions_host.blob_trigger import Delivery, DeliveryRules, blob_trigger
from local_stack.functions_host.connections import (
    ConnectionFaultError,
    StorageConnection,
    storage_connection,
)
from local_stack.functions_host.definition import FunctionDefinition, FunctionFaultError
from local_stack.functions_host.event_grid import BlobsWebhook
from local_stack.functions_host.host_json import HostJson
from local_stack.functions_host.http_trigger import HttpTrigger, http_trigger
from local_stack.functions_host.invocations import Finished, Invocations
from local_stack.functions_host.poison import PoisonQueue
from local_stack.functions_host.receipts import Receipts
from local_stack.functions_host.stop import Stop
from local_stack.functions_host.timer_status import TimerStatusBlob
from local_stack.functions_host.timer_trigger import TimerListener, timer_trigger

log = logging.getLogger(__name__)

HOST_STORAGE = "AzureWebJobsStorage"


class UnknownTriggerError(FunctionFaultError):
    """A kind of trigger that this host does not have."""


class Listener(Protocol):
    """What waits for events of one function."""

    is_up: asyncio.Event

    async def run(self) -> None:
        """Run until the host stops."""


@dataclass(frozen=True, slots=True)
class HostParts:
    """What the triggers of a host share."""

    host_id: str
    host_json: HostJson
    settings: Mapping[str, str]
    poll_interval: timedelta
    invocations: Invocations
    admin: Admin
    webhook: BlobsWebhook
    stop: Stop


class Triggers:
    """The triggers of an app."""

    def __init__(self, parts: HostParts) -> None:
        self._parts = parts
        self._storage = _host_storage(parts.settings)
        self.listeners: list[Listener] = []
        self.http: list[HttpTrigger] = []
        self.faults: dict[str, str] = {}

    def add(self, function: FunctionDefinition) -> None:
        """Serve a function, or note and log why it is disabled; never raises for its faults."""
        try:
            if is_disabled(function.name, self._parts.settings):
                self.faults[function.name] = "disabled by its app setting"
                log.info("function.disabled", extra={"function": function.name})
                return
            self._add(resolve(function, self._parts.settings))
        except FunctionFaultError as error:
            self.faults[function.name] = str(error)
            fields = {"function": function.name, "reason": str(error)}
            log.critical("function.disabled_by_fault", extra=fields)

    def _add(self, function: FunctionDefinition) -> None:
        match str(function.trigger["type"]):
            case "httpTrigger":
                route_prefix = self._parts.host_json.route_prefix
                trigger = http_trigger(function, route_prefix)
                self.http.append(trigger)
                methods = ",".join(sorted(trigger.methods))
                _tell_served(function, f"{methods} /{trigger.route.template}")
            case "timerTrigger":
                self._add_timer(function)
            case "blobTrigger":
                self._add_blob(function)
            case kind:
                raise UnknownTriggerError(
                    f"{kind} is not served by this host: it has httpTrigger, timerTrigger "
                    "and blobTrigger",
                )

    def _add_timer(self, function: FunctionDefinition) -> None:
        trigger = timer_trigger(function, _now())
        status = None
        if isinstance(self._storage, StorageConnection):
            service = self._storage.blobs()
            status = TimerStatusBlob(service, self._parts.host_id, function.host_id)
        elif trigger.is_monitored:
            fields = {"function": function.name, "reason": str(self._storage)}
            log.warning("timer.unmonitored", extra=fields)
        listener = TimerListener(
            trigger,
            self._parts.invocations,
            status,
            self._parts.stop,
            _now,
        )
        self.listeners.append(listener)
        _tell_served(function, f"schedule {trigger.schedule.expression}")

        async def by_hand(_: str) -> Finished:
            return await listener.run_now()

        self._parts.admin.can_run(function.name, by_hand)

    def _add_blob(self, function: FunctionDefinition) -> None:
        parts = self._parts
        trigger = blob_trigger(function, parts.settings)
        base64 = parts.host_json.base64_queue_messages
        poison = PoisonQueue(trigger.connection, function.host_id, base64=base64)
        rules = DeliveryRules(
            parallel=parts.host_json.max_degree_of_parallelism,
            tries=parts.host_json.poison_blob_threshold,
            between_tries=parts.poll_interval,
        )
        delivery = Delivery(trigger, parts.invocations, poison, rules, parts.stop)
        if trigger.is_event_grid:
            parts.webhook.add(delivery)
        elif isinstance(self._storage, StorageConnection):
            receipts = Receipts(self._storage.blobs(), parts.host_id, function.host_id)
            listener = BlobListener(delivery, receipts, parts.poll_interval, parts.stop)
            self.listeners.append(listener)
        else:
            raise self._storage
        source = "Event Grid" if trigger.is_event_grid else "polling"
        _tell_served(function, f"blobs {function.trigger['path']} by {source}")
        parts.admin.can_run(function.name, _blob_runner(delivery))


def _tell_served(function: FunctionDefinition, by: str) -> None:
    log.info("function.served", extra={"function": function.name, "on": by})


def _blob_runner(delivery: Delivery) -> Runner:
    async def by_hand(path: str) -> Finished:
        container, _, name = path.partition("/")
        if not name:
            raise InputError('the input must be the path of a blob: "container/name"')
        finished = await delivery.run_once(BlobEvent(container, name))
        if finished is None:
            raise InputError(f"no blob {path!r}")
        return finished

    return by_hand


def _host_storage(settings: Mapping[str, str]) -> StorageConnection | ConnectionFaultError:
    try:
        return storage_connection(HOST_STORAGE, settings)
    except ConnectionFaultError as error:
        return error


def _now() -> datetime:
    return datetime.now(UTC)
