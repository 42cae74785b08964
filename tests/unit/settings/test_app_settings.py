"""The app settings: defaults, and every fault at once by name."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.app_settings import Settings, read_settings

STORAGE = "UseDevelopmentStorage=true"
LEAST = {"AzureWebJobsStorage": STORAGE, "ModelStorage": STORAGE}
OFTEN = {"WATCH_SCHEDULE": "*/5 * * * * *"}
CANARY = "Q0FOQVJZ"
"""Stands for a key that was pasted into the wrong setting."""

SHAPES = (
    "{}",
    "0 {} * * * *",
    "99{} * * * * *",
    "JAN {} MON * * *",
    "blob:{}",
    "{}/{{name}}",
    "x/{{{}",
    "AccountName={};AccountKey=?{}",
    "AccountKey={}",
    "AccountName=a;AccountKey=YQ==;BlobEndpoint=http://{}.example/?sig={}",
    "AccountName=[{};AccountKey=YQ==",
    "https://{}@models.example/?sig={}",
    "https://[{}",
)
NAMES = (
    "AzureWebJobsStorage",
    "ModelStorage",
    "StateStorage",
    *(
        f"{connection}__{part}"
        for connection in ("AzureWebJobsStorage", "ModelStorage", "StateStorage")
        for part in (
            "accountName",
            "blobServiceUri",
            "clientId",
            "credential",
            "queueServiceUri",
            "serviceUri",
        )
    ),
    "STATE_CONTAINER",
    "MODEL_BLOBS",
    "ENDPOINTS_FILE",
    "BLOB_SOURCE",
    "WATCH_SCHEDULE",
    "SWEEP_SCHEDULE",
    "SAS_LIFETIME",
    "SAS_RENEW_BEFORE",
)


def _said(settings: Settings) -> dict[str, object]:
    """What the settings say, comparably."""
    return {
        "state": settings.state_storage and settings.state_storage.name,
        "container": settings.state_container,
        "models": (settings.model_blobs.container, settings.model_blobs.pattern),
        "file": settings.endpoints_file,
        "watch": settings.watch_schedule.text,
        "sweep": settings.sweep_schedule.text,
        "lifetime": settings.sas_lifetime,
        "renew_before": settings.sas_renew_before,
    }


DEFAULTS = {
    "state": "AzureWebJobsStorage",
    "container": "retrain-state",
    "models": ("experimentoutput", r".*\.ilearner"),
    "file": "endpoints.toml",
    "watch": "0 * * * * *",
    "sweep": "15 */10 * * * *",
    "lifetime": timedelta(hours=24),
    "renew_before": timedelta(hours=6),
}


def test_with_storage_alone_every_other_setting_has_its_default() -> None:
    settings = read_settings(LEAST)

    assert settings.faults == ()
    assert _said(settings) == DEFAULTS


def test_a_setting_that_is_empty_has_its_default() -> None:
    settings = read_settings(dict.fromkeys(NAMES, "") | LEAST)

    assert settings.faults == ()
    assert _said(settings) == DEFAULTS


def test_every_setting_can_be_said() -> None:
    settings = read_settings(
        LEAST
        | {
            "StateStorage__accountName": "records",
            "STATE_CONTAINER": "my-records",
            "MODEL_BLOBS": "models/{name}.onnx",
            "ENDPOINTS_FILE": "blob:config/prod/endpoints.toml",
            "BLOB_SOURCE": "eventgrid",
            "WATCH_SCHEDULE": "*/5 * * * *",
            "SWEEP_SCHEDULE": "0 0 * * * *",
            "SAS_LIFETIME": "6d",
            "SAS_RENEW_BEFORE": "15m",
        }
    )

    assert settings.faults == ()
    assert _said(settings) == {
        "state": "StateStorage",
        "container": "my-records",
        "models": ("models", r".*\.onnx"),
        "file": "blob:config/prod/endpoints.toml",
        "watch": "0 */5 * * * *",
        "sweep": "0 0 * * * *",
        "lifetime": timedelta(days=6),
        "renew_before": timedelta(minutes=15),
    }


def test_all_faults_are_named_at_once_and_the_defaults_stand() -> None:
    settings = read_settings(
        {
            "StateStorage": "nonsense",
            "STATE_CONTAINER": "Records",
            "MODEL_BLOBS": "models",
            "ENDPOINTS_FILE": "blob:config",
            "BLOB_SOURCE": "Polling",
            "WATCH_SCHEDULE": "hourly",
            "SWEEP_SCHEDULE": "0 0 0 * * 7",
            "SAS_LIFETIME": "7d",
            "SAS_RENEW_BEFORE": "soon",
        }
    )

    assert {fault.where for fault in settings.faults} == {
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
    }
    assert (settings.model_storage, settings.state_storage) == (None, None)
    assert _said(settings) == DEFAULTS | {"state": None}


@pytest.mark.parametrize(
    ("values", "where", "what"),
    [
        ({"SAS_LIFETIME": "6d1h"}, "SAS_LIFETIME", "is no duration"),
        ({"SAS_LIFETIME": "145h"}, "SAS_LIFETIME", "must be 6d at most"),
        ({"SAS_LIFETIME": "6h"}, "SAS_RENEW_BEFORE", "must be shorter than SAS_LIFETIME"),
        ({"SAS_RENEW_BEFORE": "24h"}, "SAS_RENEW_BEFORE", "must be shorter than SAS_LIFETIME"),
        ({"SAS_LIFETIME": "59s", "SAS_RENEW_BEFORE": "50s"} | OFTEN, "SAS_LIFETIME", "1m at least"),
        ({"SAS_LIFETIME": "15m", "SAS_RENEW_BEFORE": "30s"}, "SAS_RENEW_BEFORE", "must be 70s"),
        (
            {"SAS_RENEW_BEFORE": "69s"},
            "SAS_RENEW_BEFORE",
            "must be 70s at least: the longest pause",
        ),
        ({"SAS_RENEW_BEFORE": "14s"} | OFTEN, "SAS_RENEW_BEFORE", "must be 15s at least"),
        ({"WATCH_SCHEDULE": "0 0 3 * * *"}, "SAS_RENEW_BEFORE", "must be 86410s at least"),
        ({"WATCH_SCHEDULE": "0 * 8-18 * * *"}, "SAS_RENEW_BEFORE", "must be 46870s at least"),
        ({"WATCH_SCHEDULE": "0 * * * * 1-5"}, "SAS_RENEW_BEFORE", "must be 172870s at least"),
        ({"MODEL_BLOBS": "retrain-kept/{name}.ilearner"}, "MODEL_BLOBS", "another container"),
        ({"STATE_CONTAINER": "retrain-kept"}, "STATE_CONTAINER", "another container"),
        ({"ENDPOINTS_FILE": "blob:retrain-kept/e.toml"}, "ENDPOINTS_FILE", "another container"),
        ({"BLOB_SOURCE": "Polling"}, "BLOB_SOURCE", "must be LogsAndContainerScan or EventGrid"),
        ({"STATE_CONTAINER": "ab"}, "STATE_CONTAINER", "is no container name"),
        ({"STATE_CONTAINER": "a--b"}, "STATE_CONTAINER", "is no container name"),
        ({"STATE_CONTAINER": "abc-"}, "STATE_CONTAINER", "is no container name"),
        ({"STATE_CONTAINER": "a" * 64}, "STATE_CONTAINER", "is no container name"),
        ({"STATE_CONTAINER": "abc\n"}, "STATE_CONTAINER", "is no container name"),
        ({"ENDPOINTS_FILE": "blob:a--b/x.toml"}, "ENDPOINTS_FILE", "must be blob:<container>"),
        ({"ENDPOINTS_FILE": "blob:config/"}, "ENDPOINTS_FILE", "must be blob:<container>/<path>"),
        ({"WATCH_SCHEDULE": "0 0 0 30 2 *"}, "WATCH_SCHEDULE", "it never occurs"),
        ({"StateStorage__clientId": "a1b2"}, "StateStorage", "is not set: a connection string"),
    ],
)
def test_a_fault_says_what_to_do(values: dict[str, str], where: str, what: str) -> None:
    (fault,) = read_settings(LEAST | values).faults

    assert fault.where == where
    assert what in fault.what


@pytest.mark.parametrize(
    "values",
    [
        {"SAS_LIFETIME": "90s", "SAS_RENEW_BEFORE": "70s"},  # the shortest at the default schedule
        {"SAS_LIFETIME": "90s", "SAS_RENEW_BEFORE": "15s"} | OFTEN,
        {"SAS_LIFETIME": "60s", "SAS_RENEW_BEFORE": "59s"} | OFTEN,
        {"SAS_LIFETIME": "6d", "SAS_RENEW_BEFORE": "3d", "WATCH_SCHEDULE": "0 * 8-18 * * 1-5"},
        {"ENDPOINTS_FILE": "retrain-kept/endpoints.toml"},
    ],
)
def test_what_the_app_can_keep_its_promises_with_is_no_fault(values: dict[str, str]) -> None:
    assert read_settings(LEAST | values).faults == ()


def test_without_any_setting_the_two_storages_are_what_is_missing() -> None:
    missing = [fault.where for fault in read_settings({}).faults]

    assert missing == ["ModelStorage", "AzureWebJobsStorage"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_no_fault_quotes_a_value(name: str, shape: str) -> None:
    settings = read_settings(LEAST | {"ModelStorage": "", name: shape.format(CANARY, CANARY)})

    assert CANARY not in " ".join(str(fault) for fault in settings.faults)


def test_the_shapes_above_do_make_faults() -> None:
    """Or the test above could not fail: no text in it is right for every setting."""
    for name in NAMES:
        if not name.endswith(("__clientId", "__serviceUri", "__queueServiceUri")):
            texts = [shape.format(CANARY, CANARY) for shape in SHAPES]
            assert any(read_settings(LEAST | {"ModelStorage": "", name: t}).faults for t in texts)


@given(
    st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=8),
        st.text() | st.sampled_from([shape.format(CANARY, CANARY) for shape in SHAPES]),
    )
)
def test_no_settings_whatever_make_the_reading_raise(environ: dict[str, str]) -> None:
    settings = read_settings(environ)

    assert (settings.model_storage is None) == any(
        fault.where.startswith("ModelStorage") for fault in settings.faults
    )
