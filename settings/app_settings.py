"""The app settings, read once from a mapping, all faults together."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import msgspec

from settings.bindings import DEFAULTS
from settings.connection import Connection, is_configured, read_connection
from settings.container import (
    KEEPS_COPIES,
    is_container_and_blob,
    is_container_name,
    is_ours_alone,
)
from settings.duration import parse_duration
from settings.fault import Fault
from settings.model_blobs import ModelBlobs, parse_model_blobs
from settings.schedule import Schedule

SHORTEST_SAS_LIFETIME = timedelta(minutes=1)
LONGEST_SAS_LIFETIME = timedelta(days=6)
_TO_SEND_IN = timedelta(seconds=10)
_SOURCES = ("LogsAndContainerScan", "EventGrid")


class Settings(msgspec.Struct, frozen=True):
    """What the app settings say. One with a fault has its default, or None.

    Attributes:
        model_storage: Where models land.
        state_storage: Where records and agenda live.
        state_container: Their container.
        model_blobs: Which blobs are models.
        endpoints_file: A path in the app, or `blob:<container>/<path>` in the state storage.
        watch_schedule: When `watch` runs.
        sweep_schedule: When `sweep` runs.
        sas_lifetime: How long a model token is valid, from its signing.
        sas_renew_before: How long before its expiry a token is renewed.
        faults: All that is wrong; with any of them nothing is deployed.
    """

    model_storage: Connection | None
    state_storage: Connection | None
    state_container: str
    model_blobs: ModelBlobs
    endpoints_file: str
    watch_schedule: Schedule
    sweep_schedule: Schedule
    sas_lifetime: timedelta
    sas_renew_before: timedelta
    faults: tuple[Fault, ...]


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the app settings out of *environ*. Never raises: what is wrong is in `faults`."""
    reading = _Reading(environ)
    setting = reading.setting
    lifetime = setting("SAS_LIFETIME", "24h", _lifetime)
    renew_before = setting("SAS_RENEW_BEFORE", "6h", parse_duration)
    watch = setting("WATCH_SCHEDULE", DEFAULTS["WATCH_SCHEDULE"], Schedule)
    reading.faults += _renewed_too_late(renew_before, lifetime, watch)
    setting("BLOB_SOURCE", DEFAULTS["BLOB_SOURCE"], _source)
    state_name = "StateStorage" if is_configured(environ, "StateStorage") else "AzureWebJobsStorage"
    return Settings(
        model_storage=reading.connection("ModelStorage", for_trigger=True),
        state_storage=reading.connection(state_name, for_trigger=False),
        state_container=setting("STATE_CONTAINER", "retrain-state", _container),
        model_blobs=setting("MODEL_BLOBS", DEFAULTS["MODEL_BLOBS"], parse_model_blobs),
        endpoints_file=setting("ENDPOINTS_FILE", "endpoints.toml", _endpoints_file),
        watch_schedule=watch,
        sweep_schedule=setting("SWEEP_SCHEDULE", DEFAULTS["SWEEP_SCHEDULE"], Schedule),
        sas_lifetime=lifetime,
        sas_renew_before=renew_before,
        faults=tuple(reading.faults),
    )


class _Reading:
    """The settings as they are read, and what was found wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[Fault] = []

    def setting[T](self, name: str, default: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(self._environ.get(name) or default)
        except ValueError as error:
            self.faults.append(Fault(name, str(error)))
            return parse(default)

    def connection(self, name: str, *, for_trigger: bool) -> Connection | None:
        connection, faults = read_connection(self._environ, name, for_trigger=for_trigger)
        self.faults += faults
        return connection


def _renewed_too_late(
    renew_before: timedelta, lifetime: timedelta, watch: Schedule
) -> Iterator[Fault]:
    """Say if a token would not be renewed before it expires: `watch` alone renews."""
    least = watch.longest_pause() + _TO_SEND_IN
    if renew_before >= lifetime:
        yield Fault("SAS_RENEW_BEFORE", "must be shorter than SAS_LIFETIME")
    elif renew_before < least:
        seconds = f"{least.total_seconds():.0f}s"
        what = (
            f"must be {seconds} at least: the longest pause of WATCH_SCHEDULE, and 10s to send in"
        )
        yield Fault("SAS_RENEW_BEFORE", what)


def _lifetime(text: str) -> timedelta:
    lifetime = parse_duration(text)
    if lifetime < SHORTEST_SAS_LIFETIME:
        raise ValueError("must be 1m at least: an endpoint may take as long to answer a PATCH")
    if lifetime > LONGEST_SAS_LIFETIME:
        raise ValueError("must be 6d at most: a user delegation key lives 7 days")
    return lifetime


def _source(text: str) -> str:
    for source in _SOURCES:
        if text.strip().lower() == source.lower():
            return source
    raise ValueError(f"must be {' or '.join(_SOURCES)}")


def _container(text: str) -> str:
    if not is_container_name(text):
        raise ValueError("is no container name: 3 to 63 of a-z, 0-9 and single hyphens")
    if is_ours_alone(text):
        raise ValueError(f"must name another container: {KEEPS_COPIES}")
    return text


def _endpoints_file(text: str) -> str:
    blob = text.removeprefix("blob:")
    if blob == text:
        return text
    if not is_container_and_blob(blob):
        raise ValueError("must be blob:<container>/<path>, or a path in the app")
    if is_ours_alone(blob.partition("/")[0]):
        raise ValueError(f"must be in another container: {KEEPS_COPIES}")
    return text
