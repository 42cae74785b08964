"""The queues of the blob trigger: do they answer, and did messages come to be given up?"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import ExponentialRetry, QueueClient

from doctor.finding import Finding
from settings.connection import Connection
from state.clients import credential_of
from state.storage_errors import StorageError, mapped

_AREA: Final = "queues"
POISON: Final = "webjobs-blobtrigger-poison"
_ROLE: Final = "Storage Queue Data Contributor"

type Queue = Callable[[Connection], QueueClient]


def queue_of(environ: Mapping[str, str]) -> Queue:
    """Give what makes the client of the poison queue of a connection."""

    def make(connection: Connection) -> QueueClient:
        options: dict[str, Any] = {
            "retry_policy": ExponentialRetry(initial_backoff=1, retry_total=1),
            "connection_timeout": 5,
        }
        if connection.connection_string is not None:
            text = connection.connection_string.reveal()
            return QueueClient.from_connection_string(text, POISON, **options)
        uri = environ.get(f"{connection.name}__queueServiceUri", "")
        return QueueClient(uri, POISON, credential=credential_of(connection), **options)

    return make


def queues(connection: Connection, make: Queue) -> Iterator[Finding]:
    """Look at the queue in which the host puts what no try of `model_landed` could settle."""
    where = f"{connection.name}: {POISON}"
    try:
        with mapped("look at the queues"):
            count = _count(make(connection))
    except StorageError as error:
        fix = f"set {connection.name}__queueServiceUri or QueueEndpoint, and give the role {_ROLE}"
        yield Finding(_AREA, where, "fault", str(error), fix)
        return
    if count:
        what = f"{count} landings were given up after five tries"
        fix = (
            "look for model_landed among the failed functions; sweep finds their models all the "
            "same, so clear the queue once you know why"
        )
        yield Finding(_AREA, where, "warning", what, fix)
    else:
        yield Finding(_AREA, where, "ok", "no landing was given up")


def _count(queue: QueueClient) -> int:
    try:
        return queue.get_queue_properties().approximate_message_count or 0
    except ResourceNotFoundError:
        return 0  # the host makes it when it gives up the first
