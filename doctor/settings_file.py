"""The app settings as the host would see them: `local.settings.json`, the environment above it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class SettingsFileError(Exception):
    """The file cannot be used; the message says why, and no value."""


def settings_of(
    file: Path, environ: Mapping[str, str], *, is_named: bool = False
) -> dict[str, str]:
    """Lay *environ* over the file's values, as the host does.

    Args:
        file: Which; where nobody named it, it may be missing, as it is in Azure.
        environ: The environment.
        is_named: Whether a person named it.

    Raises:
        SettingsFileError: The file cannot be read.
    """
    if not is_named and not file.exists():
        return dict(environ)
    return _values(file) | dict(environ)


def _values(file: Path) -> dict[str, str]:
    try:
        said: Any = json.loads(file.read_bytes())
    except OSError as error:
        raise SettingsFileError(f"{file.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsFileError(f"{file.name} is no JSON: {error}") from None
    if isinstance(said, dict) and said.get("IsEncrypted"):
        raise SettingsFileError(f"{file.name} is encrypted: run `func settings decrypt`")
    values = said.get("Values") if isinstance(said, dict) else None
    if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
        raise SettingsFileError(f"{file.name} must have an object `Values` with texts alone")
    return values
