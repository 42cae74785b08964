"""The app settings: missing, wrong, misspelt, or left unresolved by the platform."""

from collections.abc import Iterator, Mapping
from typing import Final

from doctor.finding import Finding
from settings.app_settings import Settings
from settings.connection import is_configured
from settings.misspelling import is_like

_AREA: Final = "settings"
_README: Final = "see Settings in the README"
_SAMPLE: Final = (
    "see Settings in the README; on your machine, copy local.settings.sample.json to "
    "local.settings.json if that is not there"
)
_KNOWN: Final = (
    "FUNCTIONS_WORKER_RUNTIME",
    "AzureWebJobsStorage",
    "ModelStorage",
    "StateStorage",
    "STATE_CONTAINER",
    "MODEL_BLOBS",
    "ENDPOINTS_FILE",
    "BLOB_SOURCE",
    "WATCH_SCHEDULE",
    "SWEEP_SCHEDULE",
    "SAS_LIFETIME",
    "SAS_RENEW_BEFORE",
)
_UNRESOLVED: Final = "@Microsoft.KeyVault("


def app_settings(environ: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Look at all settings that are there, and at what the app reads of them."""
    found = [*_faults(environ, settings), *_misspelt(environ), *_unresolved(environ)]
    yield from found
    if not found:
        yield Finding(_AREA, "app settings", "ok", "all that the app reads can be read")


def _faults(environ: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    for fault in settings.faults:
        yield Finding(_AREA, fault.where, "fault", f"{fault.where} {fault.what}", _README)
    if not is_configured(environ, "AzureWebJobsStorage"):
        what = "AzureWebJobsStorage is not set: the host cannot start without a storage of its own"
        yield Finding(_AREA, "AzureWebJobsStorage", "fault", what, _SAMPLE)
    runtime = environ.get("FUNCTIONS_WORKER_RUNTIME", "python")
    if runtime.strip().lower() != "python":
        what = "FUNCTIONS_WORKER_RUNTIME is not python"
        yield Finding(_AREA, "FUNCTIONS_WORKER_RUNTIME", "fault", what, "set it to python")


def _misspelt(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in environ:
        stem = name.split("__")[0]
        meant = next((known for known in _KNOWN if _is_meant(known, stem)), None)
        if meant is not None:
            what = f"{name} is no setting of the app; {meant} has its default, or is missing"
            yield Finding(_AREA, name, "warning", what, f"if it is meant for {meant}, rename it")


def _is_meant(known: str, found: str) -> bool:
    return found not in _KNOWN and is_like(known.lower(), found.lower())


def _unresolved(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in environ.items():
        if value.strip().startswith(_UNRESOLVED):
            what = f"{name} is a Key Vault reference that was not resolved"
            fix = (
                "outside Azure: put the value itself here, or of a key the secret's address; in "
                "Azure: give the app's identity the role Key Vault Secrets User, and see the "
                "setting's state in the portal"
            )
            yield Finding(_AREA, name, "fault", what, fix)
