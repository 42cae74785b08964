"""App settings: the file, the environment above it, and `%NAME%` in binding values."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from local_stack.functions_host.definition import FunctionDefinition, FunctionFaultError

SAMPLE = "local.settings.sample.json"

_PLACEHOLDER = re.compile(r"%([^%\s]+)%")
# Identifiers, not values: the real host resolves nothing in them.
_VERBATIM = frozenset({"name", "type", "direction", "connection"})


class SettingsFileError(Exception):
    """A settings file cannot be used; the message names the file and what is wrong with it."""


class MissingSettingError(FunctionFaultError):
    """A binding names a setting that is not there."""

    def __init__(self, function: str, setting: str) -> None:
        super().__init__(f"function {function} needs the app setting {setting}, which is not set")
        self.function = function
        self.setting = setting


def create_from_sample(file: Path) -> bool:
    """Make a missing settings file from the sample beside it; tells whether it did."""
    sample = file.with_name(SAMPLE)
    if file.exists() or not sample.exists():
        return False
    file.write_bytes(sample.read_bytes())
    return True


def read_settings_file(file: Path) -> dict[str, str]:
    """`Values` of a settings file; nothing if the file does not exist.

    Raises:
        SettingsFileError: it is no JSON, is encrypted, or holds a value that is no string.
    """
    if not file.exists():
        return {}
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise SettingsFileError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Values", {}), dict):
        raise SettingsFileError(f"{file} must be an object with an object `Values`")
    if document.get("IsEncrypted"):
        raise SettingsFileError(f"{file} is encrypted; run `func settings decrypt` first")
    values: dict[str, Any] = document.get("Values", {})
    faulty = sorted(name for name, value in values.items() if not isinstance(value, str))
    if faulty:
        raise SettingsFileError(f"{file}: not a string in Values: {', '.join(faulty)}")
    return values


def resolve(function: FunctionDefinition, settings: Mapping[str, str]) -> FunctionDefinition:
    """The function with each `%NAME%` of its bindings replaced by that app setting.

    Raises:
        MissingSettingError: a setting is not there.
    """

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in settings:
            raise MissingSettingError(function.name, match[1])
        return settings[match[1]]

    def value_of(key: str, value: object) -> object:
        if isinstance(value, str) and key not in _VERBATIM:
            return _PLACEHOLDER.sub(replaced, value)
        return value

    bindings = tuple({k: value_of(k, v) for k, v in b.items()} for b in function.bindings)
    return replace(function, bindings=bindings)


def is_disabled(function: str, settings: Mapping[str, str]) -> bool:
    """Whether `AzureWebJobs.<function>.Disabled` (or with underscores) switches it off."""
    names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
    return any(settings.get(name, "").lower() in {"true", "1"} for name in names)
