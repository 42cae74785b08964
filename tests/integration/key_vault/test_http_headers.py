"""A header of the protocol `http` may have a key in it that is in Key Vault."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from local_stack.key_vault import KeyVault
from protocols.blob_reference import BlobReference
from protocols.http_server.http_server import HttpServer
from protocols.protocol import Accepted, Refused, Unsettled
from protocols.table import PROTOCOLS
from protocols.vault import Vault
from protocols.wire import NoAnswerError, Wire
from settings.endpoints_file import parse_endpoints
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from settings.vault_secret import VaultSecret, vault_secret
from tests.integration.key_vault.keyed_endpoint import KeyedEndpoint, keyed_endpoint
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock

KEY = "k3y-0f-the-s3rver"
MODEL = BlobReference("https://m.invalid/", "models/a.onnx", Secret("?sig=s1g"), "a.onnx", "0x8DE")


@pytest.fixture
def protocol(tokens: MsiTokens, clock: DrivenClock) -> HttpServer:
    wire = Wire(timedelta(seconds=5))
    return HttpServer(wire.with_keys(Vault(wire, tokens, clock)))


@pytest.fixture
def server() -> Iterator[KeyedEndpoint]:
    with keyed_endpoint(KEY) as running:
        yield running


def _endpoint(server: KeyedEndpoint, address: str, says: str = "Bearer %KEY%") -> ScoringEndpoint:
    """Read a table; a key that is in Key Vault is not read with it."""
    asked = f'url = "{server.url}"\nheaders = {{ Authorization = "{says}" }}'
    text = f"""
[endpoints.census]
protocol = "http"

[[endpoints.census.requests]]
method = "PATCH"
body = "{{url}}"
{asked}

[endpoints.census.proof]
{asked}
expect = "answer.Resources[0].Name == 'R'"
"""
    keys = {name: kind.read_keys for name, kind in PROTOCOLS.items()}
    said = parse_endpoints(
        text,
        environ={"KEY": address},
        read_relative=lambda _: b"{}",
        protocols=keys,
        trainings={},
    )
    assert said.faults == ()
    return said.by_name["census"]


def test_it_is_read_once_and_sent_within_what_the_header_says(
    protocol: HttpServer, server: KeyedEndpoint, vault: KeyVault
) -> None:
    census = _endpoint(server, vault.put("census", KEY))

    assert protocol.patch(census, "", MODEL) == Accepted()
    assert protocol.served(census, "", MODEL) is True
    assert server.calls == [("PATCH", 200), ("GET", 200)]
    assert vault.reads == ["/secrets/census"]


def test_one_that_is_rotated_is_taken_by_the_next_try_and_a_proof_is_asked_for_again_at_once(
    protocol: HttpServer, server: KeyedEndpoint, vault: KeyVault
) -> None:
    census = _endpoint(server, vault.put("census", "0ld-k3y"))
    assert isinstance(protocol.served(census, "", MODEL), Refused)
    vault.put("census", KEY)

    asked = protocol.served(census, "", MODEL)
    server.key = "n3w-k3y"
    vault.put("census", "n3w-k3y")
    first, second = protocol.patch(census, "", MODEL), protocol.patch(census, "", MODEL)

    assert asked is True
    assert isinstance(first, Unsettled)
    assert (first.code, first.maybe_applied) == ("key_rotated", False)
    assert second == Accepted()


def test_without_it_nothing_is_sent(
    protocol: HttpServer, server: KeyedEndpoint, vault: KeyVault
) -> None:
    answer = protocol.patch(_endpoint(server, f"{vault.url}/secrets/census"), "", MODEL)

    assert isinstance(answer, Unsettled)
    assert (answer.code, answer.maybe_applied) == ("key_missing", False)
    assert server.calls == []


@pytest.mark.parametrize(
    ("says", "key"), [("Bearer %KEY%", "an0ther-k3y"), ("%KEY%", "Bearer an0ther-k3y")]
)
def test_no_message_repeats_it(
    protocol: HttpServer, server: KeyedEndpoint, vault: KeyVault, says: str, key: str
) -> None:
    """Invariant 6."""
    server.echoes = True

    answer = protocol.patch(_endpoint(server, vault.put("census", key), says), "", MODEL)

    assert answer != Accepted()
    assert "an0ther" not in repr(answer)
    assert "<SECRET>" in repr(answer)


def test_a_plan_does_not_show_it(
    protocol: HttpServer, server: KeyedEndpoint, vault: KeyVault
) -> None:
    census = _endpoint(server, vault.put("census", KEY))

    assert KEY not in repr(protocol.request_plan(census, MODEL))
    protocol.patch(census, "", MODEL)
    assert KEY not in repr(protocol.request_plan(census, MODEL))


class _SlowKeys:
    """Keys that take their time."""

    def current(self, key: VaultSecret) -> Secret:
        del key
        time.sleep(0.3)
        return Secret(KEY)

    def changed(self, key: VaultSecret, refused: Secret) -> bool:
        raise NotImplementedError


def test_the_time_that_it_takes_is_the_time_of_the_request(server: KeyedEndpoint) -> None:
    """Whoever claims an endpoint claims it for one exchange's time, and no longer."""
    headers = {"Authorization": ("Bearer ", vault_secret("http://127.0.0.1:1/secrets/census"))}
    wire = Wire().with_keys(_SlowKeys())

    assert wire.send_as("PATCH", server.url, headers=headers).status == 200
    with pytest.raises(NoAnswerError) as failure:
        wire.send_as("PATCH", server.url, headers=headers, limit=timedelta(seconds=0.2))
    assert not failure.value.sent
    assert server.calls == [("PATCH", 200)]
