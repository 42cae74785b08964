"""Agenda entries never pile up, however often one name is overwritten."""

from tests.fakes.small_world import NAME, SmallWorld

LANDINGS = 10_000
MODEL = f"{NAME}/latest.ilearner"


def test_ten_thousand_landings_under_one_name_leave_at_most_two_entries() -> None:
    """Rule 4 of the races: at most two entries an endpoint."""
    world = SmallWorld()
    most = 0

    for number in range(LANDINGS):
        world.clock.advance(seconds=7)
        world.land(MODEL)
        if number % 9 == 0:
            world.tick()
        most = max(most, len(world.store.names("agenda/")))

    assert most == 2
    world.run(hours=1)
    assert world.desired().state == "live"
    assert len(world.store.names("agenda/")) == 1
