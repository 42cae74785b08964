"""Blob and resource names of every kind, from landing to what the endpoint serves."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import requests

from local_stack.azurite import Azurite
from local_stack.ml_service import Endpoint, MlService, Studio, WebService, sample_studio
from tests.integration.app.conftest import MakeApp
from tests.integration.ml_service.wire import DrivenClock

NAMES = {
    "spaces": "two  words/and more .ilearner",
    "percent": "100%/50%25.ilearner",
    "hash": "a#b/#1.ilearner",
    "plus": "a+b/c++ d.ilearner",
    "question mark": "what?/really?sig=x&y.ilearner",
    "quotes": 'it\'s "quoted" `so`.ilearner',
    "non-ASCII": "modèle/数字/Ä😀.ilearner",
    "reserved": "a;b=c&d,e@f$g!h*i(j)[k]{l}|m^n~o<p>.ilearner",
    "colon": "2026-11-23T19:50:00Z.ilearner",
    "wide and hard blanks": "a\u3000b/c\u00a0d\u200be.ilearner",
    "spaces of every script": "デジット　モデル\u00a0\u2003a.ilearner",
    "a joiner and a mark": "👩\u200d🔬/e\u0301\u202e.ilearner",
    "upper case": "LATEST.ilearner",
    "900 characters": "/".join(["n" * 99] * 9)[:891] + ".ilearner",
    "900 characters non-ASCII": "ü" * 891 + ".ilearner",
}
ACCENTS = "Modèle Énergie, été [trained model] «ß» 数"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_the_endpoint_fetches_and_serves_exactly_the_blob_of_this_name(
    make_app: MakeApp, ml_service: MlService, clock: DrivenClock, model: bytes, name: str
) -> None:
    app = make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits")},
    )

    app.land(name, model)

    document = app.document()
    assert document["desired"]["model"]["name"] == name
    assert (document["desired"]["state"], document["desired"]["error"]) == ("patched", None)
    sent = _location(ml_service)
    url = sent["BaseLocation"] + sent["RelativeLocation"] + sent["SasBlobToken"]
    read = requests.get(url, timeout=10)
    assert (read.status_code, read.content) == (200, model)
    assert sent["BaseLocation"].endswith("/")
    assert sent["SasBlobToken"].startswith("?")

    clock.advance(seconds=36)
    app.tick()

    document = app.document()
    assert document["desired"]["state"] == "live"
    assert document["serving"]["confirmed_by"] == "location"
    assert document["serving"]["model"]["name"] == name


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_person_redeploys_a_model_of_this_name_and_its_list_entry_is_readable(
    make_app: MakeApp, ml_service: MlService, model: bytes, name: str
) -> None:
    app = make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits")},
    )
    app.put(name, model)

    answer = app.redeploy({"model": name})

    document = msgspec.json.decode(answer.get_body())
    assert answer.status_code == 202, document
    assert document["desired"]["model"]["name"] == name
    fields = next(iter(app.app.engine.records.summaries())).fields
    assert name.startswith(fields["model"])
    assert len(fields["model"]) >= min(len(name), 720 // len(quote("ü")))


@pytest.fixture
def accented(azurite: Azurite, clock: DrivenClock) -> Iterator[MlService]:
    """An ML service whose resource has a name with accents."""
    studio: Studio = sample_studio(azurite.connection_string)
    service = WebService(
        name="energy",
        kind="predictive",
        resources=(ACCENTS,),
        endpoints=(Endpoint(name="default", default=True), Endpoint(name="digits")),
    )
    studio = msgspec.structs.replace(studio, services=(service,))
    with MlService.start(studio, now=clock) as running:
        yield running


@pytest.mark.parametrize("keys", [{"resource": ACCENTS}, {}], ids=["configured", "discovered"])
def test_a_resource_name_with_accents_arrives_as_it_is(
    make_app: MakeApp, accented: MlService, model: bytes, keys: dict[str, str]
) -> None:
    app = make_app(
        {"digits": {"patch_url": accented.patch_url("digits"), "api_key": "%KEY%", **keys}},
        keys={"KEY": accented.key("digits")},
    )

    app.land("m.ilearner", model)

    assert (app.desired()["state"], app.desired()["error"]) == ("patched", None)
    assert _resources(accented)[0]["Name"] == ACCENTS


def _resources(service: MlService) -> Any:
    bodies: list[Any] = [one.body for one in service.requests if one.method == "PATCH"]
    return bodies[-1]["Resources"]


def _location(service: MlService) -> dict[str, str]:
    location: dict[str, str] = _resources(service)[0]["Location"]
    return location
