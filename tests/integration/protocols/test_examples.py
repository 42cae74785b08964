"""The tables that the page on protocols offers: each is played against its server's shape.

That of MLServer is played against MLServer itself too, where it is installed.
"""

import json
from collections.abc import Callable, Iterator

import msgspec
import pytest

from local_stack.azurite import Azurite
from protocols.table import PROTOCOLS
from settings.endpoints_file import parse_endpoints
from tests.integration.mlserver.front import Front
from tests.integration.protocols.known_servers import (
    KnownServer,
    KServe,
    MLServer,
    TorchServe,
    Triton,
)
from tests.integration.protocols.model_server import KEY
from tests.integration.protocols.page import PAGE, offered
from tests.integration.protocols.played import SETTINGS, MakePlayed, Played, flat
from tests.unit.docs.markdown import table


class Example(msgspec.Struct, frozen=True):
    """One example.

    Attributes:
        heading: Where it stands.
        host: What stands for the server's address.
        server: What answers as that server does; None: the server itself.
        blob: Names the blob of a model by its number.
        ends_as: The state in which a model ends that cannot be loaded.
        renews: Whether the server is given a new token before the one that it has expires.
    """

    heading: str
    host: str
    server: type[KnownServer] | None
    blob: Callable[[int], str]
    ends_as: str
    renews: bool = False

    @property
    def text(self) -> str:
        """The table as it stands."""
        return offered(self.heading)


def _foldered(number: int) -> str:
    return f"census/{number}/model.ilearner"


EXAMPLES = [
    # KServe takes any address; that the revision is not ready is all that it says.
    Example("KServe", "https://kubernetes.example", KServe, flat, "patched"),
    Example("MLServer", "https://mlserver.example", MLServer, flat, "refused", renews=True),
    Example("Triton", "https://triton.example", Triton, _foldered, "refused"),
    Example("TorchServe", "https://torchserve.example", TorchServe, flat, "refused"),
]
MLSERVER_ITSELF = Example(
    "MLServer", "https://mlserver.example", None, flat, "refused", renews=True
)

type Server = KnownServer | Front


@pytest.fixture(
    params=[*EXAMPLES, pytest.param(MLSERVER_ITSELF, marks=pytest.mark.real_server)],
    ids=lambda example: example.heading if example.server else f"{example.heading} itself",
)
def example(request: pytest.FixtureRequest) -> Example:
    """Each example in turn."""
    found: Example = request.param
    return found


@pytest.fixture
def server(
    request: pytest.FixtureRequest, example: Example, azurite: Azurite, container_name: str
) -> Iterator[Server]:
    """What the example's table leads to."""
    if example.server is None:
        yield request.getfixturevalue("front")
        return
    with example.server.start(azurite.connection_string) as running:
        if isinstance(running, Triton):
            running.container = container_name
        yield running


@pytest.fixture
def played(
    request: pytest.FixtureRequest, example: Example, server: Server, at_work: MakePlayed
) -> Played:
    """The app with the example's table."""
    models = {number: json.dumps({"answer": number}).encode() for number in (1, 2, 3)}
    if example.server is None:
        models = request.getfixturevalue("lightgbm_models")
    return at_work(example.text.replace(example.host, server.url), models, blob=example.blob)


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.heading)
def test_an_example_has_no_fault_as_it_stands(one: Example) -> None:
    keys = {name: kind.read_keys for name, kind in PROTOCOLS.items()}

    said = parse_endpoints(
        one.text,
        environ=SETTINGS,
        read_relative=lambda _: b"",
        protocols=keys,
        trainings={},
    )

    assert said.faults == ()
    assert said.by_name["census"].protocol == "http"


def test_every_server_of_the_page_is_played() -> None:
    """The page's list of what each was tested against names them too."""
    named = {row["server"] for row in table(PAGE, "server")}

    assert named == {one.heading for one in EXAMPLES}
    servers = PAGE.partition("\n## Servers\n")[2].partition("\n## ")[0]
    assert servers.count("\n### ") == len(EXAMPLES)


def test_each_model_that_lands_is_served_and_proven(played: Played, server: Server) -> None:
    for number in (1, 2):
        document = played.land(number)

        desired = document["desired"]
        assert (desired["state"], desired["error"]) == ("live", None)
        assert document["serving"]["confirmed_by"] == "location"
        assert server.serves() == number


def test_a_model_that_cannot_be_loaded_leaves_the_one_before_in_service(
    played: Played, server: Server, example: Example
) -> None:
    played.land(1)

    document = played.land(2, loads=False)

    assert document["desired"]["state"] == example.ends_as, document["desired"]
    assert document["desired"]["error"]
    assert server.serves() == 1
    assert played.land(3)["desired"]["state"] == "live"


def test_a_server_that_is_down_delays_a_model_and_loses_none(
    played: Played, server: Server
) -> None:
    server.is_down = True
    assert played.land(1)["desired"]["state"] == "pending"

    server.is_down = False
    played.clock.advance(minutes=15)
    played.app.tick()
    document = played.wait(1)

    assert document["desired"]["state"] == "live"
    assert server.serves() == 1


def test_only_what_may_read_again_is_given_a_new_token(
    played: Played, server: Server, example: Example
) -> None:
    played.land(1)
    sent = len(_told(server))

    played.clock.advance(hours=19)
    played.app.tick()

    assert (len(_told(server)) > sent) is example.renews
    assert server.serves() == 1


def _told(server: Server) -> list[str]:
    return [one.path for one in server.received if one.method in {"PATCH", "POST", "PUT"}]


def test_no_secret_is_in_what_the_app_says_of_it(played: Played) -> None:
    played.land(1, loads=False)

    said = json.dumps(played.app.document("census"))
    assert KEY not in said
    assert "sig=" not in said.replace("sig=<SECRET>", "")
