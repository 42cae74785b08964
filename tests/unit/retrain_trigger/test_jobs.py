"""Jobs on fakes: crashes between any two calls, schedules, many endpoints, what ticks cost."""

import itertools
import json
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest

from retrain_trigger.job import Job
from retrain_trigger.jobs import JobRunsError
from retrain_trigger.request import Request
from retrain_trigger.retention import KEPT_FOR
from retrain_trigger.watch import watch
from tests.fakes.calls import CrashError
from tests.fakes.endpoints_folder import KEY_SETTING
from tests.fakes.model_catalog import ELSEWHERE
from tests.fakes.small_world import NAME, SmallWorld

LATEST = 'outputs.output2 = "experimentoutput/{name}/latest.ilearner"'
OURS = 'outputs.output2 = "experimentoutput/{name}/{{run}}.ilearner"'
SERVICE = f"""
[training_services.training]
jobs_url = "https://training.invalid/workspaces/w/services/s/jobs"
api_key = "%{KEY_SETTING}%"
"""
AT_ONCE = """
[training_services.training]
protocol = "azureml-online"
workspace = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
datastores = { training = "training", experimentoutput = "models" }
job = { jobType = "Command", command = "python train.py" }
"""
of_either_kind = pytest.mark.parametrize(
    "service", [SERVICE, AT_ONCE], ids=["started apart", "started by its submission"]
)
# The clock begins at six; the first tick only takes its bearings.
AT_SIX_TWO = 'schedule = "0 2 6 * * *"'


def retrained(name: str = NAME, outputs: str = OURS, schedule: str = "") -> str:
    """The table of an endpoint that takes its own jobs' models alone."""
    return f"""
[endpoints.{name}]
patch_url = "https://studio.invalid/workspaces/w/webservices/s/endpoints/{name}"
api_key = "%{KEY_SETTING}%"
resource = "Census Model [trained model]"
[endpoints.{name}.retrain]
service = "training"
inputs.input1 = "training/{name}.csv"
{outputs.format(name=name)}
{schedule}
"""


def world(outputs: str = OURS, schedule: str = "", service: str = SERVICE) -> SmallWorld:
    return SmallWorld(retrained(outputs=outputs, schedule=schedule), service)


def jobs_of(small: SmallWorld) -> list[Job]:
    names = small.store.names("jobs/")
    return [msgspec.json.decode(small.store.content(name), type=Job) for name in names]


def begin(small: SmallWorld) -> Job:
    endpoint = small.engine.endpoints.current().by_name[NAME]
    return small.engine.jobs.begin(endpoint, Request(by="somebody"))


@of_either_kind
def test_a_scheduled_job_begins_is_polled_and_its_model_goes_live(service: str) -> None:
    small = world(schedule=AT_SIX_TWO, service=service)
    for _ in range(5):
        small.tick()
    [job] = jobs_of(small)

    assert (job.id, job.state, job.cause) == ("census_20260302T060200Z", "finished", "schedule")
    assert small.sent() == [f"census/{job.id}.ilearner"]
    assert small.desired().state == "live"
    # What is left wakes the endpoint for its renewal; nothing is left of the job.
    assert [name.split("/")[2] for name in small.store.names("agenda/")] == ["endpoint"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("outputs", "service"),
    [(OURS, SERVICE), ("", SERVICE), (OURS, AT_ONCE), (LATEST, AT_ONCE)],
    ids=["ours", "the service's own", "by its submission", "by its submission, over another"],
)
def test_a_crash_at_any_call_runs_no_job_twice_and_forgets_none(
    outputs: str, service: str, *, after: bool
) -> None:
    for number in itertools.count(1):
        small = world(outputs, AT_SIX_TWO, service)
        small.tick()
        small.calls.crash_at(number, after=after)
        for _ in range(3):
            with suppress(CrashError):
                small.tick()
        crashed = small.calls.has_crashed
        small.restart()
        for _ in range(12):
            small.tick()

        where = f"call {number}"
        assert [job.starts for job in small.training.started] == [1], where
        assert [job.state for job in jobs_of(small)] == ["finished"], where
        assert small.desired().state == "live", where
        agenda = small.store.names("agenda/")
        assert [name.split("/")[2] for name in agenda] == ["endpoint"], where
        if not crashed:
            assert number > 18
            break


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@of_either_kind
def test_a_crash_while_a_person_is_answered_forgets_no_job_that_was_begun(
    service: str, *, after: bool
) -> None:
    for number in itertools.count(1):
        small = world(service=service)
        small.calls.crash_at(number, after=after)
        with suppress(CrashError):
            begin(small)
        crashed = small.calls.has_crashed
        small.restart()
        claimed = small.store.names("latest-jobs/")
        for _ in range(12):
            small.tick()

        # Before the claim nothing was begun, and the person got no answer.
        expected = ["finished"] if claimed else []
        assert [job.state for job in jobs_of(small)] == expected, f"call {number}"
        assert len(small.training.started) == len(expected), f"call {number}"
        if not crashed:
            break


