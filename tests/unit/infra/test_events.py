"""Event Grid tells the app of every blob that can be a model, and what it cannot tell is kept."""

import json
import re
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import hypothesis
import pytest
from hypothesis import given, strategies

from local_stack.functions_host import indexed_functions
from settings.model_blobs import parse_model_blobs
from tests.unit.docs.markdown import ROOT
from tests.unit.infra.deployed import deployed, settings_of
from tests.unit.infra.deployment import Deployment

BEFORE: Final = "/blobServices/default/containers/"
PATTERNS: Final = (
    "experimentoutput/{name}.ilearner",
    "models/{name}.onnx",
    "models/census/{run}/{name}.ilearner",
    "models/latest.ilearner",
    "models/{name}",
    "models/a}}b/{name}.ilearner",
    "models/{{x/{name}.ilearner",
    "models/{name}}}.ilearner",
    "models/{name}.x{{y}}",
)


@cache
def _subscription(**parameters: str) -> dict[str, Any]:
    """The subscription that the hook makes with what the deployment told it."""
    told = deployed(**parameters).outputs
    made = Deployment(
        "event-subscription.bicep",
        {
            "appName": told["SERVICE_APP_NAME"],
            "appGroup": told["AZURE_RESOURCE_GROUP"],
            "topicName": told["MODEL_TOPIC_NAME"],
            "accountName": told["MODEL_ACCOUNT_NAME"],
            "subjectBeginsWith": told["MODEL_SUBJECT_BEGINS_WITH"],
            "subjectEndsWith": told["MODEL_SUBJECT_ENDS_WITH"],
        },
    ).made
    return made[0].values


def test_the_event_goes_to_the_blob_trigger_that_the_app_has() -> None:
    destination = _subscription()["destination"]["properties"]["endpointUrl"]
    function = parse_qs(urlsplit(destination).query)["functionName"][0]
    indexed = indexed_functions(ROOT, settings_of(deployed()))
    triggers = {one["name"]: one["bindings"][0] for one in indexed}

    assert urlsplit(destination).path == "/runtime/webhooks/blobs"
    trigger = triggers[function.removeprefix("Host.Functions.")]
    assert (trigger["type"], trigger["source"]) == ("blobTrigger", "EventGrid")


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=strategies.data())
@hypothesis.settings(
    max_examples=15,
    derandomize=True,
    database=None,
)
def test_each_name_that_can_be_a_model_passes_the_filter(
    pattern: str, data: strategies.DataObject
) -> None:
    """More may pass; what the trigger's own path does not match, the host leaves out."""
    models = parse_model_blobs(pattern)
    chosen = _subscription(modelBlobs=pattern)["filter"]
    written = strategies.from_regex(re.compile(models.pattern, re.DOTALL), fullmatch=True)
    name = data.draw(written.filter(models.matches))

    subject = f"{BEFORE}{models.container}/blobs/{name}"
    assert subject.startswith(chosen["subjectBeginsWith"])
    assert subject.endswith(chosen["subjectEndsWith"])


def test_the_filter_leaves_out_other_containers_and_other_endings() -> None:
    chosen = _subscription()["filter"]

    assert chosen["subjectBeginsWith"] == f"{BEFORE}experimentoutput/blobs/"
    assert chosen["subjectEndsWith"] == ".ilearner"
    assert chosen["includedEventTypes"] == ["Microsoft.Storage.BlobCreated"]


def test_a_blob_that_is_only_just_begun_is_no_event() -> None:
    (advanced,) = _subscription()["filter"]["advancedFilters"]

    assert (advanced["operatorType"], advanced["key"]) == ("StringNotIn", "data.api")
    assert "CreateFile" in advanced["values"]


def test_what_cannot_be_delivered_goes_to_a_container_that_is_there_by_an_identity() -> None:
    deployment = deployed()
    dead = _subscription()["deadLetterWithResourceIdentity"]
    properties = dead["deadLetterDestination"]["properties"]
    containers = deployment.of("Microsoft.Storage/storageAccounts/blobServices/containers")
    (topic,) = deployment.of("avm/res/event-grid/system-topic")

    assert dead["identity"] == {"type": "SystemAssigned"}
    assert topic["managedIdentities"] == {"systemAssigned": True}
    assert properties["blobContainerName"] in [one["name"] for one in containers]
    assert str(properties["resourceId"]).endswith(deployment.outputs["MODEL_ACCOUNT_NAME"])
    assert str(topic["source"]) == str(properties["resourceId"])


def test_the_hook_hands_over_every_parameter_of_the_subscription() -> None:
    """Both hooks, by the same names; `test_hooks.py` runs one of them."""
    text = (ROOT / "infra" / "event-subscription.bicep").read_text("utf-8")
    parameters = {line.split()[1] for line in text.splitlines() if line.startswith("param ")}

    for hook in ("subscribe.sh", "subscribe.ps1"):
        said = (ROOT / "infra" / "hooks" / hook).read_text("utf-8")
        assert {name for name in parameters if f'"{name}=' in said} == parameters, hook


def test_events_are_in_the_schema_that_the_local_host_takes_and_are_tried_for_a_day() -> None:
    subscription = _subscription()

    assert subscription.get("eventDeliverySchema", "EventGridSchema") == "EventGridSchema"
    assert json.dumps(subscription["retryPolicy"], sort_keys=True) == (
        '{"eventTimeToLiveInMinutes": 1440, "maxDeliveryAttempts": 30}'
    )
