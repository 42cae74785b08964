"""What proves that a model is in effect, and what does not."""

from datetime import timedelta
from typing import override

import pytest
from msgspec.structs import replace

from patch_endpoint.confirm import (
    Confirmation,
    Confirmed,
    Unconfirmed,
    confirmation_of,
    confirming,
    with_confirmation,
)
from patch_endpoint.decide import CONFIRM_FOR
from patch_endpoint.record import Past, Problem, Record
from protocols.blob_reference import BlobReference
from protocols.classic_keys import ClassicKeys
from protocols.protocol import Abilities, Refused, Served, Unsettled
from settings.scoring_endpoint import ScoringEndpoint, SmokeTest
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.model_catalog import MemoryModelCatalog
from tests.fakes.scoring_endpoint import RESOURCE, Hosted, MemoryScoring
from tests.unit.patch_endpoint.sample import NOW, at, deployment, record, serving

ENDPOINT = ScoringEndpoint(
    name="census",
    protocol="p",
    keys=ClassicKeys(
        patch_url="https://studio.invalid/e", api_key=Secret("key"), resource=RESOURCE
    ),
)
SMOKE = replace(ENDPOINT, smoke_test=SmokeTest("https://score.invalid/", b"{}", "ok"))
PATCHED = deployment("a", state="patched", patched_at=NOW, next_attempt_at=NOW)
RECORD = record(desired=PATCHED, serving=serving("a"))
SENT = BlobReference("https://m.invalid/", "experimentoutput/a", Secret(""))
OURS = Served("experimentoutput/a", "2026-03-03T06:00:00Z")


def scoring(*served: Served, **members: object) -> MemoryScoring:
    clock, calls = DrivenClock(), Calls()
    made = MemoryScoring(clock, calls, MemoryModelCatalog(clock, calls))
    placements = [(NOW, one) for one in served]
    made.host("census", replace(Hosted(placements=placements), **members))
    return made


def asked(protocol: MemoryScoring, of: Record = RECORD) -> Confirmation:
    return confirmation_of(protocol, ENDPOINT, of, SENT)


def code(confirmation: Confirmation) -> str:
    assert isinstance(confirmation, Unconfirmed)
    return confirmation.problem.code


def test_our_blob_with_our_token_is_proof() -> None:
    assert asked(scoring(OURS)) == Confirmed("location")


def test_what_cannot_be_asked_what_it_serves_is_not_asked() -> None:
    class Silent(MemoryScoring):
        @override
        def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
            return Abilities(tells_served=False)

    clock, calls = DrivenClock(), Calls()
    silent = Silent(clock, calls, MemoryModelCatalog(clock, calls))

    assert code(asked(silent)) == "location_unknown"
    assert calls.made == []


def test_an_endpoint_that_only_says_yes_or_no_proves_it_by_yes() -> None:
    class Plain(MemoryScoring):
        says = True

        @override
        def served(
            self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
        ) -> Served | bool | Refused | Unsettled | None:
            return self.says

    clock, calls = DrivenClock(), Calls()
    plain = Plain(clock, calls, MemoryModelCatalog(clock, calls))

    assert asked(plain) == Confirmed("location")
    plain.says = False
    assert code(asked(plain)) == "other_location"


def test_our_blob_is_proof_where_the_token_is_not_told() -> None:
    assert asked(scoring(replace(OURS, token_expiry=None))) == Confirmed("location")


def test_our_blob_without_a_token_is_no_proof_where_it_was_served_before_it_was_overwritten() -> (
    None
):
    past = Past(deployment("a", at(days=-1), state="superseded", patched_at=at(days=-1)), NOW)
    silent = scoring(replace(OURS, token_expiry=None))

    assert code(asked(silent, replace(RECORD, history=(past,)))) == "location_ambiguous"
    assert asked(scoring(OURS), replace(RECORD, history=(past,))) == Confirmed("location")


def test_an_earlier_token_is_no_proof() -> None:
    assert code(asked(scoring(replace(OURS, token_expiry="2026-03-02T07:00:00Z")))) == "other_token"


def test_another_blob_is_no_proof() -> None:
    assert code(asked(scoring(replace(OURS, blob="experimentoutput/b")))) == "other_location"
    assert code(asked(scoring(replace(OURS, blob="other/a")))) == "other_location"


def test_an_endpoint_that_tells_nothing_proves_nothing() -> None:
    assert code(asked(scoring(OURS, tells_location=False))) == "location_unknown"


def test_an_endpoint_that_does_not_answer_proves_nothing() -> None:
    down = scoring(OURS)
    down.down = Unsettled("http_503", "down")

    assert code(asked(down)) == "http_503"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (False, "smoke_test_failed"),
        (Refused("http_401", "key"), "http_401"),
        (Unsettled("no_answer", "reset"), "no_answer"),
    ],
)
def test_a_smoke_test_proves_nothing_unless_it_is_true(said: object, wanted: str) -> None:
    """The location is not asked: the smoke test is the stronger proof."""
    protocol = scoring(OURS)
    protocol.smoke_test_says = said  # type: ignore[assignment] # one of its answers

    assert code(confirmation_of(protocol, SMOKE, RECORD, SENT)) == wanted


def test_a_smoke_test_that_holds_is_proof() -> None:
    protocol = scoring(replace(OURS, blob="experimentoutput/b"))

    confirmation = confirmation_of(protocol, SMOKE, RECORD, SENT)
    assert confirmation == Confirmed("smoke_test")


def test_a_confirmed_model_is_live() -> None:
    after = with_confirmation(RECORD, PATCHED, Confirmed("location"), at(minutes=1))

    assert after.desired is not None
    assert after.serving is not None
    assert (after.desired.state, after.desired.live_at) == ("live", at(minutes=1))
    assert after.desired.next_attempt_at is None
    assert after.serving.confirmed_by == "location"


@pytest.mark.parametrize(
    "meanwhile",
    [
        deployment("b", at(minutes=1), state="patched", patched_at=NOW),
        replace(PATCHED, state="live"),
        replace(PATCHED, state="refused"),
        replace(PATCHED, patched_at=at(seconds=40)),
    ],
    ids=["a newer model", "live already", "refused", "sent once more"],
)
def test_an_answer_about_something_else_settles_nothing(meanwhile: object) -> None:
    moved = record(desired=meanwhile, serving=serving("a"))

    assert with_confirmation(moved, PATCHED, Confirmed("location"), at(minutes=1)) is moved


def test_an_unconfirmed_model_is_asked_about_again_with_growing_pauses_for_an_hour() -> None:
    problem = Problem("other_location", "not yet")
    now, before, pauses = NOW, RECORD, []
    while before.desired is not None and before.desired.next_attempt_at is not None:
        asked_for = before.desired
        before = with_confirmation(before, asked_for, Unconfirmed(problem), now)
        assert before.desired is not None
        assert (before.desired.state, before.desired.error) == ("patched", problem)
        if before.desired.next_attempt_at is not None:
            pauses.append(before.desired.next_attempt_at - now)
            now = before.desired.next_attempt_at

    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=30)
    assert CONFIRM_FOR < now - NOW <= CONFIRM_FOR + timedelta(minutes=15)


def test_before_asking_it_is_noted_when_to_ask_again() -> None:
    after = confirming(RECORD, NOW)

    assert after.desired is not None
    assert after.desired.next_attempt_at == at(seconds=30)
