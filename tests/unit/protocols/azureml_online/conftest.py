"""What most tests of an online endpoint begin with."""

import pytest

from tests.unit.protocols.azureml_online.story import LIVE, Story, model


@pytest.fixture
def fresh() -> Story:
    """Give an endpoint on which nothing stands."""
    return Story()


@pytest.fixture
def story() -> Story:
    """Give an endpoint with a model of ours in service."""
    story = Story()
    assert story.bring_into_service(model("0xA")) == LIVE
    story.workspace.asked.clear()
    return story
