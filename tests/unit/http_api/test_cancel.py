"""What the dry run of a cancel says is what the cancel does, whatever the job is in."""

from collections.abc import Callable
from http import HTTPStatus

import pytest

from protocols.protocol import Unsettled
from state.storage_errors import UnavailableError
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import SmallWorld
from tests.unit.retrain_trigger.test_jobs import begin, jobs_of, world


def created() -> SmallWorld:
    small = world()
    small.training.says["submit"] = [Unsettled("http_503", "busy")]
    begin(small)
    return small


def running() -> SmallWorld:
    small = world()
    small.training.ends_as = "running"
    begin(small)
    return small


def cancelling() -> SmallWorld:
    small = running()
    small.training.cancels = False
    small.engine.jobs.cancel(jobs_of(small)[0].id, "ada")
    return small


def trained() -> SmallWorld:
    small = world()
    begin(small)
    down = UnavailableError("write", code="down")
    small.calls.fail("state.write", down, name_part="endpoints/", times=9)
    small.tick()
    return small


def finished() -> SmallWorld:
    small = world()
    begin(small)
    small.run(minutes=5)
    return small


def test_who_cancelled_and_why_is_on_record_without_secrets() -> None:
    small = running()
    [job] = jobs_of(small)
    body = {"reason": "wrong data, see https://a.example/m?sig=c2VjcmV0c2VjcmV0"}
    ada = {"x-ms-client-principal-name": "ada@example.com"}
    routes = routes_of(small)

    answer = routes.cancel_job(asking(f"POST jobs/{job.id}/cancel", body, ada))
    shown = document(routes.get_job(asking(f"GET jobs/{job.id}")))

    assert answer.status_code == HTTPStatus.OK
    assert (shown["cancelled_by"], shown["cancel_reason"]) == (
        "ada@example.com",
        "wrong data, see https://a.example/m?sig=<SECRET>",
    )


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (created, HTTPStatus.OK),
        (running, HTTPStatus.OK),
        (cancelling, HTTPStatus.ACCEPTED),
        (trained, HTTPStatus.CONFLICT),
        (finished, HTTPStatus.CONFLICT),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_dry_run_of_a_cancel_is_turned_down_where_the_cancel_is(
    make: Callable[[], SmallWorld], expected: HTTPStatus
) -> None:
    small = make()
    [job] = jobs_of(small)
    assert job.state == make.__name__
    path = f"POST jobs/{job.id}/cancel"
    plan = routes_of(small).cancel_job(asking(f"{path}?dry_run=true"))
    assert jobs_of(small) == [job]
    answer = routes_of(small).cancel_job(asking(path))

    assert answer.status_code == expected
    if expected == HTTPStatus.CONFLICT:
        assert (plan.status_code, document(plan)) == (answer.status_code, document(answer))
    else:
        assert plan.status_code == HTTPStatus.OK
        assert document(plan)["decision"] == "cancel"
