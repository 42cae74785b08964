"""Status of a timer: when it ran, when it runs next; outlives the host.

A blob `azure-webjobs-hosts/timers/<host id>/<function>/status`, as the timer extension keeps it.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local_stack.functions_host.receipts import HOSTS_CONTAINER, create_hosts_container
from local_stack.functions_host.schedule import Schedule


@dataclass(frozen=True, slots=True)
class TimerStatus:
    """Last and next occurrence (aware, UTC); `last` is None before the first run."""

    last: datetime | None
    next: datetime
    updated: datetime

    def is_missed(self, schedule: Schedule, now: datetime) -> bool:
        """Whether an occurrence went by without a run; a changed schedule misses nothing."""
        expected = schedule.after(self.last or self.updated)
        return self.next == expected and self.next <= now

    def to_json(self) -> dict[str, str | None]:
        """The form of the timer extension; also what the function is told."""
        return {
            "Last": None if self.last is None else self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.updated.isoformat(),
        }


class TimerStatusBlob:
    """Where the status of one timer is kept."""

    def __init__(self, service: BlobServiceClient, host_id: str, function: str) -> None:
        self._container = service.get_container_client(HOSTS_CONTAINER)
        self._name = f"timers/{host_id}/{function}/status"

    def read(self) -> TimerStatus | None:
        """The status; None if the timer was never seen or its status is no such document."""
        try:
            text = self._container.download_blob(self._name).readall()
        except ResourceNotFoundError:
            return None
        try:
            return _parse(json.loads(text))
        except (ValueError, LookupError, TypeError):
            return None  # written by something else: as if never seen

    def write(self, status: TimerStatus) -> None:
        """Replace the status."""
        text = json.dumps(status.to_json())
        try:
            self._container.upload_blob(self._name, text, overwrite=True)
        except ResourceNotFoundError:
            create_hosts_container(self._container)
            self._container.upload_blob(self._name, text, overwrite=True)


def _parse(document: dict[str, Any]) -> TimerStatus:
    last = document["Last"]
    return TimerStatus(
        None if last is None else datetime.fromisoformat(last),
        datetime.fromisoformat(document["Next"]),
        datetime.fromisoformat(document["LastUpdated"]),
    )
