"""What a job left in its service's own storage: sent while its service says where, never given up.

An unknown job is said by a proxy too, and by an address that is wrong for a minute.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from patch_endpoint.job_results import ResultUnavailableError
from patch_endpoint.record import Serving
from patch_endpoint.steps import releasing, rolling_back
from patch_endpoint.trained_model import JobOutput
from protocols.batch import BatchJob
from protocols.protocol import Refused, Unsettled
from retrain_trigger.service_results import ServiceResults
from settings.retraining import TrainingService
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.retrain_trigger.test_jobs import SERVICE, begin, jobs_of, retrained, world

type Look = BatchJob | Refused | Unsettled
NOT_FOUND = Refused("http_404", "a proxy's own page")
GONE = Refused("http_410", "gone")
LANDED = f"{NAME}/landed.ilearner"


def no_output(answer: Look) -> Look:
    return replace(answer, results={}) if isinstance(answer, BatchJob) else answer


@contextmanager
def answering(small: SmallWorld, instead: Callable[[Look], Look]) -> Iterator[None]:
    """Have the training service answer looks at its jobs otherwise."""
    look = small.training.look

    def otherwise(service: TrainingService, job_id: str) -> Look:
        return instead(look(service, job_id))

    small.training.look = otherwise  # type: ignore[method-assign] # the service changes its mind
    try:
        yield
    finally:
        small.training.look = look  # type: ignore[method-assign] # as above


def deployed() -> SmallWorld:
    """A world whose endpoint serves what a job left elsewhere."""
    small = world(outputs="")
    begin(small)
    small.tick()
    small.run(hours=1)
    assert small.desired().state == "live"
    return small


def serving_of(small: SmallWorld) -> Serving:
    serving = small.record().serving
    assert serving is not None
    return serving


@pytest.mark.parametrize(
    "answer",
    [lambda _: NOT_FOUND, lambda _: GONE, no_output],
    ids=["404", "410", "without the output"],
)
def test_a_renewal_goes_on_by_itself_once_the_service_answers_again(
    answer: Callable[[Look], Look],
) -> None:
    small = deployed()

    with answering(small, answer):
        small.run(hours=18)
        error = serving_of(small).error
        assert small.desired().state == "live"
        assert error is not None
        assert error.code == "result_unavailable"
    small.run(minutes=16)

    assert len(small.sent()) == 2
    assert serving_of(small).renewable
    assert serving_of(small).token_expires_at > small.clock() + timedelta(hours=12)
    assert serving_of(small).error is None


def test_it_is_asked_for_with_pauses_of_a_quarter_of_an_hour_at_most() -> None:
    small = deployed()
    with answering(small, lambda _: NOT_FOUND):
        small.run(hours=19)
        small.calls.forget()
        small.run(hours=10)

    assert 38 <= small.calls.count("training.look") <= 42


@pytest.mark.parametrize("answer", [lambda _: NOT_FOUND, no_output], ids=["404", "no output"])
def test_a_model_on_its_way_stays_pending_and_goes_live_once_the_service_answers(
    answer: Callable[[Look], Look],
) -> None:
    small = world(outputs="")
    begin(small)
    small.scoring.down = Unsettled("http_503", "down")
    small.tick()
    small.scoring.down = None

    with answering(small, answer):
        small.run(days=1)
        assert small.desired().state == "pending"
        assert small.desired().error is not None
    small.run(minutes=20)

    assert small.desired().state == "live"


def both_ways() -> SmallWorld:
    """A world whose endpoint takes landed models, and results that its service keeps."""
    table = retrained(outputs="").replace(
        "[endpoints.census.retrain]",
        f"""
