"""The endpoints file: which scoring endpoints there are, and how each is fed.

A fault in one endpoint's table disables that endpoint alone. A text that is no TOML, or whose
`[defaults]` is misspelt, is no endpoints file at all, and whoever reads it keeps the last good one.
"""

import functools
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from settings.fault import Fault, SettingsError
from settings.misspelling import is_like
from settings.retraining import ReadServiceKeys, TrainingService, read_training_service
from settings.scoring_endpoint import (
    ReadKeys,
    ScoringEndpoint,
    Surroundings,
    is_json,
    read_endpoint,
)
from settings.secret import Secret
from settings.table import Table, text
from settings.takers import Takers
from settings.vault_secret import is_like_address, vault_secret

ENDPOINT_NAME: Final = "[a-z0-9][a-z0-9-]{0,62}"
_REFERENCE = re.compile(r"%([A-Za-z_][A-Za-z0-9_]*)%")
_UNRESOLVED: Final = "@Microsoft.KeyVault("
_ENDPOINT_TOKEN = "{endpoint}"  # noqa: S105 - a placeholder, not a password
_DEFAULTS = "defaults"
_TABLES = (_DEFAULTS, "endpoints", "training_services")


class Endpoints(msgspec.Struct, frozen=True, dict=True):
    """What an endpoints file says.

    Attributes:
        by_name: The endpoints, those with faults included.
        training_services: The training services without faults.
        faults: All that is wrong.
    """

    by_name: Mapping[str, ScoringEndpoint]
    training_services: Mapping[str, TrainingService]
    faults: tuple[Fault, ...]

    @functools.cached_property
    def takers(self) -> Takers:
        """The endpoints by what their models' names begin with."""
        return Takers(self.by_name.values())


def is_endpoint_name(name: str) -> bool:
    """Say whether *name* can be an endpoint's."""
    return re.fullmatch(ENDPOINT_NAME, name) is not None


def parse_endpoints(
    content: str,
    *,
    environ: Mapping[str, str],
    read_relative: Callable[[str], bytes],
    protocols: Mapping[str, ReadKeys],
    trainings: Mapping[str, ReadServiceKeys],
) -> Endpoints:
    """Read an endpoints file.

    Args:
        content: Its text.
        environ: The app settings, which the keys are in.
        read_relative: Reads a file by its path relative to the endpoints file; OSError or
            ValueError where that cannot be done.
        protocols: How the keys of an endpoint are read, by the name of its protocol.
        trainings: How those of a training service are.

    Raises:
        SettingsError: The text is no TOML, or its defaults are misspelt.
    """
    faults: list[Fault] = []
    tables = _tables(content, faults)
    secret = functools.partial(_secret, environ=environ)
    services = _services(tables["training_services"], secret, trainings, faults)
    around = Surroundings(
        secret=secret,
        request=functools.partial(_request, read_relative=read_relative),
        protocols=protocols,
        services=frozenset(tables["training_services"]),
        alone=len(tables["endpoints"]) == 1,
    )
    by_name = _endpoints(tables["endpoints"], tables["defaults"], around, faults)
    return Endpoints(by_name, services, tuple(faults))


def _tables(content: str, faults: list[Fault]) -> dict[str, dict[str, Any]]:
    """Give the tables of the file by name; one that is left out, or is no table, is empty."""
    try:
        document = tomllib.loads(content)
    # Not every complaint is a TOMLDecodeError: a number of 5000 digits is a plain ValueError.
    except (ValueError, RecursionError) as error:
        raise SettingsError([Fault("ENDPOINTS_FILE", f"is no TOML: {error}")]) from error
    strays = [Fault(key, "is no table of this file") for key in document if key not in _TABLES]
    for stray in strays:
        if is_like(_DEFAULTS, stray.where):
            # Meant for every endpoint: without its `auto_deploy = false` models would go live.
            what = f"has a table [{stray.where}]: is [{_DEFAULTS}] meant?"
            raise SettingsError([Fault("ENDPOINTS_FILE", what)])
    faults += strays
    tables = {key: document.get(key, {}) for key in _TABLES}
    for key, table in tables.items():
        if not isinstance(table, dict):
            faults.append(Fault(key, "must be a table"))
            tables[key] = {}
    return tables


def _services(
    tables: Mapping[str, Any],
    secret: Callable[[object], Secret],
    trainings: Mapping[str, ReadServiceKeys],
    faults: list[Fault],
) -> dict[str, TrainingService]:
    services = {}
    for name, values in tables.items():
        table = Table(f"training_services.{name}", values, [])
        service = read_training_service(table, secret, trainings)
        faults += table.faults
        if not table.faults:
            services[name] = service
    return services


def _endpoints(
    tables: Mapping[str, Any],
    defaults: Mapping[str, Any],
    around: Surroundings,
    faults: list[Fault],
) -> dict[str, ScoringEndpoint]:
    endpoints = {}
    for name, values in tables.items():
        where = f"endpoints.{name}"
        if is_endpoint_name(name):
            endpoint = read_endpoint(name, _table(where, name, values, defaults), around)
            faults += endpoint.faults
            endpoints[name] = endpoint
        else:
            what = "is no endpoint name: up to 63 of a-z, 0-9 and hyphens, no hyphen first"
            faults.append(Fault(where, what))
    return endpoints


def _table(where: str, name: str, values: object, defaults: Mapping[str, Any]) -> Table:
    """Give an endpoint's table with the defaults under it."""
    try:
        return Table(where, _named(_merged(defaults, values), name), [])
    except RecursionError:
        return Table(where, {}, [Fault(where, "has tables in tables in tables, too many")])


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
    if isinstance(value, list):
        return [_named(item, name) for item in value]
    return value


def _secret(value: object, environ: Mapping[str, str]) -> Secret:
    if isinstance(value, str) and is_like_address(value):
        return vault_secret(value.strip())
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            'must name an app setting, as in "%CENSUS_API_KEY%", or be the address of a secret in '
            "Key Vault: no key belongs here"
        )
    key = environ.get(match[1], "").strip()
    if not key:
        raise ValueError(f"names the app setting {match[1]}, which is not set")
    try:
        return _key_or_address(key)
    except ValueError as error:
        raise ValueError(f"names the app setting {match[1]}, which {error}") from None


def _key_or_address(key: str) -> Secret:
    """Read the value of an app setting."""
    if key.startswith(_UNRESOLVED):
        # The platform leaves its own reference in the place of the secret that it could not read.
        raise ValueError("holds a Key Vault reference that the platform could not resolve")
    if is_like_address(key):
        return vault_secret(key)
    if not key.isascii() or not key.isprintable():
        raise ValueError("holds no key")
    return Secret(key)


def _request(value: object, read_relative: Callable[[str], bytes]) -> bytes:
    try:
        body = read_relative(text(value))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or 'no such file'}") from error
    if not is_json(body):
        raise ValueError("names a file that is no JSON")
    return body
