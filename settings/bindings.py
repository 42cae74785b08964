"""The one place that reads the process environment.

The host resolves `%NAME%` in a binding, not we. A name that is missing there would put the whole
host in error, so a binding says `%NAME%` only where the setting exists and the literal default
where it does not. Nothing here raises: an error at import means an app without functions.
"""

import os
from collections.abc import Mapping

DEFAULTS = {
    "MODEL_BLOBS": "experimentoutput/{name}.ilearner",
    "BLOB_SOURCE": "LogsAndContainerScan",
    "WATCH_SCHEDULE": "0 * * * * *",
    "SWEEP_SCHEDULE": "15 */10 * * * *",
}


def process_environment() -> Mapping[str, str]:
    """Give the app settings of this process."""
    return os.environ  # noqa: TID251 - this is the one place


def binding(name: str) -> str:
    """Give what a binding says for the setting *name*: `%NAME%`, or its default."""
    return f"%{name}%" if process_environment().get(name) else DEFAULTS[name]


def is_event_grid() -> bool:
    """Say whether landings are announced by Event Grid rather than found by polling."""
    source = process_environment().get("BLOB_SOURCE") or DEFAULTS["BLOB_SOURCE"]
    return source.strip().lower() == "eventgrid"
