"""The README's settings, the sample and what the app reads are the same."""

import json
import re
from typing import Any, override

import pytest

from settings.app_settings import read_settings
from settings.bindings import DEFAULTS
from tests.unit.docs.markdown import README, ROOT, code, section, table

TEXT = README.read_text("utf-8")
ROWS = {code(row["setting"])[0]: row for row in table(TEXT, "setting")}
SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
STORAGE = "UseDevelopmentStorage=true"
LEAST = {"AzureWebJobsStorage": STORAGE, "ModelStorage": STORAGE}
OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME"}


class Recording(dict[str, str]):
    """App settings that note which were asked for."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: set[str] = set()

    @override
    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    @override
    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)


def _asked() -> set[str]:
    """Every name that the app asks for: with nothing set, by key and by identity."""
    asked: set[str] = set()
    by_identity = {f"{name}__blobServiceUri": "https://a.example" for name in LEAST}
    state = {"StateStorage__accountName": "account"}
    for values in ({}, LEAST, by_identity | state):
        environ = Recording(values)
        read_settings(environ)
        asked |= environ.asked
    return asked


def test_the_table_names_the_settings_that_the_app_reads_and_no_other() -> None:
    asked = {name.split("__")[0] for name in _asked()}

    assert set(ROWS) == asked | OF_THE_HOST


def test_the_sample_holds_every_setting_of_the_table() -> None:
    assert set(SAMPLE) == set(ROWS)


def test_every_part_of_a_connection_by_identity_is_named() -> None:
    parts = {name.split("__")[1] for name in _asked() if "__" in name}
    named = set(re.findall(r"`(?:Model|State)Storage__(\w+)`", section(TEXT, "Settings")))

    assert parts == named


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if code(row["default"])])
def test_the_default_in_the_table_is_what_the_app_takes(name: str) -> None:
    default = code(ROWS[name]["default"])[0]
    left_out = read_settings(LEAST)
    if name == "StateStorage":
        assert left_out.state_storage is not None
        assert left_out.state_storage.name == default
        return

    said = read_settings(LEAST | {name: default})

    assert not said.faults
    for field in ("state_container", "model_blobs", "endpoints_file", "sas_lifetime"):
        assert getattr(said, field) == getattr(left_out, field)
    assert said.sas_renew_before == left_out.sas_renew_before
    assert said.watch_schedule.text == left_out.watch_schedule.text
    assert said.sweep_schedule.text == left_out.sweep_schedule.text
    assert default == DEFAULTS.get(name, default)
    assert default == SAMPLE[name]


def test_the_sample_is_without_faults() -> None:
    assert read_settings(SAMPLE).faults == ()


def test_the_longest_lifetime_in_the_table_is_the_longest_that_is_taken() -> None:
    longest = code(ROWS["SAS_LIFETIME"]["meaning"])[-1]
    longer = f"{int(longest[:-1]) + 1}{longest[-1]}"

    assert read_settings(LEAST | {"SAS_LIFETIME": longest}).faults == ()
    assert read_settings(LEAST | {"SAS_LIFETIME": longer}).faults
