"""Each person's word is one line in the log, with who, why and what became of it."""

import logging
import shlex
from collections.abc import Callable

import azure.functions as func
import pytest

from http_api.routes import Routes
from state.storage_errors import UnavailableError
from tests.fakes.endpoints_folder import KEY_SETTING, table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

FIRST, SECOND = f"{NAME}/1.ilearner", f"{NAME}/2.ilearner"
ADA = {"x-ms-client-principal-name": "ada@example.com"}
WHY = {"reason": "worse on rare digits"}
RETRAINED = f"""
{table(NAME)}
[endpoints.{NAME}.retrain]
service = "training"
[training_services.training]
jobs_url = "https://studio.invalid/jobs"
api_key = "%{KEY_SETTING}%"
"""

type Verb = Callable[[Routes, func.HttpRequest], func.HttpResponse]


def heard(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    """Read the lines about words; each other field is as it stands in the line."""
    lines = [one.getMessage() for one in caplog.records if one.name == "http_api.person"]
    assert all(line.startswith("person.asked ") for line in lines), lines
    caplog.clear()
    return [dict(part.split("=", 1) for part in shlex.split(line)[1:]) for line in lines]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "http_api.person")
    return caplog


@pytest.fixture
def world() -> SmallWorld:
    """An endpoint that two models were live at, one after the other."""
    world = SmallWorld(RETRAINED)
    for name in (FIRST, SECOND):
        world.land(name)
        world.run(minutes=10)
    return world


VERBS: list[tuple[str, Verb, dict[str, str], str, int]] = [
    ("redeploy", Routes.redeploy, {"model": FIRST}, "patched", 202),
    ("redeploy", Routes.redeploy, {}, "patched", 202),
    ("rollback", Routes.rollback, {}, "patched", 202),
    ("release", Routes.release, {}, "live", 200),
    ("retrain", Routes.retrain, {}, "running", 202),
]


@pytest.mark.parametrize("case", VERBS, ids=lambda case: f"{case[0]} {case[2]}")
def test_who_why_when_and_what_became_of_it_is_in_one_line(
    world: SmallWorld,
    log: pytest.LogCaptureFixture,
    case: tuple[str, Verb, dict[str, str], str, int],
) -> None:
    verb, function, more, verdict, status = case
    answer = function(routes_of(world), asking(f"POST endpoints/{NAME}/{verb}", WHY | more, ADA))

    assert answer.status_code == status
    expected = {
        "verb": verb,
        "endpoint": NAME,
        "by": "ada@example.com",
        "reason": WHY["reason"],
        "at": world.clock.instant.isoformat(),
        "dry_run": "False",
        "verdict": verdict,
        "status": str(status),
    }
    assert heard(log) == [expected | ({"named": more["model"]} if more else {})]


@pytest.mark.parametrize(
    ("verb", "function", "verdict"),
    [
        ("redeploy", Routes.redeploy, "patch"),
        ("rollback", Routes.rollback, "patch"),
        ("release", Routes.release, "wait"),
        ("retrain", Routes.retrain, "submit"),
    ],
)
def test_a_dry_run_is_told_as_one_with_what_it_foresaw(
    world: SmallWorld,
    log: pytest.LogCaptureFixture,
    verb: str,
    function: Verb,
    verdict: str,
) -> None:
    request = asking(f"POST endpoints/{NAME}/{verb}?dry_run=true", WHY, ADA)

    assert function(routes_of(world), request).status_code == 200

    (line,) = heard(log)
    assert (line["dry_run"], line["verdict"], line["by"]) == ("True", verdict, "ada@example.com")


def test_a_cancelled_job_is_told_with_its_name(
    world: SmallWorld, log: pytest.LogCaptureFixture
) -> None:
    world.training.ends_as = "running"
    routes = routes_of(world)
    job = document(routes.retrain(asking(f"POST endpoints/{NAME}/retrain", WHY, ADA)))["id"]
    again = routes.retrain(asking(f"POST endpoints/{NAME}/retrain"))
    planned = routes.cancel_job(asking(f"POST jobs/{job}/cancel?dry_run=true", None, ADA))
    done = routes.cancel_job(asking(f"POST jobs/{job}/cancel", WHY, ADA))
    late = routes.cancel_job(asking(f"POST jobs/{job}/cancel", None, ADA))

    assert [one.status_code for one in (again, planned, late)] == [409, 200, 409]
    lines = heard(log)
    said = [(one["verb"], one["dry_run"], one["verdict"], one["status"]) for one in lines]
    assert said == [
        ("retrain", "False", "running", "202"),
        ("retrain", "False", "job_runs", "409"),
        ("cancel", "True", "cancel", "200"),
        ("cancel", "False", document(done)["state"], str(done.status_code)),
        ("cancel", "False", "turned_down", "409"),
    ]
    assert {one["endpoint"] for one in lines} == {NAME}
    assert {one["named"] for one in lines[2:]} == {job}
    assert lines[3]["reason"] == WHY["reason"]
    assert "cancelled" in lines[-1]["message"]


def test_a_word_that_is_turned_down_is_told_with_why(log: pytest.LogCaptureFixture) -> None:
    world = SmallWorld()

    routes_of(world).rollback(asking(f"POST endpoints/{NAME}/rollback", WHY, ADA))
    routes_of(world).redeploy(asking(f"POST endpoints/{NAME}/redeploy", {"model": SECOND}, ADA))
    routes_of(world).retrain(asking(f"POST endpoints/{NAME}/retrain", WHY, ADA))
    routes_of(world).create_endpoint(asking(f"POST endpoints/{NAME}/create", None, ADA))

    lines = heard(log)
    assert [(one["verb"], one["verdict"], one["status"]) for one in lines] == [
        ("rollback", "turned_down", "409"),
        ("redeploy", "turned_down", "404"),
        ("retrain", "turned_down", "422"),
        ("create", "turned_down", "422"),
    ]
    assert all(one["message"] for one in lines)
    assert lines[0]["reason"] == WHY["reason"]


def test_a_word_that_storage_did_not_take_down_is_told(log: pytest.LogCaptureFixture) -> None:
    world = SmallWorld()
    world.calls.fail("state.read", UnavailableError("read", 503, "ServerBusy"))

    answer = routes_of(world).release(asking(f"POST endpoints/{NAME}/release", WHY, ADA))

    assert answer.status_code == 503
    (line,) = heard(log)
    assert (line["verdict"], line["by"]) == ("failed", "ada@example.com")
    assert "ServerBusy" in line["message"]


def test_no_secret_of_a_reason_or_a_name_is_in_the_line(
    world: SmallWorld, log: pytest.LogCaptureFixture
) -> None:
    secret = "c2VjcmV0c2VjcmV0c2VjcmV0"
    why = {"reason": f"see https://a.example/m?sig={secret} and Bearer {secret}\nverdict=live"}
    who = {"x-ms-client-principal-name": f"ada?sig={secret}"}

    routes_of(world).release(asking(f"POST endpoints/{NAME}/release", why, who))

    assert secret not in log.text
    assert "<SECRET>" in log.text
    (record,) = [one for one in log.records if one.name == "http_api.person"]
    assert "\n" not in record.getMessage()
