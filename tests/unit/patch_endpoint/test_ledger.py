"""Records and agenda stay true to each other, whatever is lost on the way."""

import pytest
from msgspec.structs import replace

from patch_endpoint.ledger import Ledger
from patch_endpoint.record import Record
from patch_endpoint.records import Records
from state.agenda import Agenda, new_entry
from state.storage_errors import ConflictError, UnavailableError
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.state_store import MemoryStateStore
from tests.unit.patch_endpoint.sample import NOW, at, deployment

RECORD = "endpoints/census.json"


class Desk:
    """A ledger over a store in memory."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.store = MemoryStateStore(DrivenClock(), self.calls)
        self.ledger = Ledger(Records(self.store), Agenda(self.store))

    def pending(self, **after: float) -> Record:
        """The record as it is, with a model that is to be tried at an instant."""
        record = self.ledger.read("census").record
        return replace(record, desired=deployment(next_attempt_at=at(**after)))

    @property
    def entries(self) -> list[str]:
        """The entries there are."""
        return self.store.names("agenda/")

    @property
    def named(self) -> list[str]:
        """The entries that the record names."""
        return sorted(self.ledger.read("census").record.agenda)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_entry_is_there_before_the_record_names_it(desk: Desk) -> None:
    stored = desk.ledger.read("census")
    desk.calls.forget()
    desk.ledger.save(stored, desk.pending(minutes=5), NOW)

    made = [(call.what, call.name[:6]) for call in desk.calls.made if call.what != "state.read"]
    assert made == [("state.put", "agenda"), ("state.write", "endpoi")]
    assert desk.entries == desk.named


def test_an_entry_is_deleted_only_after_the_record_stopped_naming_it(desk: Desk) -> None:
    stored = desk.ledger.save(desk.ledger.read("census"), desk.pending(minutes=5), NOW)
    old = stored.record.agenda[0]
    desk.calls.forget()
    done = new_entry(NOW, "endpoint", "census")
    entry = type(done)(old, done.due, "endpoint", "census")
    desk.ledger.save(stored, replace(stored.record, desired=None), at(minutes=5), entry)

    assert [call.what for call in desk.calls.made] == ["state.write", "state.delete"]
    assert desk.entries == desk.named == []


def test_no_entry_is_written_where_a_named_one_is_due_no_later(desk: Desk) -> None:
    stored = desk.ledger.save(desk.ledger.read("census"), desk.pending(minutes=5), NOW)
    before = desk.entries
    desk.ledger.save(stored, desk.pending(minutes=20), NOW)

    assert desk.entries == before


def test_an_earlier_instant_gets_an_entry_of_its_own(desk: Desk) -> None:
    stored = desk.ledger.save(desk.ledger.read("census"), desk.pending(minutes=5), NOW)
    desk.ledger.save(stored, desk.pending(minutes=1), NOW)

    assert len(desk.entries) == 2
    assert desk.entries == desk.named


def test_there_are_never_more_than_two_entries(desk: Desk) -> None:
    stored = desk.ledger.read("census")
    for minutes in range(60, 0, -7):
        stored = desk.ledger.save(stored, desk.pending(minutes=minutes), NOW)

        assert desk.entries == desk.named
        assert len(desk.entries) <= 2
        assert desk.entries[0].startswith(f"agenda/{at(minutes=minutes):%Y%m%dT%H%M}")


def test_an_entry_that_the_record_does_not_name_goes_after_the_record_was_rewritten(
    desk: Desk,
) -> None:
    """A late writer that was about to name it must find its condition broken."""
    stored = desk.ledger.save(desk.ledger.read("census"), desk.pending(minutes=5), NOW)
    stray = new_entry(NOW, "endpoint", "census")
    desk.store.put(stray.name)
    late = replace(stored.record, agenda=(stray.name,))
    desk.calls.forget()

    desk.ledger.save(stored, stored.record, NOW, stray)

    assert [call.what for call in desk.calls.made] == ["state.write", "state.delete"]
    assert stray.name not in desk.entries
    with pytest.raises(ConflictError):
        desk.ledger.save(stored, late, NOW)
    assert desk.entries == desk.named


def test_a_lost_answer_is_known_as_our_own_success(desk: Desk) -> None:
    stored = desk.ledger.read("census")
    desk.calls.fail("state.write", ConflictError("write", 412), lost_answer=True)

    saved = desk.ledger.save(stored, desk.pending(minutes=5), NOW)

    assert saved == replace(desk.ledger.read("census"), date=saved.date)
    assert desk.entries == desk.named


def test_somebody_elses_write_is_no_success_and_leaves_nothing_behind(desk: Desk) -> None:
    stored = desk.ledger.read("census")
    theirs = desk.ledger.save(stored, desk.pending(minutes=5), NOW)
    ours = replace(stored.record, desired=deployment("b", next_attempt_at=at(minutes=1)))

    with pytest.raises(ConflictError):
        desk.ledger.save(stored, ours, NOW)

    assert desk.ledger.read("census").record == theirs.record
    assert desk.entries == desk.named


def test_a_write_that_failed_leaves_an_entry_that_does_no_harm(desk: Desk) -> None:
    """Nothing is known of the write: the entry may be what wakes it."""
    desk.calls.fail("state.write", UnavailableError("write"), lost_answer=True)
    stored = desk.ledger.read("census")
    with pytest.raises(UnavailableError):
        desk.ledger.save(stored, desk.pending(minutes=5), NOW)

    assert desk.entries == desk.named
    assert len(desk.entries) == 1


def test_an_entry_that_cannot_be_deleted_is_no_failure(desk: Desk) -> None:
    stored = desk.ledger.save(desk.ledger.read("census"), desk.pending(minutes=5), NOW)
    stray = new_entry(NOW, "endpoint", "census")
    desk.store.put(stray.name)
    desk.calls.fail("state.delete", UnavailableError("delete"))
    desk.ledger.save(stored, stored.record, NOW, stray)

    assert stray.name in desk.entries


def test_an_update_is_made_anew_to_what_somebody_else_wrote(desk: Desk) -> None:
    stored = desk.ledger.read("census")
    desk.ledger.save(stored, replace(stored.record, again=True), NOW)

    def change(record: Record, now: object) -> Record:
        del now
        return replace(record, reported="mine")

    desk.ledger.update(stored, change, DrivenClock())

    record = desk.ledger.read("census").record
    assert (record.again, record.reported) == (True, "mine")


def test_an_update_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    stored = desk.ledger.read("census")

    desk.ledger.update(stored, lambda record, _: record, DrivenClock())

    assert RECORD not in desk.store.names()
