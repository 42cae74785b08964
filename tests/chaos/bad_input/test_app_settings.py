"""App settings of any content (invariants 6 and 10).

Whatever the settings say, all functions index, reading them never raises, and each fault names a
setting of ours and never tells its value. With a fault nothing is built; without one all is.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_stack.functions_host import indexed_functions
from retrain_trigger.engine import App, Engine
from settings.app_settings import read_settings
from settings.fault import SettingsError
from tests.chaos.conftest import Figures

ROOT = Path(__file__).parents[3]
KEY = "c3VyZWx5LWEtc2VjcmV0LWtleQ=="
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=models;AccountKey={KEY}"
VALID = {
    "ModelStorage": CONNECTION,
    "StateStorage": CONNECTION,
    "AzureWebJobsStorage": CONNECTION,
    "ModelStorage__blobServiceUri": "https://models.blob.core.windows.net",
    "ModelStorage__queueServiceUri": "https://models.queue.core.windows.net",
    "ModelStorage__credential": "managedidentity",
    "ModelStorage__clientId": "0a7d5a2e-0000-4000-8000-000000000000",
    "StateStorage__blobServiceUri": "https://state.blob.core.windows.net",
    "StateStorage__accountName": "state",
    "STATE_CONTAINER": "retrain-state",
    "MODEL_BLOBS": "experimentoutput/{name}.ilearner",
    "ENDPOINTS_FILE": "blob:config/endpoints.toml",
    "BLOB_SOURCE": "LogsAndContainerScan",
    "WATCH_SCHEDULE": "0 * * * * *",
    "SWEEP_SCHEDULE": "15 */10 * * * *",
    "SAS_LIFETIME": "24h",
    "SAS_RENEW_BEFORE": "6h",
}
MARK = "xQ7vZ9"
# An environment holds bytes; what is no UTF-8 comes as lone surrogates.
CHARACTERS = st.characters(exclude_characters="\x00", exclude_categories=()).filter(
    lambda one: not "\ud800" <= one < "\udc80" and not "\udcff" < one <= "\udfff"
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=40),
    st.sampled_from(
        ["%", "%NAME%", "{", "{{", "https://[", "=", ";;=;", "blob:", "blob:a/..", "1e9"]
    ),
    st.sampled_from(["0 0 0 30 2 *", "* * * * * 7", "9" * 5_000 + "h", "é" * 9_000, "UseDevelop"]),
)


@st.composite
def _values(draw: st.DrawFn, name: str) -> str:
    """A value for a setting: any text, or a valid one with a part in place of another."""
    if draw(st.booleans()):
        return draw(TEXTS)
    valid = VALID[name]
    start = draw(st.integers(0, len(valid)))
    end = draw(st.integers(start, len(valid)))
    return valid[:start] + draw(TEXTS) + valid[end:]


@st.composite
def _environments(draw: st.DrawFn) -> dict[str, str]:
    """All settings as they should be, some of them left out and up to four wrong ones."""
    left_out = draw(st.sets(st.sampled_from(sorted(VALID)), max_size=8))
    wrong = draw(st.sets(st.sampled_from(sorted(VALID)), max_size=4))
    kept = {name: value for name, value in VALID.items() if name not in left_out}
    return kept | {name: draw(_values(name)) for name in sorted(wrong)}


def _attack(*, examples: int, full: bool) -> settings:
    """Give a form: the short one tries the same each time, the full one others."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=not full,
        print_blob=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def _names(where: str) -> bool:
    return where in VALID or where.partition("__")[0] in VALID


@pytest.mark.timeout(900)
def test_any_settings_are_read_and_their_faults_tell_names_and_no_values(
    *, full: bool, figures: Figures
) -> None:
    counted = Counter[str]()

    @_attack(examples=2_000 if full else 300, full=full)
    @given(_environments())
    def attack(environ: Mapping[str, str]) -> None:
        read = read_settings(environ)

        counted["environments"] += 1
        counted["faults"] += len(read.faults)
        counted["without_a_fault"] += not read.faults
        for fault in read.faults:
            assert _names(fault.where), fault
            assert fault.what.strip()
            assert KEY not in str(fault)
        app = App(environ, ROOT)
        if read.faults:
            with pytest.raises(SettingsError) as refused:
                _ = app.engine
            assert refused.value.faults == read.faults
        else:
            assert isinstance(app.engine, Engine)

    attack()
    figures(**counted)


@pytest.mark.timeout(900)
def test_no_fault_tells_what_a_wrong_setting_holds(*, full: bool, figures: Figures) -> None:
    """Somebody puts a key where another value belongs: the fault is for everybody to read."""
    counted = Counter[str]()

    @_attack(examples=1_000 if full else 200, full=full)
    @given(st.sampled_from(sorted(VALID)), TEXTS, TEXTS)
    def attack(name: str, before: str, after: str) -> None:
        environ = VALID | {name: f"{before}{MARK}{after}"}
        read = read_settings({key: value for key, value in environ.items() if value})

        told = " ".join(str(fault) for fault in read.faults)
        counted["values"] += 1
        counted["faults"] += len(read.faults)
        assert MARK not in told
        assert MARK not in repr(read.model_storage)

    attack()
    figures(**counted)


@pytest.mark.timeout(900)
def test_whatever_the_settings_are_every_function_is_indexed(
    *, full: bool, figures: Figures
) -> None:
    """By Microsoft's worker library, in a process whose whole environment they are."""
    expected = [one["name"] for one in indexed_functions(ROOT, {})]
    counted = Counter[str]()

    @_attack(examples=30 if full else 3, full=full)
    @given(st.fixed_dictionaries({name: _values(name) for name in VALID}))
    def attack(environ: dict[str, str]) -> None:
        indexed = indexed_functions(ROOT, environ)

        counted["processes"] += 1
        assert [one["name"] for one in indexed] == expected

    attack()
    figures(functions=len(expected), **counted)
