"""Endpoints that misbehave over TLS, and certificates that nobody should believe.

Attacks invariants 2 (live in the end) and 7 (https: whoever cannot prove who it is gets no key),
and the bounds of an exchange, which TLS must not loosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography.x509 import DNSName, GeneralName

from local_stack.azurite import Azurite
from local_stack.certificates import LOOPBACK, Certificate, make_certificate
from tests.chaos.conftest import Figures
from tests.chaos.hostile.bounds import measured
from tests.chaos.hostile.fleet import Fleet, Good, Siege
from tests.chaos.hostile.hostile_server import HostileServer, hostile_server
from tests.chaos.hostile.misbehaviours import HANGING, HUGE, attacks

_LIMIT: Final = timedelta(seconds=2)
_SLACK: Final = 10.0  # see `test_hostile_endpoint.py`
_MEMORY: Final = 32 * 1024 * 1024
_MORE: Final = ("closed-before-the-answer", "closed-in-the-body", "broken-json", "junk", "307")


@dataclass(frozen=True)
class Place:
    """Where a fleet of a test is made.

    Attributes:
        azurite: Storage.
        container: The test's own.
        folder: The test's own.
    """

    azurite: Azurite
    container: str
    folder: Path


@pytest.fixture
def place(azurite: Azurite, container_name: str, tmp_path: Path) -> Place:
    return Place(azurite, container_name, tmp_path)


@pytest.mark.parametrize("at", ["patch", "score"])
def test_over_tls_a_model_is_live_once_its_endpoint_behaves_or_refused(
    place: Place, at: str, figures: Figures, *, full: bool
) -> None:
    found = attacks("https://elsewhere.invalid")
    chosen = {
        name: found[name] for name in (found if full else [*HANGING, *list(HUGE)[:4], *_MORE])
    }
    certificate = make_certificate(place.folder, now=datetime.now(UTC))
    with _fleet(place, certificate, Siege(chosen, at), list(chosen)) as (fleet, server):
        with measured() as cost:
            fleet.land("model")
            fleet.tick(0.7)

        states = fleet.settle(fleet.states, "live", "refused")
    expected = {
        name: "refused" if attack.refuses and at == "patch" else "live"
        for name, attack in chosen.items()
    }
    assert {name: state for name, state in states.items() if state != expected[name]} == {}
    assert +server.attacks == dict.fromkeys(chosen, 1)
    assert server.longest < _LIMIT.total_seconds() + _SLACK
    assert cost.peak < _MEMORY
    assert cost.threads <= 0
    figures(
        attacks=len(chosen),
        longest_exchange=f"{server.longest:.2f}s of {_LIMIT.total_seconds():g}s",
        peak_memory=f"{cost.peak / 1024 / 1024:.1f}MiB",
        live=list(states.values()).count("live"),
    )


_WRONG: Final[Mapping[str, tuple[timedelta, Sequence[GeneralName]]]] = {
    "expired": (timedelta(days=-31), LOOPBACK),
    "not-yet-valid": (timedelta(days=1), LOOPBACK),
    "of-another": (timedelta(), [DNSName("management.azureml.net")]),
    "of-nobody-known": (timedelta(), LOOPBACK),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_who_has_a_wrong_certificate_gets_no_key_until_it_has_a_right_one(
    place: Place, wrong: str, figures: Figures
) -> None:
    now, (shift, names) = datetime.now(UTC), _WRONG[wrong]
    (other := place.folder / "right").mkdir()
    right = make_certificate(other, now=now)
    certificate = make_certificate(place.folder, now=now + shift, names=names)
    trusted = [right] if wrong == "of-nobody-known" else [right, certificate]
    with _fleet(place, certificate, Siege({}, "patch"), ["one"], trusted) as (fleet, server):
        fleet.land("model")
        for _ in range(6):
            fleet.tick(16)
        assert fleet.states() == {"one": "pending"}
        assert "SSLCertVerificationError" in fleet.error("one")
        assert server.requests == []
        tries = server.connections

        server.present(right)
        assert fleet.settle(fleet.states, "live") == {"one": "live"}
    figures(requests_to_the_wrong_one=0, tries=tries, later_live=1)


@contextmanager
def _fleet(
    place: Place,
    certificate: Certificate,
    siege: Siege,
    names: list[str],
    trusted: Sequence[Certificate] = (),
) -> Iterator[tuple[Fleet, HostileServer]]:
    """A fleet over TLS, and what its server shows; trusted is this alone unless others are."""
    authorities = place.folder / "authorities.pem"
    texts = [one.certificate_file.read_text() for one in trusted or [certificate]]
    authorities.write_text("\n".join(texts))
    with hostile_server(Good(), siege, certificate) as server:
        fleet = Fleet(
            place.azurite,
            place.container,
            place.folder,
            server,
            names,
            limit=_LIMIT,
            authorities=authorities,
        )
        yield fleet, server
