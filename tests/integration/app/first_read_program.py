"""Many threads that read the same thing for the first time in a process, as after a cold start.

msgspec makes what it needs of a type when the type is first decoded, partly in Python, so that
another thread may come between and find it half made: here many come between.
"""

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Final

import msgspec

from patch_endpoint.record import Record, Serving
from patch_endpoint.records import Records
from patch_endpoint.trained_model import TrainedModel
from retrain_trigger.job import Job
from retrain_trigger.job_records import JobRecords
from state.agenda import Agenda
from tests.fakes.calls import Calls
from tests.fakes.state_store import MemoryStateStore

type TraceFunction = Callable[[FrameType, str, object], TraceFunction | None]

_LINE: Final = 0.0002  # seconds that a line of msgspec takes here
_APART: Final = 0.002  # seconds between one thread's beginning and the next one's
_NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)
_STORE: Final = MemoryStateStore(lambda: _NOW, Calls())


def _read_record() -> Callable[[], object]:
    model = TrainedModel(name="model.ilearner", etag="etag", last_modified=_NOW)
    serving = Serving(
        model=model,
        instant=_NOW,
        since=_NOW,
        token_expires_at=_NOW,
        token_expiry="",
        renew_at=_NOW,
        blob="models/model.ilearner",
    )
    record = Record(endpoint="digits", agenda=("entry",), serving=serving)
    _STORE.put("endpoints/digits.json", msgspec.json.encode(record))
    return lambda: Records(_STORE).read("digits")


def _read_job() -> Callable[[], object]:
    job = Job(
        id="digits_1",
        endpoint="digits",
        service="digits",
        cause="person",
        created_at=_NOW,
        timeout=timedelta(hours=1),
        outputs={"output1": "models/model.ilearner"},
    )
    _STORE.put("jobs/digits_1.json", msgspec.json.encode(job))
    return lambda: JobRecords(_STORE, Agenda(_STORE)).read("digits_1")


_READS: Final = {"record": _read_record, "job": _read_job}


def _come_between(frame: FrameType, _event: str, _: object) -> TraceFunction | None:
    """Have another thread go on, at every line of what msgspec does in Python."""
    if "msgspec" not in frame.f_code.co_filename:
        return None
    time.sleep(_LINE)
    return _come_between


def main(what: str) -> None:
    """Read it in one thread, and in one more after the other as long as that takes."""
    read = _READS[what]()
    threading.settrace(_come_between)
    threads = [threading.Thread(target=read)]
    threads[0].start()
    while threads[0].is_alive():
        threads.append(threading.Thread(target=read))
        threads[-1].start()
        time.sleep(_APART)
    for thread in threads:
        thread.join()
    sys.stdout.write("read")


if __name__ == "__main__":
    main(*sys.argv[1:])
