"""What lands while a table has a fault, and what becomes of it once the table is mended."""

import pytest

from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld

MODEL = f"{NAME}/model.ilearner"
MENDED = table(NAME, more="auto_deploy = false")


@pytest.mark.parametrize("line", ["auto_deploy = 'no'", "auto_deploy = 0", "auto-deploy = false"])
def test_a_model_that_landed_while_auto_deploy_was_wrong_still_waits_for_a_person(
    line: str,
) -> None:
    world = SmallWorld(table(NAME, more=line))
    world.land(MODEL)
    world.run(hours=1)
    assert (world.record().waiting is not None, world.sent()) == (True, [])

    world.folder.rewrite(MENDED)
    world.sweep()
    world.run(hours=1)

    assert world.sent() == []
    waiting = world.record().waiting
    assert waiting is not None
    assert (waiting.model.name, waiting.approved) == (MODEL, False)


def test_mended_to_true_it_goes_live_without_a_person() -> None:
    world = SmallWorld(table(NAME, more="auto_deploy = 'yes'"))
    world.land(MODEL)

    world.folder.rewrite(table(NAME, more="auto_deploy = true"))
    world.sweep()
    world.run(minutes=10)

    assert (world.sent(), world.desired().state) == ([MODEL], "live")


def test_a_model_that_is_not_for_the_endpoint_is_not_its_own_because_models_was_misspelt() -> None:
    said = table(NAME, models="right/*.ilearner")
    world = SmallWorld(said.replace("models =", "modles ="))
    world.land("wrong/model.ilearner")
    world.land("right/model.ilearner")

    world.folder.rewrite(said)
    world.sweep()
    world.run(minutes=10)

    assert world.sent() == ["right/model.ilearner"]
