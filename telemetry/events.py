"""Events: a constant name and fields, one line per decision."""

import logging
from datetime import timedelta

from telemetry.invocation import invocation_id
from telemetry.redaction import redact

PREFIX = "redeployer."
"""Of the fields as OpenTelemetry's attributes, which it keeps apart by such names."""
_EVENT_NAME = "otel.event.name"


def emit(
    logger: logging.Logger, name: str, /, *, level: int = logging.INFO, **fields: object
) -> None:
    """Log the event *name* with its *fields* in one line; a field of None is left out.

    The line itself carries the fields, because Azure Functions forwards a worker's message and
    drops a log record's attributes. The attributes are for OpenTelemetry, which keeps them; there
    the invocation's id is one too, which the host adds to a worker's line by itself.
    """
    said = {key: _said(value) for key, value in fields.items() if value is not None}
    line = " ".join([name, *(f"{key}={_quoted(str(value))}" for key, value in said.items())])
    attributes = {PREFIX + key: value for key, value in said.items()} | {_EVENT_NAME: name}
    if (call := invocation_id()) is not None:
        attributes[f"{PREFIX}invocation_id"] = call
    logger.log(level, "%s", line, extra=attributes)


def quieten_sdks() -> None:
    """Keep the SDKs' own lines, one a request, out of the log: each decision has a line of ours."""
    for name in ("azure", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _said(value: object) -> str | bool | int | float:
    """Give a number as it is, a duration in seconds, and everything else as text."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if isinstance(value, (bool, int, float)) else redact(str(value))


def _quoted(value: str) -> str:
    plain = value.isprintable() and not any(sign in value for sign in ' "=')
    if plain and value:
        return value
    escaped = value.encode("unicode_escape").decode().replace('"', r"\"")
    return f'"{escaped}"'
