"""What the API says of an endpoint: the record, and no secret."""

import msgspec
from msgspec.structs import replace

from http_api.documents import EndpointDocument, endpoint_document, endpoint_summary
from patch_endpoint.history import OVERWRITTEN
from patch_endpoint.record import Past, Problem, Record
from patch_endpoint.records import Records
from protocols.classic_keys import ClassicKeys
from settings.fault import Fault
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.state_store import MemoryStateStore
from tests.unit.patch_endpoint.sample import NOW, at, deployment, record, serving

KEY = "k3y-of-the-endpoint"
ENDPOINT = ScoringEndpoint(
    name="census",
    protocol="studio-classic",
    keys=ClassicKeys(patch_url="https://studio.invalid/e", api_key=Secret(KEY)),
)


def shown(of: Record, endpoint: ScoringEndpoint = ENDPOINT) -> EndpointDocument:
    document = endpoint_document(endpoint, of)
    assert KEY not in repr(document)
    assert msgspec.json.encode(document)
    return document


def test_an_endpoint_that_nothing_landed_for_has_empty_places() -> None:
    assert shown(record()) == {
        "name": "census",
        "protocol": "studio-classic",
        "held": False,
        "fault": None,
        "desired": None,
        "serving": None,
        "rollout": None,
        "history": [],
    }


def test_the_members_are_those_of_the_contract() -> None:
    desired = deployment(
        "b",
        at(minutes=1),
        error=Problem("http_503", "down"),
        attempts=2,
        next_attempt_at=at(hours=1),
    )
    past = Past(deployment("a", state="superseded"), at(minutes=1))
    document = shown(record(desired=desired, serving=serving("a"), history=(past,)))

    assert document["desired"] == {
        "model": {
            "name": "b",
            "etag": desired.model.etag,
            "last_modified": at(minutes=1),
        },
        "instant": at(minutes=1),
        "cause": "new_model",
        "requested_by": None,
        "reason": None,
        "state": "pending",
        "error": "http_503: down",
        "attempts": 2,
        "next_attempt_at": at(hours=1),
    }
    assert document["serving"] == {
        "model": {"name": "a", "etag": deployment("a").model.etag, "last_modified": NOW},
        "since": NOW,
        "token_expires_at": at(hours=24),
        "confirmed_by": None,
        "renewable": True,
    }
    assert isinstance(document["history"], list)
    (row,) = document["history"]
    assert (row["state"], row["at"], row["cause"]) == ("superseded", at(minutes=1), "new_model")
    assert row["restorable"] is True


def test_what_waits_for_a_person_is_shown_as_desired() -> None:
    waiting = deployment("b", at(minutes=1), state="waiting")
    document = shown(record(desired=deployment("a", state="live"), waiting=waiting))

    assert isinstance(document["desired"], dict)
    assert (document["desired"]["state"], document["desired"]["model"]["name"]) == ("waiting", "b")


def test_the_next_attempt_is_not_before_the_endpoint_asked_to_be_called() -> None:
    desired = deployment("a", next_attempt_at=at(minutes=1))
    document = shown(record(desired=desired, not_before=at(minutes=40)))

    assert isinstance(document["desired"], dict)
    assert document["desired"]["next_attempt_at"] == at(minutes=40)


def test_bytes_that_were_overwritten_are_not_restorable() -> None:
    lost = deployment("a", state="superseded", error=OVERWRITTEN)
    hidden = deployment("b", state="superseded")
    history = (Past(lost, NOW), Past(hidden, NOW))
    later = record(desired=deployment("b", at(minutes=1)), history=history)

    document = shown(later)
    assert isinstance(document["history"], list)
    assert [row["restorable"] for row in document["history"]] == [False, False]


def test_the_latest_in_history_comes_first() -> None:
    history = tuple(Past(deployment(name, state="superseded"), NOW) for name in "abc")
    document = shown(record(history=history))

    assert isinstance(document["history"], list)
    assert [row["model"]["name"] for row in document["history"]] == ["c", "b", "a"]


def test_a_fault_of_the_table_is_told() -> None:
    faulty = replace(ENDPOINT, faults=(Fault("endpoints.census.api_key", "is missing"),))

    assert "endpoints.census.api_key" in str(shown(record(), faulty)["fault"])


def test_a_listing_says_the_same_in_short() -> None:
    records = Records(MemoryStateStore(DrivenClock(), Calls()))
    full = record(desired=deployment("été", state="live"), serving=serving("été"))
    records.write(full, None)
    (summary,) = records.summaries()

    short, whole = endpoint_summary(ENDPOINT, summary), shown(full)
    for slot in ("desired", "serving"):
        part, rest = short[slot], whole[slot]
        assert isinstance(part, dict)
        assert isinstance(rest, dict)
        assert part["model"]["name"] == rest["model"]["name"] == "été"
        assert part.keys() <= rest.keys()
    assert endpoint_summary(ENDPOINT, None)["desired"] is None
