"""Records survive the trip to storage, and listings show them without reading one."""

import re

import msgspec
import pytest
from msgspec.structs import replace

from patch_endpoint.record import Past, Problem, Unknown
from patch_endpoint.records import Records, listing_order
from state.storage_errors import ConflictError, UnavailableError
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.state_store import MemoryStateStore
from tests.unit.patch_endpoint.sample import NOW, at, attempt, deployment, model, record, serving

NAME = "endpoints/census.json"
FULL = record(
    revision="r",
    desired=deployment("modèle d'été.ilearner", error=Problem("http_503", "später")),
    waiting=deployment("b", state="waiting"),
    serving=serving("a", confirmed_by="location"),
    attempt=attempt("a"),
    reported="theirs",
    unknown=(Unknown(model("c"), NOW, at(hours=1)),),
    repeat_at=at(minutes=5),
    not_before=at(minutes=6),
    agenda=("agenda/x",),
    history=(Past(deployment("d", state="superseded"), NOW),),
)


@pytest.fixture
def store() -> MemoryStateStore:
    return MemoryStateStore(DrivenClock(), Calls())


def test_a_record_is_read_as_it_was_written(store: MemoryStateStore) -> None:
    records = Records(store)
    etag = records.write(FULL, None)

    stored = records.read("census")
    assert (stored.record, stored.etag, stored.date) == (FULL, etag, NOW)


def test_a_record_from_before_a_member_was_added_is_read(store: MemoryStateStore) -> None:
    members = msgspec.json.decode(msgspec.json.encode(FULL))
    del members["serving"]["error"]
    store.put(NAME, msgspec.json.encode(members))

    assert Records(store).read("census").record == FULL


def test_an_endpoint_without_a_record_has_an_empty_one(store: MemoryStateStore) -> None:
    stored = Records(store).read("census")

    assert (stored.record, stored.etag) == (record(), None)


def test_a_version_that_is_not_the_last_is_not_overwritten(store: MemoryStateStore) -> None:
    records = Records(store)
    first = records.write(FULL, None)
    records.write(FULL, first)

    for etag in (None, first):
        with pytest.raises(ConflictError):
            records.write(record(), etag)
    assert records.read("census").record == FULL


def test_what_is_no_record_is_not_taken_for_an_empty_one(store: MemoryStateStore) -> None:
    for content in (b"", b"{}", b"\xff", b"[1]"):
        store.put(NAME, content)
        with pytest.raises(UnavailableError):
            Records(store).read("census")


@pytest.mark.parametrize("sign", ["é", "模", "🙂", "%", "a", '"\r\n'])
def test_the_metadata_of_the_longest_names_is_ascii_and_bounded(
    store: MemoryStateStore, sign: str
) -> None:
    """A blob has room for 8 KiB of metadata, and its values travel as HTTP headers."""
    name = (sign * 1024)[:1024]
    long = replace(
        FULL,
        desired=deployment(name, error=Problem(name, name)),
        waiting=deployment(name, state="waiting"),
        serving=serving(name),
    )
    records = Records(store)
    records.write(long, None)

    metadata = store.metadata(NAME)
    assert all(value.isascii() and value.isprintable() for value in metadata.values())
    assert all(key.isidentifier() for key in metadata)
    assert sum(len(key) + len(value) for key, value in metadata.items()) <= 8192
    (summary,) = records.summaries()
    shown = summary.fields["model"].rstrip("\N{REPLACEMENT CHARACTER}")
    assert name.startswith(shown)
    assert len(summary.fields["model"]) - len(shown) <= 3  # bytes of one sign that was cut
    assert records.read("census").record == long


@pytest.mark.parametrize("plain", range(3))
def test_no_half_of_an_escape_is_left_where_a_name_is_cut(
    store: MemoryStateStore, plain: int
) -> None:
    records = Records(store)
    records.write(replace(record(), desired=deployment("a" * plain + "é" * 500)), None)

    value = store.metadata(NAME)["model"]
    assert re.fullmatch(r"a*(%[0-9A-F]{2})+", value)


def test_a_listing_shows_the_state_and_reads_no_record(store: MemoryStateStore) -> None:
    calls = Calls()
    store = MemoryStateStore(DrivenClock(), calls)
    records = Records(store)
    records.write(replace(FULL, waiting=None), None)
    calls.forget()

    (summary,) = records.summaries()

    assert [call.what for call in calls.made] == ["state.list"]
    assert summary.endpoint == "census"
    assert summary.fields["state"] == "pending"
    assert summary.fields["model"] == "modèle d'été.ilearner"
    assert summary.fields["instant"] == NOW.isoformat()
    assert summary.fields["token_expires_at"] == at(hours=24).isoformat()
    assert summary.fields["entries"] == "1"


def test_a_listing_goes_on_after_a_name(store: MemoryStateStore) -> None:
    records = Records(store)
    for name in ("a", "a-b", "b", "c"):
        records.write(replace(record(), endpoint=name), None)

    assert [one.endpoint for one in records.summaries()] == ["a-b", "a", "b", "c"]
    assert [one.endpoint for one in records.summaries(after="a")] == ["b", "c"]
    assert [one.endpoint for one in records.summaries(after="a-b")] == ["a", "b", "c"]
    assert sorted(("c", "a", "a-b", "b"), key=listing_order) == ["a-b", "a", "b", "c"]
