"""The tables that the page on protocols offers: each is played against its server's shape."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local_stack.azurite import Azurite
from protocols.table import PROTOCOLS
from settings.endpoints_file import parse_endpoints
from tests.integration.app.running_app import RunningApp
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.protocols.known_servers import (
    KnownServer,
    KServe,
    MLServer,
    TorchServe,
    Triton,
)
from tests.integration.protocols.model_server import KEY
from tests.unit.docs.markdown import ROOT, blocks, section

PAGE = (ROOT / "docs" / "protocols.md").read_text("utf-8")
SETTINGS = {
    "KUBERNETES_TOKEN": KEY,
    "MLSERVER_KEY": KEY,
    "TRITON_KEY": KEY,
    "TORCHSERVE_KEY": KEY,
}


class Example(msgspec.Struct, frozen=True):
    """One example.

    Attributes:
        heading: Where it stands.
        host: What stands for the server's address.
        server: What answers as that server does.
        blob: Names the blob of a model by its number.
        ends_as: The state in which a model ends that cannot be loaded.
        renews: Whether the server is given a new token before the one that it has expires.
    """

    heading: str
    host: str
    server: type[KnownServer]
    blob: Callable[[int], str]
    ends_as: str
    renews: bool = False

    @property
    def text(self) -> str:
        """The table as it stands."""
        (found,) = blocks(section(PAGE, self.heading), "toml")
        return found


def _flat(number: int) -> str:
    return f"census/{number}.ilearner"


def _foldered(number: int) -> str:
    return f"census/{number}/model.ilearner"


EXAMPLES = [
    # KServe takes any address; that the revision is not ready is all that it says.
    Example("KServe", "https://kubernetes.example", KServe, _flat, "patched"),
    Example("MLServer", "https://mlserver.example", MLServer, _flat, "refused", renews=True),
    Example("Triton", "https://triton.example", Triton, _foldered, "refused"),
    Example("TorchServe", "https://torchserve.example", TorchServe, _flat, "refused"),
]


class Played(msgspec.Struct, frozen=True):
    """An example at work."""

    example: Example
    app: RunningApp
    clock: DrivenClock
    server: KnownServer

    def land(self, number: int, content: object) -> dict[str, Any]:
        """Have a model land, and time pass until its fate is clear; gives the document."""
        self.app.land(self.example.blob(number), json.dumps(content).encode())
        for _ in range(3):
            self.clock.advance(minutes=1)
            self.app.tick()
        return self.app.document("census")


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.heading)
def played(
    request: pytest.FixtureRequest, azurite: Azurite, container_name: str, tmp_path: Path
) -> Iterator[Played]:
    example: Example = request.param
    # In the past, so that tokens that are signed minutes later are good by the real clock too.
    clock = DrivenClock(datetime.now(UTC) - timedelta(hours=23))
    with ExitStack() as stack:
        server = stack.enter_context(example.server.start(azurite.connection_string))
        if isinstance(server, Triton):
            server.container = container_name
        app = RunningApp(azurite, container_name, tmp_path, {}, keys=SETTINGS, now=clock)
        text = example.text.replace(example.host, server.url)
        (tmp_path / "endpoints.toml").write_text(text, "utf-8")
        yield Played(example, app, clock, server)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.heading)
def test_an_example_has_no_fault_as_it_stands(example: Example) -> None:
    keys = {name: kind.read_keys for name, kind in PROTOCOLS.items()}

    said = parse_endpoints(
        example.text,
        environ=SETTINGS,
        read_relative=lambda _: b"",
        protocols=keys,
        trainings={},
    )

    assert said.faults == ()
    assert said.by_name["census"].protocol == "http"


def test_every_server_of_the_page_is_played() -> None:
    assert PAGE.count("\n### ") - PAGE.count("\n### `[") == len(EXAMPLES)


def test_each_model_that_lands_is_served_and_proven(played: Played) -> None:
    for number in (1, 2):
        document = played.land(number, {"answer": number})

        desired = document["desired"]
        assert (desired["state"], desired["error"]) == ("live", None)
        assert document["serving"]["confirmed_by"] == "location"
        assert played.server.serves() == number


def test_a_model_that_cannot_be_loaded_leaves_the_one_before_in_service(played: Played) -> None:
    played.land(1, {"answer": 1})

    document = played.land(2, {"nothing": "in it"})

    assert document["desired"]["state"] == played.example.ends_as, document["desired"]
    assert document["desired"]["error"]
    assert played.server.serves() == 1
    assert played.land(3, {"answer": 3})["desired"]["state"] == "live"


def test_a_server_that_is_down_delays_a_model_and_loses_none(played: Played) -> None:
    played.server.is_down = True
    assert played.land(1, {"answer": 1})["desired"]["state"] == "pending"

    played.server.is_down = False
    played.clock.advance(minutes=15)
    played.app.tick()
    played.clock.advance(minutes=1)
    played.app.tick()

    assert played.app.document("census")["desired"]["state"] == "live"
    assert played.server.serves() == 1


def test_only_what_may_read_again_is_given_a_new_token(played: Played) -> None:
    played.land(1, {"answer": 1})
    sent = len(_told(played.server))

    played.clock.advance(hours=19)
    played.app.tick()

    assert (len(_told(played.server)) > sent) is played.example.renews
    assert played.server.serves() == 1


def _told(server: KnownServer) -> list[str]:
    return [one.path for one in server.received if one.method in {"PATCH", "POST", "PUT"}]


def test_no_secret_is_in_what_the_app_says_of_it(played: Played) -> None:
    played.land(1, {"nothing": "in it"})

    said = json.dumps(played.app.document("census"))
    assert KEY not in said
    assert "sig=" not in said.replace("sig=<SECRET>", "")
