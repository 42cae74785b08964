"""What all answers have in common."""

import re
from collections.abc import Iterator
from typing import Any

import azure.functions as func
import pytest

from tests.fakes.endpoints_folder import KEY_SETTING, table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

RETRAINED = f"""
{table(NAME)}
[endpoints.{NAME}.retrain]
service = "training"
[training_services.training]
jobs_url = "https://studio.invalid/jobs"
api_key = "%{KEY_SETTING}%"
"""
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:")


@pytest.fixture(scope="module")
def answers() -> dict[str, func.HttpResponse]:
    """Answers of every kind, of a world in which a model was live and a job was cancelled."""
    world = SmallWorld(RETRAINED)
    world.land(f"{NAME}/m.ilearner")
    world.run(minutes=10)
    world.training.ends_as = "running"
    routes = routes_of(world)
    job = document(begun := routes.retrain(asking(f"POST endpoints/{NAME}/retrain")))["id"]
    return {
        "begun": begun,
        "cancelled": routes.cancel_job(asking(f"POST jobs/{job}/cancel")),
        "job": routes.get_job(asking(f"GET jobs/{job}")),
        "jobs": routes.list_jobs(asking("GET jobs")),
        "endpoint": routes.get_endpoint(asking(f"GET endpoints/{NAME}")),
        "endpoints": routes.list_endpoints(asking("GET endpoints")),
        "plan": routes.redeploy(asking(f"POST endpoints/{NAME}/redeploy?dry_run=true")),
        "status": routes.status(asking("GET status")),
        "openapi": routes.openapi(asking("GET openapi.json")),
        "problem": routes.rollback(asking(f"POST endpoints/{NAME}/rollback")),
    }


def texts(value: Any) -> Iterator[str]:
    """Give every text in a document."""
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from texts(one)
        case list():
            for one in value:
                yield from texts(one)


def test_json_ends_in_a_newline(answers: dict[str, func.HttpResponse]) -> None:
    for name, answer in answers.items():
        assert answer.get_body().endswith(b"}\n"), name
    assert answers["problem"].status_code == 409


def test_every_instant_is_in_one_form(answers: dict[str, func.HttpResponse]) -> None:
    found = {
        name: [one for one in texts(document(answer)) if _INSTANT.match(one)]
        for name, answer in answers.items()
    }

    assert {name for name, instants in found.items() if instants} == found.keys() - {
        "openapi",
        "problem",
    }
    for name, instants in found.items():
        assert [one for one in instants if not one.endswith("Z")] == [], name
