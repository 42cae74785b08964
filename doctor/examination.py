"""The whole examination, in the order in which things depend on each other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from doctor.app_settings import app_settings
from doctor.deployments import deployments
from doctor.endpoints import endpoint
from doctor.finding import Finding
from doctor.prerequisites import prerequisites
from doctor.queues import queue_of, queues
from doctor.shared_endpoints import shared_endpoints
from doctor.storage import Storage, storage
from doctor.timers import timers
from doctor.training import retraining, training_service
from retrain_trigger.engine import App, Engine
from retrain_trigger.side_by_side import side_by_side
from settings.connection import read_connection
from settings.endpoints_file import Endpoints
from settings.fault import SettingsError
from state.storage_errors import StorageError


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """What is examined.

    Attributes:
        folder: The folder of the app.
        environ: Its app settings.
        python: The version of Python that runs this.
        app: The app, put together out of them; nothing of it is changed.
        storage: What makes the client of a storage connection.
    """

    folder: Path
    environ: dict[str, str]
    python: tuple[int, int]
    app: App
    storage: Storage


def examined(patient: Patient) -> Iterator[Finding]:
    """Give each finding as it is made."""
    yield from prerequisites(patient.folder, patient.python, patient.environ)
    yield from app_settings(patient.environ, patient.app.settings)
    try:
        engine = patient.app.engine
    except SettingsError:
        what = "not looked at: the app settings must be mended first"
        for area in ("storage", "endpoints", "timers"):
            yield Finding(area, area, "skipped", what)
        return
    yield from _of_storage(patient, engine)
    yield from _of_endpoints(engine)
    yield from timers(engine, patient.app.now())


def _of_storage(patient: Patient, engine: Engine) -> Iterator[Finding]:
    host, _ = read_connection(patient.environ, "AzureWebJobsStorage", for_trigger=False)
    yield from storage(engine, host, patient.storage)
    if engine.settings.model_storage is not None:
        yield from queues(engine.settings.model_storage, queue_of(patient.environ))


def _of_endpoints(engine: Engine) -> Iterator[Finding]:
    area = "endpoints"
    try:
        faults = engine.endpoints.faults()
        endpoints = engine.endpoints.current()
    except SettingsError as error:
        faults, endpoints = error.faults, None
    except StorageError as error:
        fix = "mend the state storage, in which the endpoints file is"
        yield Finding(area, "ENDPOINTS_FILE", "fault", str(error), fix)
        return
    for fault in faults:
        fix = "mend it in the endpoints file; GET /api/status shows when it is well"
        yield Finding(area, fault.where, "fault", fault.what, fix)
    if endpoints is not None:
        yield from _of_each(engine, endpoints)
        yield from retraining(engine, endpoints)
        yield from deployments(engine, endpoints.by_name.keys(), engine.now())


def _of_each(engine: Engine, endpoints: Endpoints) -> Iterator[Finding]:
    """Ask endpoints and services side by side, as one that hangs takes its time."""
    sound = [one for one in endpoints.by_name.values() if not one.faults]
    container = engine.catalog.container
    looks: list[Callable[[], list[Finding]]] = [
        *(
            lambda one=one: list(endpoint(one, engine.protocols[one.protocol], container))
            for one in sound
        ),
        *(
            lambda name=name, one=one: [training_service(name, one, engine.batches[one.protocol])]
            for name, one in endpoints.training_services.items()
        ),
    ]
    found: dict[int, list[Finding]] = {}

    def look(number: int) -> None:
        found[number] = looks[number]()

    for error in side_by_side(look, range(len(looks))):
        what = f"it could not be looked at ({type(error).__name__})"
        yield Finding("endpoints", "doctor", "fault", what, "report it: this should not happen")
    for number in sorted(found):
        yield from found[number]
    yield from shared_endpoints(sound)
