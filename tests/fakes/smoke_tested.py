"""A small world whose endpoint has a smoke test."""

from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld

SMOKE_TEST = f"""[endpoints.{NAME}.smoke_test]
score_url = "https://studio.invalid/score"
request = "smoke.json"
expect = "@"
"""


def smoke_tested(*lives: str, more: str = "") -> SmallWorld:
    """Make a world whose endpoint has a smoke test, with models that went live one by one."""
    world = SmallWorld(table(NAME, more=more + SMOKE_TEST))
    world.go_live(*lives)
    return world
