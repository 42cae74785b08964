"""One suite for whatever speaks a scoring protocol: the fake is as strict as the service.

So what the unit tests prove with the fake holds for the service as well.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from local_stack.azurite import Azurite
from local_stack.ml_service import dataset
from local_stack.ml_service.training import train
from protocols.blob_reference import BlobReference, expiry_in
from protocols.protocol import Accepted, Refused, Served
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.contract.target import (
    DEFAULT,
    DOUBLE,
    RESOURCE,
    TRAINING,
    UPDATABLE,
    LocalTarget,
    MemoryTarget,
    Target,
)

BLOB = "census/model.ilearner"


@pytest.fixture(scope="module")
def model() -> bytes:
    return train(dataset.rows("little"))


@pytest.fixture(params=["in memory", "local ML service"])
def target(request: pytest.FixtureRequest, container_name: str) -> Iterator[Target]:
    if request.param == "in memory":
        yield MemoryTarget()
        return
    azurite: Azurite = request.getfixturevalue("azurite")
    content: bytes = request.getfixturevalue("model")
    with LocalTarget.start(azurite, container_name, content) as running:
        yield running


def serves(target: Target, endpoint: ScoringEndpoint) -> object:
    return target.protocol.served(endpoint, RESOURCE, target.reference(BLOB))


def test_a_model_is_accepted(target: Target) -> None:
    target.put(BLOB)

    answer = target.protocol.patch(target.endpoint(UPDATABLE), RESOURCE, target.reference(BLOB))

    assert answer == Accepted()


def test_an_accepted_model_is_named_once_it_is_in_effect_and_not_before(target: Target) -> None:
    endpoint, reference = target.endpoint(UPDATABLE), target.reference(BLOB)
    target.put(BLOB)
    target.protocol.patch(endpoint, RESOURCE, reference)
    ours = Served(f"{target.container}/{BLOB}", expiry_in(reference.sas_token.reveal()))

    target.clock.advance(seconds=29)
    assert serves(target, endpoint) != ours
    target.clock.advance(seconds=1)
    assert serves(target, endpoint) == ours


def test_an_earlier_token_is_not_taken_for_the_later(target: Target) -> None:
    endpoint = target.endpoint(UPDATABLE)
    target.put(BLOB)
    earlier = target.reference(BLOB, target.clock() - timedelta(minutes=5))
    later = target.reference(BLOB)
    target.protocol.patch(endpoint, RESOURCE, earlier)
    target.clock.advance(minutes=1)
    target.protocol.patch(endpoint, RESOURCE, later)

    assert _expiry_served(target, endpoint) == expiry_in(earlier.sas_token.reveal())
    target.clock.advance(seconds=30)
    assert _expiry_served(target, endpoint) == expiry_in(later.sas_token.reveal())


def test_a_wrong_key_is_refused_and_no_other_model_would_fare_better(target: Target) -> None:
    target.put(BLOB)
    usual = target.endpoint(UPDATABLE)
    endpoint = replace(usual, keys=replace(usual.keys, api_key=Secret("not-its-key")))

    answer = target.protocol.patch(endpoint, RESOURCE, target.reference(BLOB))

    assert_refused(answer, "http_401", about_model=False)
    assert_refused(serves(target, endpoint), "http_401", about_model=False)
    assert_refused(target.protocol.resource_of(endpoint), "http_401", about_model=False)


def test_an_unknown_resource_is_refused(target: Target) -> None:
    target.put(BLOB)
    endpoint = target.endpoint(UPDATABLE)

    answer = target.protocol.patch(endpoint, "Modele [entraine]", target.reference(BLOB))

    assert_refused(answer, "http_400", about_model=True)
    reference = target.reference(BLOB)
    assert target.protocol.served(endpoint, "Modele [entraine]", reference) is None


def test_the_default_endpoint_is_refused(target: Target) -> None:
    target.put(BLOB)

    answer = target.protocol.patch(target.endpoint(DEFAULT), RESOURCE, target.reference(BLOB))

    assert_refused(answer, "http_400", about_model=True)


def test_a_training_service_has_nothing_to_update(target: Target) -> None:
    target.put(BLOB)
    endpoint = target.endpoint(TRAINING)

    answer = target.protocol.patch(endpoint, RESOURCE, target.reference(BLOB))

    assert_refused(answer, "http_400", about_model=True)
    assert_refused(target.protocol.resource_of(endpoint), "no_updatable_resource")
    assert serves(target, endpoint) is None


def test_a_resource_with_accents_is_read_from_the_endpoint(target: Target) -> None:
    assert target.protocol.resource_of(target.endpoint(UPDATABLE)) == RESOURCE


def test_a_configured_resource_is_taken_as_it_is(target: Target) -> None:
    usual = target.endpoint(DOUBLE)
    endpoint = replace(usual, keys=replace(usual.keys, resource="b"))

    assert target.protocol.resource_of(endpoint) == "b"


def test_of_several_resources_one_must_be_configured(target: Target) -> None:
    assert_refused(target.protocol.resource_of(target.endpoint(DOUBLE)), "several_resources")


def test_an_expired_token_is_refused_and_what_serves_is_left_alone(target: Target) -> None:
    endpoint = target.endpoint(UPDATABLE)
    target.put(BLOB)
    before = serves(target, endpoint)
    expired = target.reference(BLOB, target.clock() - timedelta(hours=2))

    assert_refused(target.protocol.patch(endpoint, RESOURCE, expired), "http_400", about_model=True)
    target.clock.advance(minutes=1)
    assert serves(target, endpoint) == before


def test_a_missing_blob_is_refused_and_what_serves_is_left_alone(target: Target) -> None:
    endpoint = target.endpoint(UPDATABLE)
    target.put(BLOB)
    before = serves(target, endpoint)
    missing = target.reference("census/missing.ilearner")

    assert_refused(target.protocol.patch(endpoint, RESOURCE, missing), "http_400", about_model=True)
    target.clock.advance(minutes=1)
    assert serves(target, endpoint) == before


@pytest.mark.parametrize(
    "blob",
    [
        "census/entraîné le 2 mars.ilearner",
        "census/50% #1 a+b what?&c='d'.ilearner",
        "census/模型 🙂.ilearner",
        f"{'n' * 891}.ilearner",
    ],
    ids=["accents", "signs", "beyond the basic plane", "900 characters"],
)
def test_any_blobs_name_is_accepted_and_told_as_it_is(target: Target, blob: str) -> None:
    endpoint = target.endpoint(UPDATABLE)
    target.put(blob)

    answer = target.protocol.patch(endpoint, RESOURCE, target.reference(blob))

    assert answer == Accepted()
    target.clock.advance(seconds=31)
    served = serves(target, endpoint)
    assert isinstance(served, Served)
    assert served.blob == f"{target.container}/{blob}"


def test_a_refusal_tells_no_signature(target: Target) -> None:
    missing = target.reference("census/missing.ilearner")
    answer = target.protocol.patch(target.endpoint(UPDATABLE), RESOURCE, missing)

    assert _signature(missing) not in str(answer)


def assert_refused(answer: object, code: str, *, about_model: bool | None = None) -> None:
    """Whether it is a refusal with a code; and whether another model might fare better."""
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    assert about_model is None or answer.about_model == about_model


def _expiry_served(target: Target, endpoint: ScoringEndpoint) -> str | None:
    served = serves(target, endpoint)
    assert isinstance(served, Served)
    return served.token_expiry


def _signature(reference: BlobReference) -> str:
    return reference.sas_token.reveal().rpartition("sig=")[2].partition("&")[0]
