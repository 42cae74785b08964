"""A secret leaves by `reveal` alone."""

import copy
import json
import pickle
import pprint
import traceback
from collections.abc import Callable

import msgspec
import pytest

from settings.app_settings import read_settings
from settings.connection import Connection
from settings.secret import Secret

KEY = "c2VjcmV0LWtleS1vZi1jZW5zdXM="
SECRET = Secret(KEY)
SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "format as repr": "{!r}".format,
    "an f-string": lambda secret: f"{secret}",
    "a log line": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - as logging does
    "pretty print": pprint.pformat,
    "in a container": lambda secret: repr([secret, {"key": secret}, (secret,)]),
    "in a struct": lambda secret: repr(Connection("ModelStorage", connection_string=secret)),
    "in an exception": lambda secret: repr(LookupError(secret)),
}


@pytest.mark.parametrize("way", SHOWN)
def test_a_secret_that_is_shown_is_masked(way: str) -> None:
    assert KEY not in SHOWN[way](SECRET)


def test_a_secret_is_shown_as_a_mask_and_revealed_by_name() -> None:
    assert (str(SECRET), SECRET.reveal()) == ("<SECRET>", KEY)


def test_a_traceback_with_all_its_locals_holds_no_secret() -> None:
    def fail(secret: Secret) -> None:
        raise LookupError("no such endpoint", secret)

    try:
        fail(SECRET)
    except LookupError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)

    text = "".join(report.format())
    assert "secret = <SECRET>" in text
    assert KEY not in text


@pytest.mark.parametrize(
    "encode",
    [pickle.dumps, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.msgpack.encode],
    ids=["pickle", "copy", "json", "msgspec.json", "msgspec.msgpack"],
)
def test_a_secret_cannot_be_encoded(encode: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        encode({"key": SECRET})

    assert KEY not in str(refusal.value)


def test_the_settings_in_use_cannot_be_printed_with_their_keys() -> None:
    storage = f"AccountName=census;AccountKey={KEY}"

    settings = read_settings({"ModelStorage": storage, "AzureWebJobsStorage": storage})

    assert settings.faults == ()
    assert settings.model_storage is not None
    assert KEY not in repr(settings)
    with pytest.raises(TypeError):
        msgspec.json.encode(settings.model_storage)


def test_secrets_are_equal_by_their_values() -> None:
    other = Secret("another")

    assert Secret(KEY) == SECRET
    assert other != SECRET
    assert SECRET != KEY
    assert {SECRET, Secret(KEY), other} == {SECRET, other}


def test_an_environment_that_is_no_utf_8_can_be_compared() -> None:
    assert Secret("caf\udce9") == Secret("caf\udce9")
    assert Secret("caf\udce9") != Secret("cafe")
