"""A text, or JSON with texts in it, that has placeholders for a model, such as `{url}`."""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from protocols.blob_reference import BlobReference

TOKENS: Final = frozenset({"sas_token", "url"})
"""The placeholders that hold a token."""
NAMES: Final = TOKENS | {"base_location", "relative_location", "model", "etag", "stem", "folder"}
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def values_of(model: BlobReference) -> dict[str, str]:
    """Give what stands for each placeholder."""
    path = PurePosixPath(model.name)
    return {
        "base_location": model.base_location,
        "relative_location": model.relative_location,
        "sas_token": model.sas_token.reveal(),
        "url": model.url().reveal(),
        "model": model.name,
        "etag": model.etag,
        "stem": path.stem,
        "folder": path.parent.name,
    }


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """Put *values* in the place of placeholders, in every text of *template*."""
    return _mapped(template, lambda text: _PLACEHOLDER.sub(lambda found: values[found[1]], text))


def filled_url(template: str, values: Mapping[str, str]) -> str:
    """Put *values*, percent-encoded, in the place of placeholders of an address."""
    return str(filled(template, {name: quote(text, safe="") for name, text in values.items()}))


def placeholders(template: Any) -> frozenset[str]:
    """Name the placeholders of *template*.

    Raises:
        ValueError: It has one that there is not.
    """
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(_PLACEHOLDER.findall(text))
        return text

    _mapped(template, note)
    unknown = ", ".join(f"{{{name}}}" for name in sorted(found - NAMES))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(NAMES))
        raise ValueError(f"has no placeholder {unknown}; there are: {known}")
    return frozenset(found)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return value
