"""The Event Grid source of a blob trigger: the web hook of the blob extension.

`POST /runtime/webhooks/blobs?functionName=Host.Functions.<name>&code=<system key>` with the
validation handshake and notifications in the Event Grid or the CloudEvents schema. A notification
is answered at once and kept in memory only: a crash before the function ran loses it.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import AzureError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local_stack.functions_host.blob_event import BlobEvent
from local_stack.functions_host.blob_trigger import Delivery
from local_stack.functions_host.keys import Keys, presented_key

log = logging.getLogger(__name__)

SYSTEM_KEY = "blobs_extension"

_CREATED = "Microsoft.Storage.BlobCreated"


class NotificationError(Exception):
    """A notification that cannot be understood; the message says what is missing."""


class BlobsWebhook:
    """Receives blob events for the functions whose source is Event Grid."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._deliveries: dict[str, Delivery] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, delivery: Delivery) -> None:
        """Serve a function."""
        self._deliveries[delivery.trigger.function.host_id.lower()] = delivery

    async def settled(self) -> None:
        """Wait for the events under way."""
        await asyncio.gather(*self._tasks)

    async def __call__(self, request: Request) -> Response:
        """Answer one request of Event Grid."""
        if not self._keys.opens_webhook(presented_key(request), SYSTEM_KEY):
            return Response(status_code=401)
        name = request.query_params.get("functionName", "")
        delivery = self._deliveries.get(name.lower())
        if delivery is None:
            return PlainTextResponse(f"no function {name!r} takes Event Grid's blob events", 404)
        try:
            body = json.loads(await request.body())
            events = body if isinstance(body, list) else [body]
            if request.headers.get("aeg-event-type") == "SubscriptionValidation":
                return JSONResponse({"validationResponse": events[0]["data"]["validationCode"]})
            blobs = [blob_of(event, delivery) for event in events if _is_created(event)]
        except (ValueError, LookupError, TypeError, NotificationError) as error:
            return PlainTextResponse(f"not a blob event: {error}", 400)
        for blob in blobs:
            self._start(delivery, blob)
        return Response(status_code=202)

    def _start(self, delivery: Delivery, event: BlobEvent) -> None:
        if delivery.trigger.path.container != event.container:
            return
        if delivery.trigger.path.tokens(event.name) is None:
            return
        task = asyncio.create_task(_deliver(delivery, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def blob_of(event: Mapping[str, Any], delivery: Delivery) -> BlobEvent:
    """The blob that an event is about, from its percent-encoded `data.url`.

    Raises:
        NotificationError: it has no such URL.
    """
    data = event.get("data")
    url = data.get("url") if isinstance(data, Mapping) else None
    if not isinstance(url, str):
        raise NotificationError("data.url is missing")
    path = urlsplit(url).path.lstrip("/")
    # An emulator's URL names the account before the container.
    account = urlsplit(delivery.trigger.connection.blobs().url).path.strip("/")
    if account:
        path = path.removeprefix(f"{account}/")
    container, _, name = path.partition("/")
    if not name:
        raise NotificationError("data.url names no blob")
    return BlobEvent(container, unquote(name))


def _is_created(event: object) -> bool:
    if not isinstance(event, Mapping):
        raise NotificationError("an event must be an object")
    return bool(event.get("eventType", event.get("type")) == _CREATED)


async def _deliver(delivery: Delivery, event: BlobEvent) -> None:
    try:
        await delivery.deliver(event)
    except AzureError as error:
        fields = {"blob": event.path, "reason": f"{type(error).__name__}: {error}"}
        log.warning("blob.event_lost", extra=fields)
