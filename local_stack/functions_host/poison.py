"""The poison queue: events for which every try of the function failed."""

import json

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from local_stack.functions_host.blob_event import BlobEvent
from local_stack.functions_host.connections import StorageConnection

POISON_QUEUE = "webjobs-blobtrigger-poison"


class PoisonQueue:
    """Poison queue in the account of the triggering blobs.

    As in the real host, messages are base64 unless host.json sets `messageEncoding` to `none`.
    """

    def __init__(self, connection: StorageConnection, function: str, *, base64: bool) -> None:
        self._queue = connection.queue(POISON_QUEUE, base64=base64)
        self._function = function

    def put(self, event: BlobEvent, etag: str) -> None:
        """Add an event; the message has the shape of the blob extension's own."""
        message = json.dumps(
            {
                "FunctionId": self._function,
                "BlobType": "BlockBlob",
                "ContainerName": event.container,
                "BlobName": event.name,
                "ETag": f'"{etag}"',
            },
        )
        try:
            self._queue.send_message(message)
        except ResourceNotFoundError:
            self._create()
            self._queue.send_message(message)

    def _create(self) -> None:
        try:
            self._queue.create_queue()
        except ResourceExistsError:
            return  # another function's event was faster
