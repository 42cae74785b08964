"""Scheduled retrains: on time, once, and as the file says now."""

from tests.integration.retraining.conftest import MakeApp
from tests.integration.retraining.retraining_app import OURS, RetrainingApp

EVERY_FIVE = "0 */5 * * * *"


def to_the_hour(app: RetrainingApp) -> None:
    """Go on to the next full hour, where schedules are easily counted, and tick there."""
    app.clock.instant = app.clock.instant.replace(minute=0, second=0, microsecond=0)
    app.tick(hours=1)


def submits(app: RetrainingApp) -> int:
    return len([one for one in app.received("POST") if one.path.endswith("/jobs")])


def test_a_schedule_begins_one_job_at_each_occurrence(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, schedule=EVERY_FIVE)
        to_the_hour(app)
        for _ in range(11):
            app.tick()
        jobs = app.listed()

    assert [one["cause"] for one in jobs] == ["schedule", "schedule"]
    assert [one["id"][-5:] for one in jobs] == ["0500Z", "1000Z"]


def test_occurrences_that_were_missed_collapse_into_one(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, schedule=EVERY_FIVE)
        to_the_hour(app)
        app.restart()
        app.tick(minutes=58)
        jobs = app.listed()

    assert [one["id"][-5:] for one in jobs] == ["5500Z"]


def test_a_tick_that_is_run_twice_begins_no_second_job(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, schedule=EVERY_FIVE)
        to_the_hour(app)
        app.tick(minutes=5)
        app.restart()
        app.tick(seconds=0.1)

        assert submits(app) == 1


def test_a_changed_schedule_applies_without_a_restart(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, schedule="0 0 3 1 1 *")
        to_the_hour(app)
        app.tick(minutes=5)
        before = submits(app)
        app.configure(outputs=OURS, schedule="0 7 * * * *")
        app.tick(minutes=3)

    assert (before, submits(app)) == (0, 1)


def test_an_endpoint_whose_job_runs_is_not_retrained_beside_it(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, schedule="0 * * * * *")
        app.service.script("GET", "/jobs/", times=2, status=200, body='{"StatusCode": "Running"}')
        to_the_hour(app)
        for _ in range(3):
            app.tick()

        assert submits(app) == 1
