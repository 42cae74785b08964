"""What a person's request would do: told, and nothing done."""

import json
from datetime import timedelta

import pytest

from patch_endpoint.claim import Foreseen
from patch_endpoint.decide import Patch, Skip, decide
from patch_endpoint.desired import Asked, request, want
from patch_endpoint.plan import Plan, plan_of
from patch_endpoint.record import Record
from patch_endpoint.sas import Signer
from protocols.studio_classic import StudioClassic
from protocols.wire import Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import MASK
from tests.fakes.calls import Calls
from tests.fakes.endpoints_folder import KEY, KEY_SETTING, RESOURCE, table
from tests.fakes.small_world import SmallWorld
from tests.fakes.token_source import MemoryTokenSource
from tests.unit.patch_endpoint.sample import NOW, at, attempt, deployment, model, record

DAY = timedelta(days=1)
RETRAINED = f"""[endpoints.census.retrain]
service = "training"
[training_services.training]
jobs_url = "https://studio.invalid/jobs"
api_key = "%{KEY_SETTING}%"
"""


def plan(before: Record, *, more: str = "", key: str = "%CENSUS_API_KEY%") -> Plan:
    world = SmallWorld(table("census", key=key, more=more))
    tokens = MemoryTokenSource(Calls())
    endpoint = world.engine.endpoints.current().by_name["census"]
    wish = request(before, model("été.ilearner"), Asked("ada", None, at(minutes=1)))
    record = want(before, wish, waits=False, now=at(minutes=1)).record
    signer = Signer("https://m.invalid", tokens, timedelta(hours=24), timedelta(hours=6))
    made = plan_of(endpoint, foreseen_for(endpoint, record, signer), StudioClassic(Wire()))
    assert tokens.signed == []
    return made


def foreseen_for(endpoint: ScoringEndpoint, record: Record, signer: Signer) -> Foreseen:
    decision = Skip("endpoint_fault") if endpoint.faults else decide(record, at(minutes=1))
    if isinstance(decision, Patch):
        masked = signer.reference("experimentoutput", decision.model.name, Secret(f"?sig={MASK}"))
        return Foreseen(record, decision, masked)
    return Foreseen(record, decision)


def test_the_plan_says_what_would_be_sent_and_masks_every_secret() -> None:
    made = plan(record())

    text = json.dumps(made, default=str)
    assert KEY not in text
    assert made["decision"] == "patch"
    assert made["request"] == {
        "method": "PATCH",
        "url": "https://studio.invalid/workspaces/w/webservices/s/endpoints/census",
        "headers": {"Authorization": "Bearer <SECRET>"},
        "body": {
            "Resources": [
                {
                    "Name": RESOURCE,
                    "Location": {
                        "BaseLocation": "https://m.invalid/",
                        "RelativeLocation": "experimentoutput/%C3%A9t%C3%A9.ilearner",
                        "SasBlobToken": "?sig=<SECRET>",
                    },
                }
            ]
        },
    }


def test_the_plan_says_that_it_would_wait_for_the_patch_in_flight() -> None:
    made = plan(record(desired=deployment("a"), attempt=attempt("a", at(seconds=50))))

    assert (made["decision"], made["reason"]) == ("wait", "in_flight")


def test_the_plan_says_that_the_tables_fault_stands_in_the_way() -> None:
    made = plan(record(), key="%NO_SUCH_SETTING%")

    assert (made["decision"], made["reason"]) == ("wait", "endpoint_fault")
    assert made["fault"] == (
        "endpoints.census.api_key: names the app setting NO_SUCH_SETTING, which is not set"
    )


def test_the_plan_of_a_table_without_a_fault_names_none() -> None:
    assert plan(record())["fault"] is None


def test_a_plan_changes_nothing() -> None:
    before = record(desired=deployment("a", NOW))
    plan(before)

    assert before == record(desired=deployment("a", NOW))


@pytest.mark.parametrize(
    ("more", "expected"),
    [('models = "*.ilearner"', True), ('models = "other/*"', False), (RETRAINED, None)],
)
def test_the_plan_says_whether_the_endpoint_s_models_match(
    more: str,
    expected: bool | None,  # noqa: FBT001 - a table's column
) -> None:
    """A person may have any model deployed, also one that no landing would bring here."""
    text = table("census").replace('models = "census/**/*.ilearner"', more)
    endpoint = SmallWorld(text).engine.endpoints.current().by_name["census"]
    signer = Signer("https://m.invalid", MemoryTokenSource(Calls()), DAY, DAY / 4)
    foreseen = foreseen_for(endpoint, record(desired=deployment("a.ilearner")), signer)

    made = plan_of(endpoint, foreseen, StudioClassic(Wire()))

    assert endpoint.faults == ()
    assert made["matches_models"] is expected


def test_the_plan_of_no_model_says_nothing_of_what_matches() -> None:
    endpoint = SmallWorld(table("census")).engine.endpoints.current().by_name["census"]

    made = plan_of(endpoint, Foreseen(record(), Skip("settled")), StudioClassic(Wire()))

    assert (made["model"], made["matches_models"]) == (None, None)
