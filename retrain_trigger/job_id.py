"""A job's id: ours, made of the endpoint and the instant that the job is for."""

import re
import uuid
from datetime import UTC, datetime
from typing import Final

from settings.endpoints_file import ENDPOINT_NAME

_INSTANT = "[0-9]{8}T[0-9]{6}Z(?:_[0-9a-f]{6})?"
_ID = re.compile(f"({ENDPOINT_NAME})_{_INSTANT}")
JOB_ID: Final = f"{ENDPOINT_NAME}_{_INSTANT}"


def new_job_id(endpoint: str, instant: datetime, *, apart: bool) -> str:
    """Name a job: a schedule's by its occurrence alone, so that it is started once."""
    name = f"{endpoint}_{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{name}_{uuid.uuid4().hex[:6]}" if apart else name


def endpoint_in(job_id: str) -> str | None:
    """Read the endpoint out of a job's id; None: it is no job's id."""
    match = _ID.fullmatch(job_id)
    return match[1] if match else None
