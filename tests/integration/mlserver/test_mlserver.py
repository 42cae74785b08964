"""What only MLServer itself can show: how it fails, remembers and starts anew, as our page says.

Its table is played against it in `tests/integration/protocols/test_examples.py`, and every scenario
of the app in `tests/integration/scenarios`.
"""

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from socket import socket
from threading import Event
from typing import Any

import psutil
import pytest
import requests
import tenacity
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from tests.integration.app.raw_server import raw_server, says
from tests.integration.ml_service.wire import Storage
from tests.integration.mlserver.front import Front
from tests.integration.mlserver.real_mlserver import (
    IS_INSTALLED,
    NOT_INSTALLED,
    ROW,
    RealMLServer,
    Scored,
)
from tests.integration.protocols.known_servers import MLServer
from tests.integration.protocols.model_server import KEY
from tests.integration.protocols.page import offered
from tests.integration.protocols.played import MakePlayed, Played

pytestmark = pytest.mark.real_server

WITHIN = 60.0


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMLServer]:
    """MLServer, for one test alone, which may stop it."""
    if not IS_INSTALLED:
        pytest.skip(NOT_INSTALLED)
    with RealMLServer.start(tmp_path_factory.mktemp("mlserver")) as server:
        yield server


@pytest.fixture
def own_front(own: RealMLServer) -> Iterator[Front]:
    with Front.start(own) as running:
        yield running


@pytest.fixture
def played(own_front: Front, at_work: MakePlayed, lightgbm_models: dict[int, bytes]) -> Played:
    """The page's table as it stands, and MLServer of the test's own behind it."""
    return at_work(_table(own_front), lightgbm_models)


@pytest.mark.parametrize(
    ("line", "state"),
    [("refused = [500]", "refused"), ("accepted = [200, 500]", "patched")],
    ids=["as it stands", "if 500 were taken for success"],
)
def test_what_its_index_calls_ready_and_it_could_not_load_is_not_taken_for_live(
    front: Front, at_work: MakePlayed, lightgbm_models: dict[int, bytes], line: str, state: str
) -> None:
    """The proof is a scoring call: it tells which version answered."""
    played = at_work(_table(front).replace("refused = [500]", line), lightgbm_models)
    first = played.land(1)["desired"]["model"]["etag"]
    assert played.land(2, loads=False)["desired"]["state"] == state

    desired = played.wait(10)["desired"]

    assert front.mlserver.index()["census"] == (desired["model"]["etag"], "READY")
    assert front.mlserver.scored() == Scored(first, 1)
    assert desired["state"] == state


def test_a_model_that_it_cannot_download_is_tried_again(
    front: Front, at_work: MakePlayed, lightgbm_models: dict[int, bytes]
) -> None:
    """The app's clock is so far behind that storage takes no token of it."""
    played = at_work(_table(front), lightgbm_models, begins=timedelta(hours=-30))
    desired = played.land(1)["desired"]
    assert desired["state"] == "pending"
    assert desired["error"].startswith("http_503: ")
    assert "the model cannot be downloaded: HTTP Error 403" in desired["error"]

    played.clock.advance(hours=8)
    document = played.wait(3)

    assert document["desired"]["state"] == "live"
    assert front.serves() == 1


def test_it_starts_anew_with_the_token_that_it_was_sent_last(
    own: RealMLServer, own_front: Front, played: Played
) -> None:
    before = played.land(1)["serving"]["token_expires_at"]
    played.clock.advance(hours=19)
    assert played.wait(2)["serving"]["token_expires_at"] > before
    told = len(own_front.received)

    own.restart()

    assert _scored(own).answer == 1
    assert len(own_front.received) == told
    assert stat.S_IMODE(own.sources.stat().st_mode) == 0o600
    (sent,) = [one.json() for one in own_front.received if one.path == "/source"][-1:]
    assert json.loads(own.sources.read_text("utf-8")) == {"census": sent}


def test_a_model_that_it_could_not_load_is_not_what_it_starts_anew_with(
    own: RealMLServer, played: Played
) -> None:
    played.land(1)
    played.land(2, loads=False)

    own.restart()

    assert _scored(own).answer == 1


def test_it_starts_without_a_model_whose_token_is_no_good_and_the_next_renewal_brings_it_back(
    own: RealMLServer, played: Played
) -> None:
    """It must start: while it does not, nobody can send it a token that is good."""
    played.land(1)
    own.sources.write_text(own.sources.read_text("utf-8").replace("sig=", "sig=no"), "utf-8")

    own.restart()
    assert own.scored() is None
    played.clock.advance(hours=19)
    document = played.wait(2)

    assert document["desired"]["state"] == "live"
    assert _scored(own).answer == 1


