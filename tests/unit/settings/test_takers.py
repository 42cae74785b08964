"""Whom a model is for is found by its name's beginning: as surely as by asking everybody."""

from hypothesis import given
from hypothesis import strategies as st

from settings.scoring_endpoint import ProtocolKeys, ScoringEndpoint
from settings.takers import Takers, listing_prefixes

PIECES = st.sampled_from(["a", "b", "ab", "/", "//", "*", "**", "?", "[ab]", ".x"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=6).map("".join)
FOLDERS, SLASHES = st.sampled_from(["a", "b"]), st.sampled_from(["/", "//", "///"])
NAMES = st.lists(st.sampled_from(["a", "b", "/", "//", ".x"]), min_size=1, max_size=7).map("".join)


def _endpoint(name: str, models: str | None) -> ScoringEndpoint:
    return ScoringEndpoint(name=name, protocol="p", keys=ProtocolKeys(), models=models)


@given(st.lists(PATTERNS, max_size=5), NAMES)
def test_it_finds_exactly_those_whose_pattern_matches(patterns: list[str], name: str) -> None:
    endpoints = [_endpoint(f"e{number}", models) for number, models in enumerate(patterns)]

    found = {one.name for one in Takers(endpoints).of(name)}

    assert found == {one.name for one in endpoints if one.takes(name)}


@given(st.lists(st.tuples(FOLDERS, SLASHES), min_size=1, max_size=4), st.data())
def test_a_listing_by_prefixes_misses_no_blob_that_the_pattern_matches(
    folders: list[tuple[str, str]], data: st.DataObject
) -> None:
    """An endpoint's first model is the newest of them all, with two slashes in its name too."""
    name = "".join(f"{folder}{slashes}" for folder, slashes in folders) + "m.x"
    known = data.draw(st.integers(0, len(folders)))
    pattern = "/".join([*(folder for folder, _ in folders[:known]), "**"])

    assert _endpoint("e", pattern).takes(name)
    assert any(name.startswith(prefix) for prefix in listing_prefixes(pattern))


def test_a_model_in_a_folder_of_its_own_endpoint_asks_no_other() -> None:
    """Each pattern that is tried costs: a thousand landings must not try a million."""
    takers = Takers(_endpoint(f"e{number}", f"e{number}/**/*.x") for number in range(1000))

    assert [one.name for one in takers.candidates("e512/2026/m.x")] == ["e512"]


def test_an_endpoint_that_takes_no_landed_model_is_no_candidate() -> None:
    assert list(Takers([_endpoint("e", None)]).candidates("any.x")) == []
