"""The tokens that an endpoint is given, judged by the storage emulator."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from local_stack.ml_service import MlService, sample_studio
from tests.integration.app.app_process import land_in_a_process
from tests.integration.app.conftest import MakeApp
from tests.integration.app.raw_server import RawServer, raw_server, says
from tests.integration.app.running_app import RunningApp, app_settings
from tests.integration.ml_service.wire import RESOURCE, DrivenClock

MODEL = "digits.ilearner"
WRITE = {"x-ms-blob-type": "BlockBlob"}


def location_of(server: RawServer, number: int = -1) -> dict[str, str]:
    """The location in a PATCH that the server received."""
    body = json.loads(server.requests[number].partition(b"\r\n\r\n")[2])
    location: dict[str, str] = body["Resources"][0]["Location"]
    return location


def url_of(location: dict[str, str]) -> str:
    """The parts, concatenated as they stand."""
    return location["BaseLocation"] + location["RelativeLocation"] + location["SasBlobToken"]


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(says("200 OK")) as running:
        yield running


@pytest.fixture
def app(make_app: MakeApp, server: RawServer) -> RunningApp:
    return make_app({"digits": {"patch_url": server.url, "api_key": "%KEY%", "resource": "R"}})


def test_an_account_key_token_reads_its_blob_and_does_nothing_else(
    app: RunningApp, server: RawServer
) -> None:
    app.put("another.ilearner", b"other")
    app.land(MODEL, b"bytes of the model")
    url = url_of(location_of(server))

    read = requests.get(url, timeout=10)
    written = requests.put(url, b"others", headers=WRITE, timeout=10)
    deleted = requests.delete(url, timeout=10)
    other = requests.get(url.replace(MODEL, "another.ilearner"), timeout=10)
    listed = requests.get(url.replace(f"/{MODEL}?", "?restype=container&comp=list&"), timeout=10)

    assert (read.status_code, read.content) == (200, b"bytes of the model")
    assert [one.status_code for one in (written, deleted, other, listed)] == [403] * 4


def test_a_token_is_back_dated_bounded_and_for_one_blob(
    app: RunningApp, server: RawServer, clock: DrivenClock
) -> None:
    app.land(MODEL)

    fields = parse_qs(location_of(server)["SasBlobToken"].removeprefix("?"))
    begun = clock().replace(microsecond=0)
    assert (fields["sp"], fields["sr"]) == (["r"], ["b"])
    assert _instant(fields["st"]) == begun - timedelta(minutes=15)
    assert _instant(fields["se"]) == begun + timedelta(hours=24)
    shown = app.document()["serving"]["token_expires_at"]
    assert datetime.fromisoformat(shown) == _instant(fields["se"])


def test_a_renewal_sends_a_later_token_for_the_same_model(
    app: RunningApp, server: RawServer, clock: DrivenClock
) -> None:
    app.land(MODEL)
    first = location_of(server)

    clock.advance(hours=19)
    app.tick()

    second = location_of(server)
    assert server.methods().count("PATCH") == 2
    assert second["RelativeLocation"] == first["RelativeLocation"]
    assert _expiry(second) == _expiry(first) + timedelta(hours=19)


@pytest.fixture
def oauth_container(azurite_oauth: Azurite, container_name: str, model: bytes) -> str:
    """A container with three models in the storage that knows identities."""
    with BlobServiceClient.from_connection_string(
        azurite_oauth.connection_string, connection_verify=str(azurite_oauth.ca_file)
    ) as service:
        container = service.create_container(container_name)
        for number in range(3):
            container.upload_blob(f"{number}.ilearner", model)
    return container_name


def test_a_user_delegation_token_takes_a_model_through_the_whole_app(
    azurite_oauth: Azurite, oauth_container: str, identity: ManagedIdentity, tmp_path: Path
) -> None:
    studio = sample_studio(azurite_oauth.connection_string)
    with MlService.start(studio, ca_file=azurite_oauth.ca_file) as service:
        keys = {"patch_url": service.patch_url("digits"), "api_key": "%KEY%"}
        environ = app_settings(azurite_oauth, oauth_container, tmp_path, {"digits": keys})
        environ |= identity.environ | {"KEY": service.key("digits")}

        documents = land_in_a_process(environ, "0.ilearner").documents

        assert [one["desired"]["state"] for one in documents] == ["patched"], documents
        assert documents[0]["serving"]["model"]["name"] == "2.ilearner"
        patched = [one.body for one in service.requests if one.method == "PATCH"]
    sent: Any = patched[-1]
    location = sent["Resources"][0]["Location"]
    fields = parse_qs(location["SasBlobToken"].removeprefix("?"))
    assert sent["Resources"][0]["Name"] == RESOURCE
    assert location["BaseLocation"] == f"{azurite_oauth.blob_service_uri}/"
    assert fields["spr"] == ["https"]
    assert "skoid" in fields
    _reads_and_does_nothing_else(url_of(location), str(azurite_oauth.ca_file))


def test_one_user_delegation_key_signs_many_tokens(
    azurite_oauth: Azurite, oauth_container: str, identity: ManagedIdentity, tmp_path: Path
) -> None:
    with raw_server(says("200 OK")) as server:
        endpoints = {
            f"e{number}": {
                "patch_url": server.url,
                "api_key": "%KEY%",
                "resource": "R",
                "models": "**",
            }
            for number in range(5)
        }
        environ = app_settings(azurite_oauth, oauth_container, tmp_path, endpoints)
        environ |= identity.environ | {"KEY": "a-key"}

        ran = land_in_a_process(environ, "1.ilearner", "2.ilearner")

        locations = [location_of(server, number) for number in range(len(server.requests))]
    assert [one["desired"]["state"] for one in ran.documents] == ["patched"] * 5
    assert len(locations) == 5
    assert len({parse_qs(one["SasBlobToken"])["skt"][0] for one in locations}) == 1
    assert ran.key_requests == 1


def _reads_and_does_nothing_else(url: str, ca_file: str) -> None:
    read = requests.get(url, verify=ca_file, timeout=10)
    written = requests.put(url, b"others", headers=WRITE, verify=ca_file, timeout=10)
    other = requests.get(url.replace("2.ilearner", "1.ilearner"), verify=ca_file, timeout=10)
    assert read.status_code == 200
    assert read.content.startswith(b"ILEARNER-LOCAL")
    assert (written.status_code, other.status_code) == (403, 403)


def _expiry(location: dict[str, str]) -> datetime:
    return _instant(parse_qs(location["SasBlobToken"].removeprefix("?"))["se"])


def _instant(texts: list[str]) -> datetime:
    return datetime.fromisoformat(texts[0]).astimezone(UTC)