def test_it_goes_on_scoring_while_it_downloads(
    front: Front, at_work: MakePlayed, lightgbm_models: dict[int, bytes]
) -> None:
    at_work(_table(front), lightgbm_models).land(1)
    is_asked, may_answer = Event(), Event()

    def slowly(method: str, connection: socket) -> None:
        is_asked.set()
        may_answer.wait(WITHIN)
        says("200 OK", lightgbm_models[2])(method, connection)

    with raw_server(slowly) as storage, ThreadPoolExecutor(1) as aside:
        _told(front, storage.url, "slow")
        loading = aside.submit(_load, front)
        assert is_asked.wait(WITHIN)

        # Asked directly: what stands in front lets one request through at a time.
        scored = front.mlserver.scored()
        may_answer.set()

        assert scored is not None
        assert scored.answer == 1
        assert loading.result(WITHIN) == 200
    assert front.mlserver.scored() == Scored("slow", 2)


def test_nobody_but_its_own_machine_reaches_any_of_its_ports(mlserver: RealMLServer) -> None:
    connections = psutil.Process(mlserver.child.pid).net_connections()

    listening = [one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN]

    assert len(listening) == 3
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_no_token_is_in_its_log_and_none_in_what_it_answers(own: RealMLServer) -> None:
    """Whatever it can be told: what loads, what does not, what is not there."""
    answers = []
    with raw_server(says("200 OK", b"no model")) as storage, raw_server(says("403 No")) as closed:
        for url in (storage.url, closed.url, "http://127.0.0.1:1"):
            _post(own.url, "/source", {"name": "census", "url": f"{url}?sig=s1gn", "version": "1"})
            answers.append(_post(own.url, "/v2/repository/models/census/load"))

    assert [one.status_code for one in answers] == [500, 503, 503]
    assert all("s1gn" not in text for text in (own.child.log_text(), *(a.text for a in answers)))


def test_our_local_server_answers_as_mlserver_does(
    own_front: Front, azurite: Azurite, container_name: str, lightgbm_models: dict[int, bytes]
) -> None:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        client.create_container(container_name)
    storage = Storage(azurite, container_name)

    with MLServer.start(azurite.connection_string) as ours:
        said_by_ours = _conversation(ours.url, storage, b'{"answer": 1}')
    said_by_mlserver = _conversation(own_front.url, storage, lightgbm_models[1])

    assert said_by_ours == said_by_mlserver
    assert {404, 422, 204, 503, 500, 200} == {status for status, _ in said_by_ours}


def _conversation(url: str, storage: Storage, model: bytes) -> list[Any]:
    """Say what each request was answered: of a score version and answer, of a fault its text."""
    storage.put("good", model)
    storage.put("bad", b"{}")
    said = [_post(url, "/v2/models/census/infer", {"inputs": [ROW]})]
    for blob in ("good", "bad", "missing", "good"):
        where = "".join(storage.reference(blob).values())
        said += [
            _post(url, "/source", {"name": "census", "url": where, "version": f"of {blob}"}),
            _post(url, "/v2/repository/models/census/load"),
            _post(url, "/v2/models/census/infer", {"inputs": [ROW]}),
        ]
    said += [
        _post(url, "/source/keep", {"name": "census"}),
        _post(url, "/v2/models/census/infer", {"inputs": [{"name": "x"}]}),
        _post(url, "/v2/models/other/infer", {"inputs": [ROW]}),
    ]
    return [_gist(one) for one in said]


def _gist(answer: requests.Response) -> tuple[int, Any]:
    if answer.status_code == 500:
        return 500, answer.text
    if answer.status_code != 200 or not answer.content:
        return answer.status_code, None
    document = answer.json()
    return 200, (document["model_version"], document["outputs"][0]["data"][0])


def _table(front: Front) -> str:
    return offered("MLServer").replace("https://mlserver.example", front.url)


def _told(front: Front, url: str, version: str) -> None:
    answer = _post(front.url, "/source", {"name": "census", "url": url, "version": version})
    assert answer.status_code == 204


def _load(front: Front) -> int:
    return _post(front.url, "/v2/repository/models/census/load").status_code


def _post(url: str, path: str, body: object = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return requests.post(f"{url}{path}", json=body, headers=headers, timeout=WITHIN)


@tenacity.retry(
    stop=tenacity.stop_after_delay(WITHIN),
    wait=tenacity.wait_fixed(0.1),
    retry=tenacity.retry_if_exception_type(AssertionError),
)
def _scored(server: RealMLServer) -> Scored:
    """Wait until it has loaded what it remembers."""
    scored = server.scored()
    assert scored is not None
    return scored
