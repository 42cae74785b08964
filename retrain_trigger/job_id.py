"""A job's id: ours, made of the endpoint and the instant that the job is for."""

import re
import uuid
from datetime import UTC, datetime

_ID = re.compile(r"(?P<endpoint>[a-z0-9][a-z0-9-]{0,62})_[0-9]{8}T[0-9]{6}Z(?:_[0-9a-f]{6})?")


def new_job_id(endpoint: str, instant: datetime, *, apart: bool) -> str:
    """Name a job: a schedule's by its occurrence alone, so that it is started once."""
    name = f"{endpoint}_{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{name}_{uuid.uuid4().hex[:6]}" if apart else name


def endpoint_in(job_id: str) -> str | None:
    """Read the endpoint out of a job's id; None: it is no job's id."""
    match = _ID.fullmatch(job_id)
    return match["endpoint"] if match else None
