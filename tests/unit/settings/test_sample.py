"""The sample of the app settings is what the design says and what the app takes by itself."""

import json
from pathlib import Path

import pytest

from settings.app_settings import Settings, read_settings
from settings.bindings import DEFAULTS

ROOT = Path(__file__).parents[3]
SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
STORAGE = "UseDevelopmentStorage=true"

CONTRACT = {
    "STATE_CONTAINER": "retrain-state",
    "MODEL_BLOBS": "experimentoutput/{name}.ilearner",
    "ENDPOINTS_FILE": "endpoints.toml",
    "BLOB_SOURCE": "LogsAndContainerScan",
    "WATCH_SCHEDULE": "0 * * * * *",
    "SWEEP_SCHEDULE": "15 */10 * * * *",
    "SAS_LIFETIME": "24h",
    "SAS_RENEW_BEFORE": "6h",
}
"""The design's table of defaults (5, app settings)."""


def _comparable(settings: Settings) -> dict[str, object]:
    return {
        "STATE_CONTAINER": settings.state_container,
        "MODEL_BLOBS": settings.model_blobs,
        "ENDPOINTS_FILE": settings.endpoints_file,
        "WATCH_SCHEDULE": settings.watch_schedule.text,
        "SWEEP_SCHEDULE": settings.sweep_schedule.text,
        "SAS_LIFETIME": settings.sas_lifetime,
        "SAS_RENEW_BEFORE": settings.sas_renew_before,
    }


def test_the_sample_sets_every_setting_to_the_designs_default() -> None:
    storage = dict.fromkeys(["AzureWebJobsStorage", "ModelStorage", "StateStorage"], STORAGE)

    assert CONTRACT | storage | {"FUNCTIONS_WORKER_RUNTIME": "python"} == SAMPLE


def test_the_app_takes_by_itself_what_the_sample_says() -> None:
    by_itself = read_settings({"AzureWebJobsStorage": STORAGE, "ModelStorage": STORAGE})
    told = read_settings(SAMPLE)

    assert (by_itself.faults, told.faults) == ((), ())
    assert _comparable(by_itself) == _comparable(told)


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_binding_falls_back_on_the_designs_default(name: str) -> None:
    assert DEFAULTS[name] == CONTRACT[name]


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_every_setting_of_the_contract_is_read(name: str) -> None:
    """Each is looked at: a wrong value of it is a fault of that name."""
    wrong = {"ENDPOINTS_FILE": "blob:"}.get(name, "?")

    assert name in [fault.where for fault in read_settings(SAMPLE | {name: wrong}).faults]
