"""The records of jobs, one blob each, and the one job that each endpoint may have at a time."""

import logging
import uuid
from collections.abc import Collection, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from retrain_trigger.job import Job
from retrain_trigger.job_id import endpoint_in
from state.agenda import Agenda, Entry, is_due_no_later, new_entry
from state.storage_errors import ConflictError, StorageError, UnavailableError
from state.store import StateStore
from telemetry.events import emit

_log = logging.getLogger(__name__)

KIND = "job"
_RECORDS = "jobs/"
_LATEST = "latest-jobs/"
# Made once, at import: see `patch_endpoint/records.py`.
_DECODER = msgspec.json.Decoder(Job)


class StoredJob(msgspec.Struct, frozen=True):
    """A job's record as it was read or written.

    Attributes:
        job: What it says.
        etag: Its version.
    """

    job: Job
    etag: str


class JobSummary(msgspec.Struct, frozen=True):
    """What a listing shows of a job, out of its metadata."""

    id: str
    fields: Mapping[str, str]


class JobRecords:
    """The jobs in the state store. Each call may raise `StorageError`."""

    def __init__(self, store: StateStore, agenda: Agenda) -> None:
        self._store, self._agenda = store, agenda

    def read(self, job_id: str) -> StoredJob | None:
        """Read a job; None: there is none.

        One whose making was interrupted is made now, out of what its endpoint claimed for it.
        """
        found = self._read(f"{_RECORDS}{job_id}.json")
        endpoint = endpoint_in(job_id)
        if found is not None or endpoint is None:
            return found
        latest = self._read(_latest(endpoint))
        return self._made(latest.job) if latest and latest.job.id == job_id else None

    def latest(self, endpoint: str) -> Job | None:
        """Read the job that *endpoint* had last, or has."""
        claimed = self._read(_latest(endpoint))
        if claimed is None:
            return None
        found = self._read(f"{_RECORDS}{claimed.job.id}.json")
        return (found or self._made(claimed.job)).job

    def claim(self, job: Job) -> StoredJob | None:
        """Make *job* its endpoint's one job; None: the endpoint has another, or had this one.

        First the entry that wakes it, then the endpoint's claim, which holds all that the job's
        record is made of: a crash between any two loses nothing and starts nothing twice.

        Raises:
            ConflictError: Storage refused the claim though nobody else has claimed, as while there
                is a lease on the blob. Nothing was begun.
        """
        if self._read(f"{_RECORDS}{job.id}.json") is not None:
            return None
        claimed = self._read(_latest(job.endpoint))
        if claimed is not None and claimed.job.id == job.id:
            return self._made(claimed.job)
        if claimed is not None and not self._is_over(claimed.job):
            return None
        entry = new_entry(job.look_at or job.created_at, KIND, job.id)
        self._agenda.add(entry)
        job = replace(job, agenda=(entry.name,), revision=uuid.uuid4().hex)
        try:
            self._write(_latest(job.endpoint), job, _etag(claimed))
        except ConflictError:
            winner = self._read(_latest(job.endpoint))
            if winner is None or winner.job.revision != job.revision:
                self._remove(entry.name)
                if _etag(winner) == _etag(claimed):
                    raise
                return None
        return self._made(job)

    def save(self, stored: StoredJob, job: Job, done: Collection[str] = ()) -> StoredJob:
        """Write *job* over the version that was *stored*, with the entry that wakes it next.

        Args:
            stored: What was read.
            job: What to write.
            done: The names of entries that wake it no more, whether the record named them or not.

        Raises:
            ConflictError: Someone else wrote first.
        """
        kept = [] if job.has_ended else [name for name in job.agenda if name not in done]
        fresh = self._armed(job, kept)
        names = (*sorted(kept)[:1], fresh.name) if fresh else tuple(kept)
        new = replace(job, agenda=names, revision=uuid.uuid4().hex)
        saved = self._saved(new, stored.etag, fresh)
        for name in sorted({*stored.job.agenda, *done} - {*names}):
            self._remove(name)
        return saved

    def drop(self, job_id: str) -> None:
        """Forget a job that ended long ago, unless it is its endpoint's last one."""
        claimed = self._read(_latest(endpoint_in(job_id) or ""))
        if claimed is None or claimed.job.id != job_id:
            self._store.delete(f"{_RECORDS}{job_id}.json")

    def discard(self, entry: Entry) -> None:
        """Take away an entry of a job that there is not."""
        self._remove(entry.name)

    def summaries(self, *, prefix: str = "", after: str = "") -> Iterator[JobSummary]:
        """List the jobs whose ids begin with *prefix* and sort after *after*; none is read."""
        start = f"{_RECORDS}{after}.json" if after else ""
        for listed in self._store.listed(f"{_RECORDS}{prefix}", after=start):
            name = listed.name.removeprefix(_RECORDS).removesuffix(".json")
            yield JobSummary(name, listed.metadata)

    def _is_over(self, claimed: Job) -> bool:
        found = self._read(f"{_RECORDS}{claimed.id}.json") or self._made(claimed)
        return found.job.has_ended

    def _made(self, job: Job) -> StoredJob:
        """Create the record of a job that its endpoint has claimed, if nobody has."""
        name = f"{_RECORDS}{job.id}.json"
        try:
            return StoredJob(job, self._write(name, job, None))
        except ConflictError:
            found = self._read(name)
            if found is None:
                raise
            return found

    def _armed(self, job: Job, kept: list[str]) -> Entry | None:
        due = job.look_at
        if due is None or any(is_due_no_later(name, due) for name in kept):
            return None
        entry = new_entry(due, KIND, job.id)
        self._agenda.add(entry)
        return entry

    def _saved(self, new: Job, etag: str, fresh: Entry | None) -> StoredJob:
        name = f"{_RECORDS}{new.id}.json"
        try:
            return StoredJob(new, self._write(name, new, etag))
        except ConflictError:
            found = self._read(name)
            if found is not None and found.job.revision == new.revision:
                return found  # our own success, whose answer was lost
            # Whoever wrote since may have done so over our own success, and then knows the entry.
            if fresh is not None and (found is None or fresh.name not in found.job.agenda):
                self._remove(fresh.name)
            raise

    def _remove(self, name: str) -> None:
        try:
            self._agenda.remove(name)
        except StorageError as error:
            # An entry that no record names is found when it is due, and goes then.
            emit(_log, "agenda.left_over", entry=name, error=error)

    def _write(self, name: str, job: Job, etag: str | None) -> str:
        content = msgspec.json.encode(job)
        return self._store.write(name, content, etag=etag, metadata=_mirrored(job))

    def _read(self, name: str) -> StoredJob | None:
        found = self._store.read(name)
        if found.content is None or found.etag is None:
            return None
        try:
            return StoredJob(_DECODER.decode(found.content), found.etag)
        except msgspec.DecodeError as error:
            raise UnavailableError(f"read {name}", code="NoRecord") from error


def _etag(stored: StoredJob | None) -> str | None:
    return stored.etag if stored else None


def _latest(endpoint: str) -> str:
    return f"{_LATEST}{endpoint}.json"


def _mirrored(job: Job) -> dict[str, str]:
    """Give the metadata of *job*: ASCII, no secret."""
    fields: dict[str, str | None] = {
        "state": job.state,
        "endpoint": job.endpoint,
        "service": job.service,
        "cause": job.cause,
        "created_at": job.created_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "look_at": job.look_at.isoformat() if job.look_at else None,
        "error": job.error.code if job.error else None,
    }
    # A service's name is whatever a table may be called.
    return {
        key: value.encode("ascii", "backslashreplace").decode()
        for key, value in fields.items()
        if value is not None
    }
