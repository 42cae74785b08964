"""Endpoints files grown from a valid one by mutations, against the app in memory (invariant 10).

Whatever becomes of one endpoint's table, nothing raises, each fault names table and key and no
secret, and the endpoint beside it is deployed. The broken endpoint's models are recorded and wait.
"""

import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from settings.endpoints_file import Endpoints
from settings.fault import SettingsError
from state.endpoints_source import AppFolder, EndpointsSource
from tests.chaos.bad_input.mutation import VALUES, Mutation, leaves, mutations
from tests.chaos.bad_input.toml_text import toml_document
from tests.chaos.conftest import Figures
from tests.fakes.endpoints_folder import KEY, KEY_SETTING
from tests.fakes.small_world import SmallWorld

VALID = tomllib.loads("""
[defaults]
protocol = "studio-classic"
keep = 3

[endpoints.broken]
patch_url = "https://studio.invalid/workspaces/w/webservices/s/endpoints/{endpoint}"
api_key = "%CENSUS_API_KEY%"
resource = "Census Model [trained model]"
models = "broken/**/*.ilearner"
auto_deploy = true
keep = 5
workspace_token = "%CENSUS_API_KEY%"
create = { description = "d", throttle_level = "High", max_concurrent_calls = 20 }

[endpoints.broken.smoke_test]
score_url = "https://studio.invalid/execute?api-version=2.0&details=true"
request = "smoke/census.json"
expect = "Results.output1.value.Values[0][0] == '>50K'"

[endpoints.broken.retrain]
service = "training"
schedule = "0 0 3 * * *"
inputs.input1 = "training/census/latest.csv"
outputs.output2 = "experimentoutput/broken/{run}.ilearner"
parameters = { URI = "u", Rows = 10000 }

[endpoints.well]
patch_url = "https://studio.invalid/workspaces/w/webservices/s/endpoints/well"
api_key = "%CENSUS_API_KEY%"
models = "well/*.ilearner"

[training_services.training]
jobs_url = "https://studio.invalid/jobs"
api_key = "%CENSUS_API_KEY%"
output = "output2"
timeout = "12h"
""")
BROKEN = (("endpoints", "broken"), ("training_services", "training"))

# jmespath warns of what it still takes.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated string literal")


def _attack(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def _told(world: SmallWorld) -> tuple[str, ...]:
    """Every fault, each of them checked to be of use to a person and no danger."""
    faults = world.engine.endpoints.faults()
    for fault in faults:
        assert fault.where, fault
        assert fault.what.strip(), fault
        assert KEY not in str(fault)
    return tuple(fault.where for fault in faults)


def _the_other_is_deployed(world: SmallWorld) -> None:
    world.land("well/m.ilearner")
    assert world.sent("well") == ["well/m.ilearner"]
    assert world.engine.endpoints.current().by_name["well"].faults == ()


def _world_after(text: str) -> SmallWorld:
    """An app that had the valid file, and then finds *text* in its place."""
    world = SmallWorld(toml_document(VALID))
    assert _told(world) == ()
    world.folder.rewrite(text)
    return world


@pytest.mark.timeout(900)
def test_mutations_of_one_table_leave_the_endpoint_beside_it_in_service(
    *, full: bool, figures: Figures
) -> None:
    counted = Counter[str]()

    @_attack(1_500 if full else 150)
    @given(st.lists(mutations(VALID, BROKEN), min_size=1, max_size=4))
    def attack(changes: list[Mutation]) -> None:
        document = VALID
        for change in changes:
            document = change.applied(document)
        world = _world_after(toml_document(document))

        where = _told(world)

        counted["files"] += 1
        counted["refused whole" if where == ("ENDPOINTS_FILE",) else "read"] += 1
        counted["faults"] += len(where)
        broken = world.engine.endpoints.current().by_name.get("broken")
        assert all(
            one == "ENDPOINTS_FILE" or one.startswith(("endpoints", "training_services"))
            for one in where
        )
        _the_other_is_deployed(world)
        world.land("broken/m.ilearner")
        if broken is not None and broken.faults:
            assert world.sent("broken") == []
            counted["endpoints kept waiting"] += broken.takes("broken/m.ilearner")

    attack()
    figures(**{name.replace(" ", "_"): count for name, count in sorted(counted.items())})
    assert counted["faults"] >= counted["files"] // 2


@pytest.mark.timeout(900)
def test_one_wrong_value_is_one_fault_that_names_its_table_and_key(
    *, full: bool, figures: Figures
) -> None:
    counted = Counter[str]()

    @_attack(1_500 if full else 150)
    @given(st.sampled_from(leaves(VALID, BROKEN)), VALUES)
    def attack(path: tuple[str, ...], value: object) -> None:
        document = Mutation(path, value).applied(VALID)
        world = _world_after(toml_document(document))

        where = _told(world)

        counted["values"] += 1
        counted["faults"] += len(where)
        assert len(where) <= 1
        for one in where:
            table = ".".join(path[:2])
            assert one == "ENDPOINTS_FILE" or one.startswith(f"{table}.")
            assert one == "ENDPOINTS_FILE" or ".".join(path).startswith(one)
        _the_other_is_deployed(world)

    attack()
    figures(**counted)


@pytest.mark.timeout(900)
def test_mutations_anywhere_never_raise(*, full: bool, figures: Figures) -> None:
    everything = (("defaults",), ("endpoints",), ("training_services",))
    counted = Counter[str]()

    @_attack(1_500 if full else 150)
    @given(st.lists(mutations(VALID, everything), min_size=1, max_size=6))
    def attack(changes: list[Mutation]) -> None:
        document = VALID
        for change in changes:
            document = change.applied(document)
        world = _world_after(toml_document(document))

        counted["faults"] += len(_told(world))
        counted["files"] += 1
        world.land("well/m.ilearner")
        world.land("broken/m.ilearner")
        world.tick()
        world.sweep()

    attack()
    figures(**counted)


@pytest.mark.timeout(900)
def test_any_bytes_in_the_file_leave_the_last_good_one_in_force(
    tmp_path: Path, *, full: bool, figures: Figures
) -> None:
    file = tmp_path / "endpoints.toml"
    good = toml_document(VALID).encode()
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "census.json").write_bytes(b"{}")
    counted = Counter[str]()

    @_attack(1_500 if full else 200)
    @given(st.integers(0, len(good) - 1), st.integers(0, 40), st.binary(max_size=40))
    def attack(at: int, taken: int, put: bytes) -> None:
        file.write_bytes(good)
        source = EndpointsSource(
            AppFolder(file),
            file.name,
            environ={KEY_SETTING: KEY},
            protocols={"studio-classic": read_classic_keys},
            trainings={"studio-classic": read_classic_service_keys},
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )
        before: Endpoints = source.current()
        assert before.faults == ()
        # The size changes too, as an app notices it that looks at the file's time and size.
        damaged = good[:at] + put + good[at + taken :]
        file.write_bytes(damaged + (b"\n##" if len(damaged) + 2 == len(good) else b"\n#"))

        faults, after = source.faults(), source.current()

        counted["files"] += 1
        if after is before:
            counted["refused whole"] += 1
            assert faults
        else:
            assert after.faults == faults
        assert not any(KEY in str(fault) for fault in faults)

    attack()
    figures(**{name.replace(" ", "_"): count for name, count in counted.items()})


def test_a_file_that_never_was_one_is_one_fault_and_no_exception_of_another_kind() -> None:
    world = SmallWorld("this is no TOML")

    with pytest.raises(SettingsError, match="ENDPOINTS_FILE"):
        world.engine.endpoints.current()
