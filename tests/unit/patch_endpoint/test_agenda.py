"""The agenda sorts by instant, and a look at it stops at the first entry in the future."""

from collections.abc import Iterator
from datetime import timedelta, timezone

import pytest

from state.agenda import Agenda, Entry, is_due_no_later, new_entry, parse_entry
from state.store import Listed
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.state_store import MemoryStateStore
from tests.unit.patch_endpoint.sample import NOW, at


def test_names_sort_as_their_instants_do() -> None:
    instants = [at(seconds=number * 0.013) for number in range(-200, 200, 7)]
    instants += [at(days=number) for number in range(-4000, 4000, 333)]
    names = [new_entry(instant, "endpoint", "census").name for instant in instants]

    assert sorted(names) == [name for _, name in sorted(zip(instants, names, strict=True))]


def test_a_name_says_when_what_and_which_and_is_never_used_twice() -> None:
    one, other = (new_entry(NOW, "endpoint", "census") for _ in range(2))

    assert one.name != other.name
    assert parse_entry(one.name) == one == Entry(one.name, NOW, "endpoint", "census")


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))

    assert new_entry(there, "endpoint", "census").due == NOW


def test_an_entry_in_time_is_due_no_later() -> None:
    name = new_entry(NOW, "endpoint", "census").name

    assert is_due_no_later(name, NOW)
    assert is_due_no_later(name, at(seconds=1))
    assert not is_due_no_later(name, at(seconds=-1))


def test_what_is_due_comes_the_oldest_first() -> None:
    agenda = Agenda(MemoryStateStore(DrivenClock(), Calls()))
    for minutes in (3, -3, 0, -1, 5):
        agenda.add(new_entry(at(minutes=minutes), "endpoint", f"e{minutes}"))

    assert [entry.subject for entry in agenda.due(NOW)] == ["e-3", "e-1", "e0"]


class Pages(MemoryStateStore):
    """A store that counts how far a listing was read."""

    shown = 0

    def listed(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """See `StateStore`."""
        for listed in super().listed(prefix, after=after):
            self.shown += 1
            yield listed


@pytest.mark.parametrize("due", [0, 2])
def test_a_look_stops_at_the_first_entry_in_the_future(due: int) -> None:
    store = Pages(DrivenClock(), Calls())
    agenda = Agenda(store)
    for number in range(1000):
        agenda.add(new_entry(at(hours=1, seconds=number), "endpoint", "census"))
    for number in range(due):
        agenda.add(new_entry(at(seconds=-number), "endpoint", "census"))

    assert len(list(agenda.due(NOW))) == due
    assert store.shown == due + 1


def test_what_is_no_entry_is_passed_over() -> None:
    store = MemoryStateStore(DrivenClock(), Calls())
    agenda = Agenda(store)
    entry = new_entry(at(seconds=-1), "endpoint", "census")
    agenda.add(entry)
    for name in ("agenda/", "agenda/0", "agenda/00000000T000000.000Z/a/b/c", "agenda/a/b/c/d/e"):
        store.put(name)

    assert list(agenda.due(NOW)) == [entry]
