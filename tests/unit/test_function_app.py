"""The table of functions: as the worker library indexes it, whatever the settings are.

`golden_functions.json` is written by hand after the design's contract, not by the app.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local_stack.functions_host import indexed_functions

ROOT = Path(__file__).parents[2]
GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("golden_functions.json").read_text("utf-8")
)
SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))[
    "Values"
]
WITHIN = 30  # seconds; an import takes half a one

IN_A_BINDING = ("MODEL_BLOBS", "WATCH_SCHEDULE", "SWEEP_SCHEDULE")
HEAVY = ("azure.identity", "croniter", "jmespath", "msgspec", "requests")
BY_THE_BINDING = {"azure.identity", "requests"}
"""What azurefunctions-extensions-bindings-blob imports of these by itself: azure.identity, and with
it requests. That costs its time whatever we do."""
OWN_AT_START = {
    "function_app",
    "settings",
    "settings.bindings",
    "telemetry",
    "telemetry.invocation",
}
OWN = {
    "function_app",
    "http_api",
    "patch_endpoint",
    "protocols",
    "retrain_trigger",
    "settings",
    "state",
    "telemetry",
}


def _python(program: str, environ: Mapping[str, str]) -> str:
    """Run a program in a fresh process that has no other environment."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def _modules(program: str) -> set[str]:
    listing = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    return set(json.loads(_python(f"{program}; {listing}", {})))


def _rows(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What is said of each function: its trigger, without the parameter's name."""
    rows = {}
    for function in indexed_functions(ROOT, environ):
        trigger, *others = function["bindings"]
        assert [one["type"] for one in others] in ([], ["http"])
        rows[function["name"]] = {
            key: value for key, value in trigger.items() if key not in {"name", "direction"}
        }
        assert function["retry"] is None
    return rows


def _golden(**changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The golden table, with other values in some of its rows."""
    rows: dict[str, dict[str, Any]] = GOLDEN["functions"]
    return {name: row | dict(changes.get(name, {})) for name, row in rows.items()}


def test_with_no_settings_at_all_the_functions_are_those_of_the_golden_table() -> None:
    assert _rows({}) == _golden()


def test_with_every_setting_there_the_bindings_name_them() -> None:
    """So the host resolves them, and a new value needs no new deployment."""
    assert _rows(SAMPLE) == _golden(**GOLDEN["where the setting exists"])


@pytest.mark.parametrize("name", IN_A_BINDING)
def test_each_binding_looks_at_its_own_setting(name: str) -> None:
    (changed,) = (
        {function: row}
        for function, row in GOLDEN["where the setting exists"].items()
        if f"%{name}%" in row.values()
    )

    assert _rows({name: SAMPLE[name]}) == _golden(**changed)


@pytest.mark.parametrize("name", IN_A_BINDING)
def test_a_setting_that_is_there_and_empty_is_taken_for_missing(name: str) -> None:
    assert _rows({name: ""}) == _golden()


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("EventGrid", "EventGrid"),
        (" eventgrid ", "EventGrid"),
        ("LogsAndContainerScan", "LogsAndContainerScan"),
        ("Polling", "LogsAndContainerScan"),  # a fault that /api/status names
        ("", "LogsAndContainerScan"),
    ],
)
def test_the_blob_source_is_the_one_that_the_setting_names(value: str, source: str) -> None:
    assert _rows({"BLOB_SOURCE": value}) == _golden(model_landed={"source": source})


def test_the_models_bytes_stay_out_of_the_worker() -> None:
    assert _rows({})["model_landed"]["properties"] == {"SupportsDeferredBinding": True}


def test_only_health_is_for_anybody() -> None:
    levels = {name: row.get("authLevel") for name, row in _rows({}).items()}

    assert [name for name, level in levels.items() if level == "ANONYMOUS"] == ["health"]
    assert set(levels.values()) == {"ANONYMOUS", "FUNCTION", None}
    assert {name for name, level in levels.items() if level is None} == {
        "model_landed",
        "watch",
        "sweep",
    }


@pytest.mark.parametrize(
    "environ",
    [
        {},
        dict.fromkeys(SAMPLE, ""),
        dict.fromkeys(SAMPLE, "nonsense"),
        dict.fromkeys(SAMPLE, "%"),
        dict.fromkeys(SAMPLE, "é\udcff{}%NAME%"),
        SAMPLE | {"ModelStorage": "AccountName=a;AccountKey=?"},
        SAMPLE | {"ModelStorage": "", "ModelStorage__blobServiceUri": "https://["},
        SAMPLE | {"AzureWebJobsStorage": ""},
        SAMPLE | {"ENDPOINTS_FILE": "/nowhere/at/all.toml"},
        SAMPLE | {"ENDPOINTS_FILE": "blob:"},
        SAMPLE | {"WATCH_SCHEDULE": "never", "SWEEP_SCHEDULE": "0 0 0 * * 7"},
        SAMPLE | {"MODEL_BLOBS": "models/{"},
        SAMPLE | {"SAS_LIFETIME": "1y", "SAS_RENEW_BEFORE": "-1h"},
    ],
    ids=[
        "nothing",
        "all empty",
        "all nonsense",
        "all percent",
        "all odd",
        "wrong key",
        "no address",
        "no state",
        "no file",
        "no blob",
        "no schedule",
        "no pattern",
        "no duration",
    ],
)
def test_the_app_is_imported_in_silence_and_has_all_functions(environ: dict[str, str]) -> None:
    """An error at import means an app without functions, and hardly a trace of why."""
    program = (
        "import function_app\n"
        "print(*(function.get_function_name() for function in function_app.app.get_functions()))"
    )

    assert _python(program, environ).split() == list(GOLDEN["functions"])


def test_indexing_imports_nothing_that_a_call_alone_needs() -> None:
    program = "import function_app; function_app.app.get_functions()"

    loaded = _modules(program)

    assert {name for name in HEAVY if name in loaded} == BY_THE_BINDING
    assert {name for name in loaded if name.partition(".")[0] in OWN} == OWN_AT_START


def test_what_is_heavy_at_start_is_the_bindings_package_s_own() -> None:
    by_itself = _modules("import azurefunctions.extensions.bindings.blob")

    assert {name for name in HEAVY if name in by_itself} == BY_THE_BINDING


def test_every_heavy_package_is_one_that_the_app_does_use() -> None:
    """Or the tests above would look for names that nobody imports."""
    used = _modules(
        "import http_api.routes, retrain_trigger.engine, croniter, jmespath, azure.identity"
    )

    assert set(HEAVY) <= used


ONLY_A_NAME = """
import function_app
from settings.fault import SettingsError

class Bound:
    def __getattr__(self, name):
        print("used:", name)
        return "a.ilearner" if name == "blob_name" else lambda *given: self

class Call:
    invocation_id, trace_context = "1", None

for function in function_app.app.get_functions():
    if function.get_function_name() == "model_landed":
        try:
            function.get_user_function()(Bound(), Call())
        except SettingsError:
            print("went on to the endpoints file, and there is none")
"""


def test_of_the_bound_blob_its_name_alone_is_used() -> None:
    """Its client knows fewer ways to sign in than ours."""
    said = _python(ONLY_A_NAME, SAMPLE | {"ENDPOINTS_FILE": "there-is-none.toml"})

    on = "went on to the endpoints file, and there is none"
    assert said.splitlines() == ["used: blob_name", on]