models = "{NAME}/**"
keep = 0
[endpoints.census.retrain]""",
    )
    return SmallWorld(table, SERVICE)


def pending_for_ever() -> SmallWorld:
    """A world that serves a landed model; the newer one is a result that nobody knows any more."""
    small = both_ways()
    small.land(LANDED)
    small.run(minutes=3)
    begin(small)
    small.scoring.down = Unsettled("no_answer", "down", maybe_applied=False)
    small.tick()
    small.scoring.down = None
    small.training.jobs.clear()
    small.run(minutes=20)
    desired = small.desired()
    assert (desired.model.from_job is not None, desired.state) == (True, "pending")
    return small


def test_what_serves_is_renewed_while_the_service_has_forgotten_a_newer_model() -> None:
    small = pending_for_ever()

    small.run(days=4)

    assert small.desired().state == "pending"
    assert serving_of(small).model.name == LANDED
    assert serving_of(small).token_expires_at > small.clock()
    assert 5 <= len(small.sent()) <= 8


def test_what_serves_and_is_gone_does_not_refuse_the_newer_model() -> None:
    small = pending_for_ever()
    small.catalog.delete(LANDED)
    small.run(days=4)

    assert small.desired().state == "pending"
    assert small.desired().model.from_job is not None
    assert not serving_of(small).renewable


def test_a_newer_model_wins_over_one_that_its_service_has_forgotten() -> None:
    small = pending_for_ever()

    small.land(f"{NAME}/newer.ilearner")
    small.run(minutes=3)

    assert (small.desired().model.name, small.desired().state) == (f"{NAME}/newer.ilearner", "live")


def test_a_result_of_a_job_that_is_not_finished_is_not_sent() -> None:
    small = deployed()

    def unfinished(answer: Look) -> Look:
        assert isinstance(answer, BatchJob)
        return replace(answer, status="running", said="Running")

    with answering(small, unfinished):
        small.run(hours=20)

    assert len(small.sent()) == 1


def test_the_service_is_asked_anew_once_its_last_answer_is_half_a_minute_old() -> None:
    small = world(outputs="")
    begin(small)
    small.tick()
    [job] = jobs_of(small)
    output = JobOutput("training", job.job_id or "", "output2")
    results = ServiceResults(small.engine.batches, small.engine.endpoints)
    small.calls.forget()

    results.location(output, small.clock())
    results.location(output, small.clock() + timedelta(seconds=30))
    assert small.calls.count("training.look") == 1
    results.location(output, small.clock() + timedelta(seconds=31))
    assert small.calls.count("training.look") == 2


@pytest.mark.parametrize("answer", [lambda _: NOT_FOUND, no_output], ids=["404", "no output"])
def test_the_reason_is_said(answer: Callable[[Look], Look]) -> None:
    small = deployed()
    [job] = jobs_of(small)
    results = ServiceResults(small.engine.batches, small.engine.endpoints)

    with answering(small, answer), pytest.raises(ResultUnavailableError, match="could not say"):
        results.location(JobOutput("training", job.job_id or "", "output2"), small.clock())


@pytest.mark.parametrize("held", [False, True], ids=["auto_deploy = false", "held"])
def test_a_result_waits_for_a_person_where_landings_do(*, held: bool) -> None:
    table = retrained(outputs="")
    if not held:
        table = table.replace("resource =", "auto_deploy = false\nresource =")
    small = SmallWorld(table, SERVICE)
    if held:
        hold(small)
    sent = len(small.sent())

    begin(small)
    small.run(hours=6)
    waiting = small.record().waiting
    assert waiting is not None
    assert (waiting.model.from_job is not None, waiting.state) == (True, "waiting")
    assert len(small.sent()) == sent

    endpoint = small.engine.endpoints.current().by_name[NAME]
    small.engine.deployer.work(endpoint, releasing("ada", None))
    assert len(small.sent()) == sent + 1


def hold(small: SmallWorld) -> None:
    """Have two results go live, and a person roll back to the first."""
    for _ in range(2):
        begin(small)
        small.run(minutes=5)
    endpoint = small.engine.endpoints.current().by_name[NAME]
    small.engine.deployer.work(endpoint, rolling_back("ada", None, hold=True))
    small.run(minutes=5)
    assert small.record().held is not None


def test_a_result_that_must_wait_does_not_push_aside_what_a_person_asked_for() -> None:
    small = both_ways()
    small.land(LANDED)
    small.run(minutes=3)
    lived = small.land(f"{NAME}/newer.ilearner")
    small.run(minutes=3)
    endpoint = small.engine.endpoints.current().by_name[NAME]
    small.scoring.down = Unsettled("http_503", "down")
    small.clock.advance(minutes=1)
    small.engine.deployer.work(endpoint, rolling_back("ada", None, hold=True))

    small.run(minutes=2)
    begin(small)
    small.run(minutes=10)

    assert small.desired().requested_by == "ada"
    assert small.desired().state == "pending"
    waiting = small.record().waiting
    assert waiting is not None
    assert waiting.model.from_job is not None
    assert lived != small.desired().model
