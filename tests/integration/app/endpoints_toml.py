"""The text of an endpoints file."""

import json
from collections.abc import Mapping


def endpoints_toml(endpoints: Mapping[str, Mapping[str, object]]) -> str:
    """Tables of `endpoints` with these keys; a mapping within is a table of its own."""
    return "\n".join(
        _table(f"endpoints.{json.dumps(name)}", keys) for name, keys in endpoints.items()
    )


def _table(name: str, keys: Mapping[str, object]) -> str:
    # A JSON text, number or boolean is a TOML one.
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in keys.items()
        if not isinstance(value, Mapping)
    ]
    inner = [
        _table(f"{name}.{key}", value) for key, value in keys.items() if isinstance(value, Mapping)
    ]
    return "\n".join([f"[{name}]", *lines, *inner])