@pytest.mark.parametrize(
    ("call", "service"),
    [("training.submit", SERVICE), ("training.start", SERVICE), ("training.submit", AT_ONCE)],
)
def test_somebody_else_driving_the_same_job_starts_it_once(call: str, service: str) -> None:
    small = world(service=service)

    def other_instance() -> None:
        small.engine.jobs.drive(small.store.names("jobs/")[0][5:-5])

    small.calls.script(call, other_instance)
    begin(small)
    for _ in range(6):
        small.tick()

    assert [job.starts for job in small.training.started] == [1]
    assert [job.state for job in jobs_of(small)] == ["finished"]


def test_the_endpoint_has_one_job_at_a_time() -> None:
    small = world()
    small.training.ends_as = "running"
    first = begin(small)

    with pytest.raises(JobRunsError) as error:
        begin(small)
    assert error.value.job.id == first.id


@of_either_kind
def test_a_job_its_service_does_not_know_any_more_has_failed(service: str) -> None:
    small = world(service=service)
    job = begin(small)
    small.training.jobs.clear()
    for _ in range(8):
        small.tick()

    [lost] = jobs_of(small)
    assert (lost.id, lost.state) == (job.id, "failed")
    assert lost.error is not None
    assert lost.error.code == "job_lost"


def test_what_a_job_left_elsewhere_is_renewed_for_a_month() -> None:
    small = world(outputs="")
    begin(small)
    small.tick()
    small.run(days=30)
    blobs = {one.blob for one in small.scoring.sent}
    serving = small.record().serving

    [job] = small.training.jobs.values()
    assert blobs == {f"{ELSEWHERE}/{job.id}/{job.id}.ilearner"}
    assert 40 <= len(small.sent()) <= 50
    assert serving is not None
    assert serving.token_expires_at > small.clock()


def test_an_idle_tick_is_one_list_and_one_heartbeat_though_the_file_has_schedules() -> None:
    small = world(schedule='schedule = "0 0 3 * * *"')
    small.tick()
    small.calls.forget()
    small.tick()

    assert [one.what for one in small.calls.made] == ["state.list", "state.put"]


def test_a_schedule_that_could_not_be_recorded_is_seen_to_by_the_next_tick() -> None:
    small = world(schedule=AT_SIX_TWO)
    small.tick()
    small.calls.fail("state.write", OSError("no"), name_part="latest-jobs/")
    small.tick()
    assert jobs_of(small) == []
    small.tick()

    assert [job.id for job in jobs_of(small)] == ["census_20260302T060200Z"]


def test_occurrences_missed_in_an_outage_collapse_into_one() -> None:
    small = world(schedule='schedule = "0 */10 * * * *"')
    small.tick()
    small.restart()
    small.clock.advance(hours=5)
    watch(small.engine)

    assert [job.id for job in jobs_of(small)] == ["census_20260302T110000Z"]


def test_a_first_tick_ever_begins_nothing_that_was_due_before_it() -> None:
    small = world(schedule='schedule = "0 */10 * * * *"')
    small.clock.advance(hours=5)
    small.tick()

    assert jobs_of(small) == []


def test_200_endpoints_of_one_training_service_each_take_their_own_model() -> None:
    names = [f"place-{number:03}" for number in range(200)]
    small = SmallWorld(*(retrained(name, schedule=AT_SIX_TWO) for name in names), SERVICE)
    for _ in range(6):
        small.tick()

    assert len(small.training.started) == 200
    for name in names:
        assert small.sent(name) == [f"{name}/{name}_20260302T060200Z.ilearner"]
        assert small.desired(name).state == "live"


@of_either_kind
def test_jobs_that_ended_long_ago_are_forgotten_but_not_the_last(service: str) -> None:
    small = world(service=service)
    for _ in range(3):
        begin(small)
        small.tick()
        small.tick()
    small.sweep()
    kept = [job.id for job in jobs_of(small)]
    small.clock.advance(days=KEPT_FOR.days, hours=1)
    small.sweep()

    assert len(kept) == 3
    assert [job.id for job in jobs_of(small)] == kept[-1:]


@of_either_kind
def test_a_job_that_nothing_wakes_is_woken_by_the_sweep(service: str) -> None:
    small = world(service=service)
    begin(small)
    for name in small.store.names("agenda/"):
        small.store.delete(name)
    small.clock.instant += timedelta(days=1)
    small.sweep()

    assert [job.state for job in jobs_of(small)] == ["finished"]


def test_no_record_and_no_listing_holds_a_signature() -> None:
    small = world(outputs="")
    begin(small)
    for _ in range(4):
        small.tick()
    everything = [
        small.store.content(name).decode() + json.dumps(dict(small.store.metadata(name)))
        for name in small.store.names()
    ]

    assert not [one for one in everything if "sig=" in one]


def test_what_another_instance_has_seen_to_is_not_begun_again_under_a_new_schedule() -> None:
    small = world(schedule=AT_SIX_TWO)
    small.tick()
    idle = small.engine
    small.restart()
    for _ in range(9):
        small.tick()
    small.folder.rewrite(retrained(schedule='schedule = "0 5 6 * * *"'), SERVICE)
    small.clock.advance(minutes=1)
    watch(idle)

    assert [job.id for job in jobs_of(small)] == ["census_20260302T060200Z"]
