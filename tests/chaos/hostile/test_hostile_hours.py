"""Endpoints that are in trouble for three hours, and answers that wait for the next request.

Attacks invariant 2 (hours of outage and throttling lose nothing) and race rule 6 (back-off up to 15
minutes, `Retry-After` up to an hour): whoever is in trouble is neither hammered nor given up.
"""

from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Final

import pytest

from local_stack.azurite import Azurite
from protocols.wire import NoAnswerError, Wire
from settings.secret import Secret
from tests.chaos.conftest import Figures
from tests.chaos.hostile.fleet import Fleet, Good, Siege
from tests.chaos.hostile.hostile_server import Line, Misbehaviour, hostile_server, http_answer
from tests.chaos.hostile.misbehaviours import Attack, says

_MINUTES: Final = 180
_STEP: Final = 5
_AT_MOST: Final = {"503": 17, "closed": 17, "silent": 17, "429-for-a-day": 4}
"""Tries in three hours: pauses of 0.5, 1, 2, 4, 8 minutes, 15 from there on; or of the hour."""


def _always(answer: bytes) -> Attack:
    return Attack(says(answer))


TROUBLES: Final = {
    "503": _always(http_answer("503 Service Unavailable")),
    "closed": _always(b""),
    "silent": Attack(Line.hang),
    "429-for-a-day": _always(http_answer("429 Too Many", b"", "Retry-After: 86400")),
}


def test_three_hours_of_trouble_delay_a_model_and_lose_none(
    azurite: Azurite, container_name: str, tmp_path: Path, figures: Figures
) -> None:
    siege = Siege(TROUBLES, "patch", times=10_000)
    with hostile_server(Good(), siege) as server:
        fleet = Fleet(
            azurite,
            container_name,
            tmp_path,
            server,
            [*TROUBLES],
            limit=timedelta(seconds=1),
            hanging=["silent"],
        )
        fleet.land("model")
        for _ in range(_MINUTES // _STEP):
            fleet.tick(_STEP)
        assert set(fleet.states().values()) == {"pending"}
        tries = {name: server.methods(name).count("PATCH") for name in TROUBLES}
        siege.lift()
        for _ in range(_MINUTES // _STEP // 3 + 2):  # what was asked for: up to an hour
            fleet.tick(_STEP)

    assert {name: tried for name, tried in tries.items() if tried > _AT_MOST[name]} == {}
    assert min(tries.values()) >= 3
    assert set(fleet.states().values()) == {"live"}
    figures(hours=_MINUTES // 60, lost=0, **{f"patches_{name}": n for name, n in tries.items()})


@pytest.mark.parametrize("status", ["102 Processing", "103 Early Hints"])
def test_an_answer_that_comes_late_is_not_taken_for_the_next(status: str) -> None:
    went_on = Event()

    def late(line: Line) -> None:
        line.send(f"HTTP/1.1 {status}\r\n\r\n".encode())
        went_on.wait(5)
        line.send(http_answer("200 OK", b"of the request before"))

    first: list[Misbehaviour] = [late]
    with hostile_server(
        lambda _: http_answer("200 OK", b"its own"), lambda _: first.pop() if first else None
    ) as server:
        wire = Wire(timedelta(seconds=2))
        with pytest.raises(NoAnswerError) as told:
            wire.send("GET", f"{server.url}/a/b", key=Secret("key"))
        went_on.set()
        second = wire.send("GET", f"{server.url}/a/b", key=Secret("key"))

    assert told.value.sent
    assert second.body == b"its own"
