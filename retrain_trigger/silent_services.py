"""Training services that do not answer, so that one that hangs does not hold up all jobs."""

import threading
from datetime import datetime, timedelta

_ASKED_AGAIN_AFTER = timedelta(seconds=30)


class SilentServices:
    """Which services gave no answer when they were last asked, as far as this process knows.

    An exchange may take a minute and a tick has few workers. So of a silent service's jobs one asks
    at a time, and the others go on as before once it was answered.
    """

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def may_be_asked(self, service: str, now: datetime) -> bool:
        """Say whether a job may ask *service*; if it is silent, the next one must wait."""
        with self._lock:
            until = self._until.get(service)
            if until is None:
                return True
            if now < until:
                return False
            self._until[service] = now + _ASKED_AGAIN_AFTER
            return True

    def note(self, service: str, now: datetime, *, is_silent: bool) -> None:
        """Note whether *service* gave no answer just now."""
        with self._lock:
            if is_silent:
                self._until[service] = now + _ASKED_AGAIN_AFTER
            else:
                self._until.pop(service, None)
