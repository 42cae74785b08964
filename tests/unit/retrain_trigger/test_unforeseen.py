"""What should not happen: it is told, tried again, and stops nothing else."""

import pytest

from protocols.protocol import Refused
from tests.fakes.endpoints_folder import RESOURCE, table
from tests.fakes.small_world import NAME, SmallWorld

A, B = f"{NAME}/a.ilearner", f"{NAME}/b.ilearner"
SECRET = "sig=of-somebody"
UNTOLD = table(NAME).replace(f'resource = "{RESOURCE}"\n', "")


@pytest.mark.parametrize("call", ["endpoint.patch", "endpoint.get"])
def test_a_defect_of_ours_is_in_the_record_and_tried_again(
    call: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = SmallWorld()
    world.calls.fail(call, KeyError(SECRET))
    with caplog.at_level("INFO"):
        world.land(A)
        if call == "endpoint.get":
            world.tick()

        error = world.desired().error
    assert error is not None
    assert error.code == "internal_error"
    assert "KeyError at " in error.message
    assert "internal_error" in caplog.text
    assert SECRET not in caplog.text + error.message
    world.run(minutes=5)
    assert world.desired().state == "live"


def test_a_defect_that_stays_is_not_tried_every_minute() -> None:
    world = SmallWorld()
    world.calls.fail("endpoint.patch", KeyError(SECRET), times=10**6)
    world.land(A)
    world.run(hours=2)

    assert world.calls.count("endpoint.patch") <= 13
    assert world.desired().state == "pending"


def test_an_endpoint_that_refuses_to_name_its_resource_has_no_other_model_tried() -> None:
    world = SmallWorld(UNTOLD)
    world.scoring.resource_says = Refused("http_400", "no such endpoint", about_model=True)
    world.catalog.put(A)
    world.clock.advance(minutes=1)
    world.land(B)
    world.land(A)

    assert (world.desired().model.name, world.desired().state) == (B, "refused")
    assert world.calls.count("endpoint.resource") == 1
