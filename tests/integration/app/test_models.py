"""Models that cannot be served, and endpoints that cannot take one, with the real parts."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from local_stack.azurite import Azurite
from local_stack.ml_service import Endpoint, MlService, WebService, sample_studio
from tests.integration.app.conftest import MakeApp
from tests.integration.app.running_app import RunningApp
from tests.integration.ml_service.wire import RESOURCE, DrivenClock

TWO = ("First Model [trained model]", "Second Model [trained model]")


@pytest.fixture
def app(make_app: MakeApp, ml_service: MlService) -> RunningApp:
    return make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits")},
    )


def test_an_empty_blob_is_refused_without_a_patch(app: RunningApp, ml_service: MlService) -> None:
    app.land("empty.ilearner", b"")

    desired = app.desired()
    assert (desired["state"], desired["error"]) == (
        "refused",
        "empty_model: the blob has no bytes",
    )
    assert ml_service.requests == []


def test_an_empty_blob_leaves_what_serves_alone(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes
) -> None:
    app.land("a.ilearner", model)
    app.land("z.ilearner", b"")
    clock.advance(minutes=1)
    app.tick()

    document = app.document()
    assert document["desired"]["model"]["name"] == "z.ilearner"
    assert document["desired"]["state"] == "refused"
    assert document["serving"]["model"]["name"] == "a.ilearner"
    assert _patches(ml_service) == 1


def test_a_blob_that_is_no_model_is_refused_in_the_endpoints_own_words(app: RunningApp) -> None:
    app.land("text.ilearner", b"this is no model")

    desired = app.desired()
    assert desired["state"] == "refused"
    assert desired["error"].startswith("http_400: ")
    assert "InvalidBlob" in desired["error"] or "begin" in desired["error"]


def test_a_model_deleted_before_its_event_changes_nothing(
    app: RunningApp, ml_service: MlService
) -> None:
    app.put("gone.ilearner", b"model")
    app.delete("gone.ilearner")

    app.announce("gone.ilearner")

    assert app.document()["desired"] is None
    assert ml_service.requests == []


def test_a_model_deleted_before_its_patch_is_refused_and_what_serves_stays(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes
) -> None:
    app.land("a.ilearner", model)
    ml_service.script("PATCH", status=503)
    app.land("b.ilearner", model)
    assert app.desired()["state"] == "pending"
    app.delete("b.ilearner")

    clock.advance(minutes=1)
    app.tick()

    document = app.document()
    assert document["desired"]["model"]["name"] == "b.ilearner"
    assert document["desired"]["state"] == "refused"
    assert document["desired"]["error"].startswith("model_gone: ")
    assert document["serving"]["model"]["name"] == "a.ilearner"
    # The third sends what serves once more: after a 503 the second may be in effect.
    assert _patches(ml_service) == 3


def test_a_model_overwritten_before_its_patch_is_served_with_its_later_bytes(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes, poor_model: bytes
) -> None:
    ml_service.script("PATCH", status=503)
    app.land("latest.ilearner", poor_model)
    first = app.desired()["model"]
    app.put("latest.ilearner", model)

    clock.advance(minutes=1)
    app.tick()

    document = app.document()
    assert document["desired"]["model"]["etag"] != first["etag"]
    assert document["serving"]["model"] == document["desired"]["model"]
    assert [(past["state"], past["restorable"]) for past in document["history"]] == [
        ("superseded", False)
    ]


def test_a_repeated_event_sends_nothing_again(
    app: RunningApp, ml_service: MlService, model: bytes
) -> None:
    app.land("a.ilearner", model)
    for _ in range(5):
        app.announce("a.ilearner")

    assert _patches(ml_service) == 1


def test_a_default_endpoint_refuses_and_the_app_says_so(
    make_app: MakeApp, ml_service: MlService, model: bytes
) -> None:
    app = make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits-predictive"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits-predictive")},
    )

    app.land("a.ilearner", model)

    desired = app.desired()
    assert desired["state"] == "refused"
    assert desired["error"].startswith("http_4")


def test_a_training_endpoint_has_nothing_to_update_and_the_app_gives_the_hint(
    make_app: MakeApp, ml_service: MlService, model: bytes
) -> None:
    app = make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits-training"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits-training")},
    )

    app.land("a.ilearner", model)

    desired = app.desired()
    assert desired["state"] == "refused"
    assert desired["error"].startswith("no_updatable_resource: ")
    assert "training web service" in desired["error"]
    assert _patches(ml_service) == 0


def test_a_resource_that_is_left_out_is_read_from_the_endpoint_once(
    app: RunningApp, ml_service: MlService, model: bytes
) -> None:
    app.land("a.ilearner", model)
    app.land("b.ilearner", model)

    assert [one.method for one in ml_service.requests] == ["GET", "PATCH", "PATCH"]
    assert _named(ml_service) == [RESOURCE, RESOURCE]


@pytest.fixture
def two_resources(azurite: Azurite, clock: DrivenClock) -> Iterator[MlService]:
    """An ML service whose endpoint has two trained models."""
    service = WebService(
        name="double",
        kind="predictive",
        resources=TWO,
        endpoints=(Endpoint(name="default", default=True), Endpoint(name="digits")),
    )
    studio = sample_studio(azurite.connection_string)
    with MlService.start(msgspec.structs.replace(studio, services=(service,)), now=clock) as one:
        yield one


def test_of_several_resources_one_must_be_named(
    make_app: MakeApp, two_resources: MlService, model: bytes
) -> None:
    app = make_app(
        {"digits": {"patch_url": two_resources.patch_url("digits"), "api_key": "%KEY%"}},
        keys={"KEY": two_resources.key("digits")},
    )

    app.land("a.ilearner", model)

    desired = app.desired()
    assert desired["state"] == "refused"
    assert desired["error"].startswith("several_resources: ")
    assert all(name in desired["error"] for name in TWO)


def test_the_named_one_of_several_resources_is_updated(
    make_app: MakeApp, two_resources: MlService, clock: DrivenClock, model: bytes
) -> None:
    url = two_resources.patch_url("digits")
    app = make_app(
        {"digits": {"patch_url": url, "api_key": "%KEY%", "resource": TWO[1]}},
        keys={"KEY": two_resources.key("digits")},
    )

    app.land("a.ilearner", model)
    clock.advance(seconds=36)
    app.tick()

    assert app.desired()["state"] == "live"
    assert _named(two_resources) == [TWO[1]]


def test_a_resource_of_another_name_is_refused(
    make_app: MakeApp, ml_service: MlService, model: bytes
) -> None:
    url = ml_service.patch_url("digits")
    app = make_app(
        {"digits": {"patch_url": url, "api_key": "%KEY%", "resource": "Another"}},
        keys={"KEY": ml_service.key("digits")},
    )

    app.land("a.ilearner", model)

    assert app.desired()["state"] == "refused"
    assert app.desired()["error"].startswith("http_400: ")


def test_an_outage_of_hours_delays_a_model_and_does_not_lose_it(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes
) -> None:
    clock.advance(hours=-3)  # storage, whose clock is the real one, takes no token of the future
    ml_service.script("*", times=12, status=503)
    begun = clock()
    app.land("a.ilearner", model)

    while ml_service.scripts_left:
        assert app.desired()["state"] == "pending"
        clock.advance(minutes=5)
        app.tick()
    outage = clock() - begun
    clock.advance(minutes=15)
    app.tick()
    assert app.desired()["state"] == "patched"
    clock.advance(minutes=1)
    app.tick()

    # 30 s, doubled up to a quarter of an hour.
    assert timedelta(hours=1) < outage < timedelta(hours=3)
    assert app.desired()["state"] == "live"


def _patches(service: MlService) -> int:
    return sum(one.method == "PATCH" for one in service.requests)


def _named(service: MlService) -> list[str]:
    bodies = [one.body for one in service.requests if one.method == "PATCH"]
    return [str(body["Resources"][0]["Name"]) for body in bodies if isinstance(body, dict)]
