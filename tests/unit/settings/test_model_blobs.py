"""Which blobs are models: the pattern of MODEL_BLOBS, read as the blob trigger reads it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from local_stack.functions_host.blob_path import BlobPathError, parse_blob_path
from settings.model_blobs import parse_model_blobs

NAMES = st.text("abc./{}", max_size=8)
PATTERNS = st.lists(
    st.sampled_from(["{name}", "{ext}", "{{", "}}", "a", ".", "/", "b+", "{", "}", "{a-b}", "\n"]),
    min_size=1,
    max_size=6,
).map("".join)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{name}.ilearner", "census.ilearner"),
        ("{name}.ilearner", "census/2026/model.ilearner"),
        ("{name}.ilearner", ".ilearner"),  # a token may stand for nothing, as in the host
        ("{name}.ilearner", "a b%#+?'\"é\n.ilearner"),
        ("{folder}/{name}.onnx", "a/b/c.onnx"),
        ("latest.ilearner", "latest.ilearner"),
        ("{{{name}}}.bin", "{a}.bin"),
        ("v1.{name}", "v1.x"),
    ],
)
def test_a_name_that_the_pattern_means_is_a_model(pattern: str, name: str) -> None:
    assert parse_model_blobs(f"models/{pattern}").matches(name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{name}.ilearner", "census.ilearner.tmp"),
        ("{name}.ilearner", "census.ILEARNER"),
        ("{name}.ilearner", "censusXilearner"),
        ("{name}.ilearner", "census.ilearner\n"),
        ("{folder}/{name}.onnx", "c.onnx"),
        ("v1.{name}", "v12x"),
        ("{{{name}}}.bin", "a.bin"),
    ],
)
def test_any_other_name_is_no_model(pattern: str, name: str) -> None:
    assert not parse_model_blobs(f"models/{pattern}").matches(name)


@pytest.mark.parametrize(
    ("text", "container", "prefix"),
    [
        ("experimentoutput/{name}.ilearner", "experimentoutput", ""),
        ("models/census/v{version}/{name}.onnx", "models", "census/v"),
        ("models/a{{b}}{name}", "models", "a{b}"),
        ("models/latest.bin", "models", "latest.bin"),
    ],
)
def test_container_and_prefix_are_what_a_listing_needs(
    text: str, container: str, prefix: str
) -> None:
    blobs = parse_model_blobs(text)

    assert (blobs.container, blobs.prefix) == (container, prefix)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "must begin with a container's name"),
        ("{container}/{name}", "must begin with a container's name"),
        ("ab/{name}", "must begin with a container's name"),
        ("Models/{name}", "must begin with a container's name"),
        ("my--models/{name}", "must begin with a container's name"),
        ("models", "needs a pattern after the container"),
        ("models/", "needs a pattern after the container"),
        ("models/{name.ilearner", "has a brace without its pair"),
        ("models/name}.ilearner", "has a brace without its pair"),
        ("models/{a-b}.ilearner", "has a brace without its pair"),
        ("models/{}.ilearner", "has a brace without its pair"),
    ],
)
def test_a_path_without_container_or_pattern_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_model_blobs(text)


@given(PATTERNS, NAMES)
def test_the_app_takes_for_models_what_the_functions_host_delivers(pattern: str, name: str) -> None:
    """The sweep lists by our reading, the trigger delivers by the host's."""
    text = f"models/{pattern}"
    try:
        by_the_host = parse_blob_path(text)
    except BlobPathError:
        assume(pattern.count("{name}") < 2)  # our reading has nothing against a token used twice
        assume(pattern.count("{ext}") < 2)
        with pytest.raises(ValueError, match="brace"):
            parse_model_blobs(text)
        return
    blobs = parse_model_blobs(text)

    assert blobs.matches(name) == (by_the_host.tokens(name) is not None)
    assert blobs.prefix == by_the_host.prefix
    if blobs.matches(name):
        assert name.startswith(blobs.prefix)


@given(PATTERNS)
def test_the_example_is_a_name_that_the_pattern_means(pattern: str) -> None:
    try:
        model_blobs = parse_model_blobs(f"models/{pattern}")
    except ValueError:
        assume(condition=False)
    assert model_blobs.example
    assert model_blobs.matches(model_blobs.example)
