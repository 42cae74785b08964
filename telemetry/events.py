"""Events: a constant name and fields, one line per decision."""

import logging

from telemetry.redaction import redact


def emit(
    logger: logging.Logger, name: str, /, *, level: int = logging.INFO, **fields: object
) -> None:
    """Log the event *name* with its *fields* in one line; a field of None is left out.

    The line itself carries the fields, because Azure Functions forwards a worker's message and
    drops a log record's attributes.
    """
    said = {key: redact(str(value)) for key, value in fields.items() if value is not None}
    line = " ".join([name, *(f"{key}={_quoted(value)}" for key, value in said.items())])
    logger.log(level, "%s", line)


def quieten_sdks() -> None:
    """Keep the SDKs' own lines, one a request, out of the log: each decision has a line of ours."""
    for name in ("azure", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _quoted(value: str) -> str:
    plain = value.isprintable() and not any(sign in value for sign in ' "=')
    if plain and value:
        return value
    escaped = value.encode("unicode_escape").decode().replace('"', r"\"")
    return f'"{escaped}"'
