"""The endpoints file: which scoring endpoints there are, and how each is fed.

A fault in one endpoint's table disables that endpoint alone. A text that is no TOML is no endpoints
file at all, and whoever reads it keeps the last good one.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from settings.fault import Fault, SettingsError
from settings.retraining import TrainingService, read_training_service
from settings.scoring_endpoint import ScoringEndpoint, Surroundings, is_json, read_endpoint
from settings.secret import Secret
from settings.table import Table, text

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_REFERENCE = re.compile(r"%([A-Za-z_][A-Za-z0-9_]*)%")
_ENDPOINT_TOKEN = "{endpoint}"  # noqa: S105 - a placeholder, not a password
_TABLES = ("defaults", "endpoints", "training_services")


class Endpoints(msgspec.Struct, frozen=True):
    """What an endpoints file says.

    Attributes:
        by_name: The endpoints, those with faults included.
        training_services: The training services without faults.
        faults: All that is wrong, in the order of the file.
    """

    by_name: Mapping[str, ScoringEndpoint]
    training_services: Mapping[str, TrainingService]
    faults: tuple[Fault, ...]


def is_endpoint_name(name: str) -> bool:
    """Say whether *name* can be an endpoint's."""
    return _NAME.fullmatch(name) is not None


def parse_endpoints(
    content: str,
    *,
    environ: Mapping[str, str],
    read_relative: Callable[[str], bytes],
    protocols: frozenset[str],
) -> Endpoints:
    """Read an endpoints file.

    Args:
        content: Its text.
        environ: The app settings, which the keys are in.
        read_relative: Reads a file by its path relative to the endpoints file; OSError or
            ValueError where that cannot be done.
        protocols: The names of the protocols there are.

    Raises:
        SettingsError: The text is no TOML.
    """
    try:
        document = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError([Fault("ENDPOINTS_FILE", f"is no TOML: {error}")]) from error
    faults = [Fault(key, "is no table of this file") for key in document if key not in _TABLES]
    tables = {key: _subtables(document, key, faults) for key in _TABLES}

    def secret(value: object) -> Secret:
        return _secret(value, environ)

    services: dict[str, TrainingService] = {}
    for name, values in tables["training_services"].items():
        wrong: list[Fault] = []
        service = read_training_service(Table(f"training_services.{name}", values, wrong), secret)
        faults += wrong
        services |= {} if wrong else {name: service}
    around = Surroundings(
        secret=secret,
        request=lambda value: _request(value, read_relative),
        protocols=protocols,
        services=frozenset(tables["training_services"]),
        alone=len(tables["endpoints"]) == 1,
    )
    endpoints = {}
    for name, values in tables["endpoints"].items():
        if not is_endpoint_name(name):
            what = "is no endpoint name: up to 63 of a-z, 0-9 and hyphens, no hyphen first"
            faults.append(Fault(f"endpoints.{name}", what))
            continue
        merged = _named(_merged(tables["defaults"], values), name)
        endpoints[name] = read_endpoint(name, Table(f"endpoints.{name}", merged, []), around)
        faults += endpoints[name].faults
    return Endpoints(endpoints, services, tuple(faults))


def _subtables(document: Mapping[str, Any], key: str, faults: list[Fault]) -> dict[str, Any]:
    tables = document.get(key, {})
    if isinstance(tables, dict):
        return tables
    faults.append(Fault(key, "must be a table"))
    return {}


def _merged(defaults: object, values: object) -> Any:
    """Lay an endpoint's values over the defaults, table by table."""
    if not isinstance(defaults, dict) or not isinstance(values, dict):
        return values
    both = {key: _merged(defaults[key], values[key]) for key in defaults.keys() & values.keys()}
    return defaults | values | both


def _named(value: Any, name: str) -> Any:
    """Put the endpoint's name wherever a text says `{endpoint}`."""
    if isinstance(value, str):
        return value.replace(_ENDPOINT_TOKEN, name)
    if isinstance(value, dict):
        return {key: _named(item, name) for key, item in value.items()}
    return value


def _secret(value: object, environ: Mapping[str, str]) -> Secret:
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must name an app setting, as in "%CENSUS_API_KEY%": no key belongs here')
    key = environ.get(match[1], "").strip()
    if not key:
        raise ValueError(f"names the app setting {match[1]}, which is not set")
    if not key.isascii() or not key.isprintable():
        raise ValueError(f"names the app setting {match[1]}, which holds no key")
    return Secret(key)


def _request(value: object, read_relative: Callable[[str], bytes]) -> bytes:
    try:
        body = read_relative(text(value))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or 'no such file'}") from error
    if not is_json(body):
        raise ValueError("names a file that is no JSON")
    return body
