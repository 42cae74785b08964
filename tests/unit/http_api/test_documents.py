"""What the API says of an endpoint: the record, and no secret."""

from collections.abc import Iterator, Sequence

import msgspec
import pytest
from msgspec.structs import replace

from http_api.documents import EndpointDocument, endpoint_document, endpoint_summary
from patch_endpoint.record import Deployment, Kept, Past, Problem, Record, State
from patch_endpoint.records import Records, Summary
from patch_endpoint.trained_model import TrainedModel
from protocols.classic_keys import ClassicKeys
from settings.fault import Fault
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.state_store import MemoryStateStore
from tests.unit.patch_endpoint.sample import NOW, at, deployment, model, record, serving

KEY = "k3y-of-the-endpoint"
ENDPOINT = ScoringEndpoint(
    name="census",
    protocol="studio-classic",
    keys=ClassicKeys(patch_url="https://studio.invalid/e", api_key=Secret(KEY)),
)


def shown(
    of: Record, endpoint: ScoringEndpoint = ENDPOINT, seen: Sequence[TrainedModel] = ()
) -> EndpointDocument:
    document = endpoint_document(endpoint, of, seen)
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
        "waiting": None,
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
    past = Past(deployment("a", state="superseded", live_at=at(seconds=40)), at(minutes=1))
    known = record(desired=desired, serving=serving("a"), history=(past,))
    document = shown(known, seen=[past.deployment.model])

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
        "error": None,
    }
    assert isinstance(document["history"], list)
    (row,) = document["history"]
    assert (row["state"], row["at"], row["cause"]) == ("superseded", at(minutes=1), "new_model")
    assert (row["live_at"], row["restorable"]) == (at(seconds=40), True)


def test_what_waits_for_a_person_is_shown_beside_what_is_desired() -> None:
    waiting = deployment("b", at(minutes=1), state="waiting")
    refused = deployment("a", state="refused", error=Problem("http_401", "wrong key"))
    document = shown(record(desired=refused, waiting=waiting))
    (short,) = [endpoint_summary(ENDPOINT, one) for one in listed(refused, waiting)]

    assert document["waiting"]
    assert short["waiting"]
    assert short["waiting"]["model"] == {"name": "b", "etag": waiting.model.etag}
    assert document["waiting"]["model"]["name"] == "b"
    assert document["waiting"]["state"] == short["waiting"]["state"] == "waiting"
    for desired in (document["desired"], short["desired"]):
        assert desired
        assert (desired["model"]["name"], desired["state"]) == ("a", "refused")
    assert shown(record(desired=refused))["waiting"] is None


def test_before_anything_else_was_desired_what_waits_is() -> None:
    """So whoever looks there for the first model of an endpoint finds it, and that it waits."""
    waiting = deployment("a", state="waiting")
    document = shown(record(waiting=waiting))
    (short,) = [endpoint_summary(ENDPOINT, one) for one in listed(None, waiting)]

    for one in (document, short):
        assert one["desired"]
        assert (one["desired"]["model"]["name"], one["desired"]["state"]) == ("a", "waiting")
        assert one["waiting"] == one["desired"]


@pytest.mark.parametrize(
    ("state", "minutes", "shown_as_desired"),
    [("live", 1, "b"), ("live", -1, "a"), ("patched", 1, "a"), ("rolled_back", 1, "a")],
)
def test_what_waits_is_shown_as_desired_once_what_it_waits_behind_is_live(
    state: State, minutes: float, shown_as_desired: str
) -> None:
    """Then `serving` tells all of that; a rollback on its way is not hidden by what waits."""
    desired, waiting = deployment("a", state=state), deployment("b", at(minutes=minutes))
    waiting = replace(waiting, state="waiting")
    document = shown(record(desired=desired, waiting=waiting))
    (short,) = [endpoint_summary(ENDPOINT, one) for one in listed(desired, waiting)]

    for one in (document["desired"], short["desired"]):
        assert one
        assert one["model"]["name"] == shown_as_desired
    assert document["waiting"]
    assert document["waiting"]["model"]["name"] == "b"


def listed(desired: Deployment | None, waiting: Deployment | None) -> Iterator[Summary]:
    """Write a record, and list it."""
    records = Records(MemoryStateStore(DrivenClock(), Calls()))
    records.write(record(desired=desired, waiting=waiting), None)
    return records.summaries()


def test_the_next_attempt_is_not_before_the_endpoint_asked_to_be_called() -> None:
    desired = deployment("a", next_attempt_at=at(minutes=1))
    document = shown(record(desired=desired, not_before=at(minutes=40)))

    assert isinstance(document["desired"], dict)
    assert document["desired"]["next_attempt_at"] == at(minutes=40)


def test_only_bytes_that_are_there_are_restorable() -> None:
    """A copy of them is kept, or storage still has them: nothing else says so."""
    history = tuple(Past(deployment(name, state="superseded"), NOW) for name in "abcde")
    overwritten = model("b", at(minutes=1))
    again = model("c", at(minutes=1), content_md5=model("c").content_md5)
    of = record(history=history, kept=(Kept(model("d"), "census/d"),))

    document = shown(of, seen=[model("a"), overwritten, again])

    restorable = {row["model"]["name"]: row["restorable"] for row in document["history"]}
    assert restorable == {"a": True, "b": False, "c": True, "d": True, "e": False}


def test_a_model_without_bytes_is_not_restorable() -> None:
    empty = model("a", size=0)
    history = (Past(deployment("a", model=empty, state="superseded"), NOW),)

    (row,) = shown(record(history=history), seen=[empty])["history"]

    assert row["restorable"] is False


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
    failed = serving("été", error=Problem("http_401", "wrong key"))
    full = record(desired=deployment("été", state="live"), serving=failed)
    records.write(full, None)
    (summary,) = records.summaries()

    short, whole = endpoint_summary(ENDPOINT, summary), shown(full)
    for slot in ("desired", "serving"):
        part, rest = short[slot], whole[slot]
        assert isinstance(part, dict)
        assert isinstance(rest, dict)
        assert part["model"]["name"] == rest["model"]["name"] == "été"
        assert part.keys() <= rest.keys()
    assert short["serving"]
    assert short["serving"]["error"] == "http_401"
    assert whole["serving"]
    assert whole["serving"]["error"] == "http_401: wrong key"
    assert endpoint_summary(ENDPOINT, None)["desired"] is None
