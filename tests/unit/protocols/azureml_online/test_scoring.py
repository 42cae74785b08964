"""The key of a scoring call, and the identity and time that all requests need."""

from collections.abc import Callable
from functools import partial

import pytest

from protocols.protocol import Answer, Refused, Unsettled
from tests.fakes.azureml_workspace import fault, says
from tests.unit.protocols.azureml_online.story import (
    LIVE,
    Story,
    model,
)


@pytest.mark.parametrize("answer", [{}, {"primaryKey": ""}, {"primaryKey": 7}, {"primaryKey": "é"}])
def test_without_a_key_nothing_is_scored(story: Story, answer: object) -> None:
    story.workspace.script("POST", "*/listKeys", says(200, answer))

    what = "the workspace gave no key for the endpoint"
    assert story.protocol.score(story.endpoint) == Unsettled("no_scoring_key", what)


def test_an_endpoint_that_wants_what_no_document_names_is_refused(story: Story) -> None:
    assert story.workspace.endpoint is not None
    story.workspace.endpoint["properties"]["authMode"] = "Handshake"

    what = "the endpoint's authMode is handshake"
    assert story.protocol.score(story.endpoint) == Refused("unknown_auth_mode", what)


def test_a_key_that_is_echoed_is_not_told(story: Story) -> None:
    story.workspace.scores[LIVE] = fault(400, "a", "what is k3y-of-the-online-endpoint?")

    answer = story.protocol.score(story.endpoint)

    assert isinstance(answer, Refused)
    assert answer.message == "what is <SECRET>?"


def test_without_an_identity_nothing_is_done(story: Story) -> None:
    story.identity.is_there = False

    answer = story.patch(model("0xB"))

    assert isinstance(answer, Unsettled)
    assert answer.code == "no_identity"
    assert story.workspace.asked == []


def test_all_requests_of_a_claim_have_the_time_of_one(story: Story) -> None:
    """Whoever claims the endpoint claims it for no longer."""
    limits = story.workspace.limits
    acts: list[Callable[[], Answer]] = [partial(story.patch, model("0xB")), story.advance]

    for act in acts:
        limits.clear()
        act()

        assert len(limits) == len(story.workspace.asked)
        assert limits == sorted({*limits}, reverse=True)
        assert limits[0] <= story.workspace.limit
        story.settle()
        story.workspace.asked.clear()
