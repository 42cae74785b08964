"""`host.json`: the few of its options that matter to this host."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEGREE_PER_CORE = 8  # the blob extension's default for maxDegreeOfParallelism


class HostJsonError(Exception):
    """`host.json` is missing or faulty; the message says where."""


@dataclass(frozen=True, slots=True)
class HostJson:
    """Options with the real host's defaults."""

    route_prefix: str = "api"
    max_degree_of_parallelism: int = _DEGREE_PER_CORE
    poison_blob_threshold: int = 5
    base64_queue_messages: bool = True


def read_host_json(app_dir: Path) -> HostJson:
    """Read the app's `host.json`.

    Raises:
        HostJsonError: missing, no JSON, not version 2.0, or an option out of range.
    """
    file = app_dir / "host.json"
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise HostJsonError(f"{file} is missing: is {app_dir} a functions app?") from None
    except ValueError as error:
        raise HostJsonError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(document, dict) or document.get("version") != "2.0":
        raise HostJsonError(f'{file} must say "version": "2.0"')
    extensions = _section(document, "extensions", file)
    http, blobs, queues = (_section(extensions, n, file) for n in ("http", "blobs", "queues"))
    degree = _DEGREE_PER_CORE * (os.cpu_count() or 1)
    return HostJson(
        route_prefix=str(http.get("routePrefix", "api")).strip("/"),
        max_degree_of_parallelism=_positive(blobs, "maxDegreeOfParallelism", degree, file),
        poison_blob_threshold=_positive(blobs, "poisonBlobThreshold", 5, file),
        base64_queue_messages=queues.get("messageEncoding", "base64") == "base64",
    )


def _section(parent: dict[str, Any], name: str, file: Path) -> dict[str, Any]:
    section = parent.get(name, {})
    if not isinstance(section, dict):
        raise HostJsonError(f"{file}: {name} must be an object")
    return section


def _positive(section: dict[str, Any], name: str, default: int, file: Path) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise HostJsonError(f"{file}: {name} must be a whole number above 0")
    return value
