"""Lists that come in pages: each thing once, whatever the names are."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import azure.functions as func
import pytest

from retrain_trigger.request import Request
from tests.fakes.endpoints_folder import KEY_SETTING, table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import SmallWorld

# Each is another's beginning; a hyphen sorts before the dot of `.json`, a digit after it.
NAMES = ("digits", "digits-old", "digits-old-2", "digits2", "digits-", "d", "di-gits", "e")
WITHOUT_RECORD = {"digits-old", "digits2", "e"}

type Listing = Callable[[func.HttpRequest], func.HttpResponse]


def pages(listing: Listing, path: str) -> list[list[dict[str, Any]]]:
    """Follow the links from page to page."""
    found = []
    for _ in range(50):
        page = document(listing(asking(path)))
        found.append(page["value"])
        if "nextLink" not in page:
            return found
        path = f"GET {page['nextLink'].partition('/api/')[2]}"
    raise AssertionError("the links lead nowhere")


@pytest.fixture(scope="module")
def world() -> SmallWorld:
    """Endpoints of which some have a record."""
    world = SmallWorld(*(table(name) for name in NAMES))
    for name in NAMES:
        if name not in WITHOUT_RECORD:
            world.land(f"{name}/model.ilearner")
    return world


@pytest.mark.parametrize("size", [1, 2, 3, len(NAMES) - 1, len(NAMES), 100])
def test_every_endpoint_is_listed_once_with_its_own_record_or_none(
    world: SmallWorld, size: int
) -> None:
    found = pages(routes_of(world, size).list_endpoints, "GET endpoints")

    listed = [one for page in found for one in page]
    assert sorted(one["name"] for one in listed) == sorted(NAMES)
    assert all(len(page) == size for page in found[:-1])
    assert 1 <= len(found[-1]) <= size
    for one in listed:
        if one["name"] in WITHOUT_RECORD:
            assert one["desired"] is None, one
        else:
            assert one["desired"]["model"]["name"] == f"{one['name']}/model.ilearner"


def test_a_record_of_an_endpoint_that_is_configured_no_more_takes_no_place() -> None:
    left = SmallWorld(*(table(name) for name in NAMES))
    for name in NAMES:
        left.land(f"{name}/model.ilearner")
    left.folder.rewrite(*(table(name) for name in NAMES if name not in {"digits-old", "d"}))

    found = pages(routes_of(left, 2).list_endpoints, "GET endpoints")

    names = [one["name"] for page in found for one in page]
    assert sorted(names) == sorted(set(NAMES) - {"digits-old", "d"})
    assert all(one["desired"] for page in found for one in page)


@pytest.mark.parametrize("after", ["%00", "Digits", "../jobs", "digits.json"])
def test_what_is_no_name_to_go_on_after_is_a_faulty_request(world: SmallWorld, after: str) -> None:
    answer = routes_of(world).list_endpoints(asking(f"GET endpoints?after={after}"))

    assert answer.status_code == 400


def _retrained(name: str) -> str:
    return f"{table(name)}\n[endpoints.{name}.retrain]\nservice = 'training'"


@pytest.mark.parametrize("size", [1, 2, 5])
def test_every_job_is_listed_once_and_those_of_one_endpoint_are_no_other_s(size: int) -> None:
    service = (
        "[training_services.training]\n"
        f'jobs_url = "https://studio.invalid/jobs"\napi_key = "%{KEY_SETTING}%"\n'
    )
    names = ("digits", "digits-old", "digits2")
    world = SmallWorld(*(_retrained(name) for name in names), service)
    endpoints = world.engine.endpoints.current().by_name
    begun = []
    for _ in range(3):
        for name in names:
            # By a schedule and by a person: the one's id is the other's beginning.
            request = Request(occurrence=world.clock.instant)
            for one in (request, Request(by="ada")):
                job = world.engine.jobs.begin(endpoints[name], one, drive=False)
                world.engine.jobs.cancel(job.id, "ada")
                begun.append(job.id)
        world.clock.advance(minutes=1)
    listing = routes_of(world, size).list_jobs

    ids = [one["id"] for page in pages(listing, "GET jobs") for one in page]
    of_one = [one["id"] for page in pages(listing, "GET jobs?endpoint=digits") for one in page]

    assert sorted(ids) == sorted(begun)
    assert sorted(of_one) == sorted(one for one in begun if one.startswith("digits_"))
    assert any(later.startswith(earlier) for earlier, later in pairwise(sorted(ids)))
