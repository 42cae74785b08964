"""Heartbeats: when each timer last finished a tick."""

from datetime import datetime

import msgspec

from state.store import StateStore


class Heartbeat(msgspec.Struct, frozen=True):
    """One finished tick.

    Attributes:
        started_at: When it began.
        finished_at: When it ended.
        done: How many things it did.
        scheduled_until: Up to when the occurrences of schedules were seen to; None: `started_at`.
        gone_up_to: After which endpoint the next goes on, where time was over; empty: all were
            seen to.
    """

    started_at: datetime
    finished_at: datetime
    done: int = 0
    scheduled_until: datetime | None = None
    gone_up_to: str = ""


# Made once, at import: see `patch_endpoint/records.py`.
_DECODER = msgspec.json.Decoder(Heartbeat)


class Heartbeats:
    """The heartbeats in the state store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def beat(self, timer: str, heartbeat: Heartbeat) -> None:
        """Note that *timer* finished a tick."""
        self._store.put(_name(timer), msgspec.json.encode(heartbeat))

    def last(self, timer: str) -> Heartbeat | None:
        """Read the last finished tick of *timer*; None: it never finished one."""
        content = self._store.read(_name(timer)).content
        try:
            return _DECODER.decode(content) if content else None
        except msgspec.DecodeError:
            return None


def _name(timer: str) -> str:
    return f"heartbeats/{timer}.json"
