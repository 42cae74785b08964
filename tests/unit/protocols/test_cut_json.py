"""A JSON object that breaks off is read as far as it goes, wherever that is."""

import json

import msgspec
import pytest

from protocols.cut_json import members_of

DOCUMENT = {"StatusCode": "Failed", "Results": {"o": [1, None]}, "Details": 'a "b" \\ é 😀 \n'}


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("spaces", [None, 2])
def test_wherever_it_breaks_off_what_is_read_is_the_beginning_of_what_was_written(
    *, ascii_only: bool, spaces: int | None
) -> None:
    body = json.dumps(DOCUMENT, ensure_ascii=ascii_only, indent=spaces).encode()
    for end in range(len(body) + 1):
        found = members_of(body[:end])

        msgspec.json.encode(found)
        *whole, last = found.items() if found else [("StatusCode", "")]
        assert all(DOCUMENT[name] == value for name, value in whole)
        written = DOCUMENT[last[0]]
        cut = isinstance(written, str) and written.startswith(last[1])
        assert cut or written == last[1]
    assert members_of(body) == DOCUMENT


@pytest.mark.parametrize(
    "body", [b"", b"[", b'"StatusCode', b"<html>", b"{", b"{1:2}", b"\xff{", b'{"a"', b'{"a": ']
)
def test_what_is_no_beginning_of_an_object_has_no_members(body: bytes) -> None:
    assert members_of(body) == {}


def test_of_a_member_that_is_an_object_and_breaks_off_its_whole_members_are_read() -> None:
    properties = {"status": "Failed", "jobs": {"a": [1]}, "text": "abc"}
    body = json.dumps({"name": "j", "properties": properties}).encode()
    for end in range(len(body) - 1):
        found = members_of(body[:end], within=("properties",)).get("properties", {})

        assert found.items() <= properties.items()
        assert "properties" not in members_of(body[:end])
    assert list(found) == ["status", "jobs", "text"]
    assert members_of(body[: body.index(b"Failed") + 9], within=("properties",)) == {
        "name": "j",
        "properties": {"status": "Failed"},
    }


def test_half_of_a_surrogate_pair_and_a_number_that_is_none_are_not_taken_over() -> None:
    assert members_of(b'{"a": "x\\ud83d') == {"a": "x"}
    assert members_of(b'{"a": 1, "b": NaN, "c": 2}') == {"a": 1}


def test_what_is_nested_too_deeply_is_where_it_breaks_off() -> None:
    assert members_of(b'{"a": 1, "b": ' + b"[" * 60_000) == {"a": 1}
