"""What stands for a placeholder, in texts, in JSON and in addresses."""

from urllib.parse import parse_qs, urlsplit

import pytest

from protocols.blob_reference import BlobReference, relative_location
from protocols.http_server.template import filled, filled_url, placeholders, values_of
from settings.secret import Secret

TOKEN = "?sv=2025&sig=a%2Fb%3D"
MODEL = BlobReference(
    "https://m.invalid/",
    relative_location("kept", "census/0a1b.onnx"),
    Secret(TOKEN),
    name="census/été 7/model.v2.onnx",
    etag="0x8DE",
)
VALUES = values_of(MODEL)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{url}", f"https://m.invalid/kept/census/0a1b.onnx{TOKEN}"),
        ("{base_location}{relative_location}{sas_token}", MODEL.url().reveal()),
        ("models:/{model}@{etag}", "models:/census/été 7/model.v2.onnx@0x8DE"),
        ("{folder}/{stem}", "été 7/model.v2"),
        ('{"versions": [{folder}]}', '{"versions": [été 7]}'),
        ("{}{Model} {{", "{}{Model} {{"),
        ([1, {"a": "{etag}", "b": None}], [1, {"a": "0x8DE", "b": None}]),
    ],
)
def test_a_placeholder_is_filled_wherever_a_text_is(template: object, said: object) -> None:
    placeholders(template)

    assert filled(template, VALUES) == said


def test_what_is_put_in_is_not_looked_at_for_placeholders() -> None:
    odd = BlobReference("https://m.invalid/", "a", Secret(""), name="{etag}", etag="{url}")

    assert filled("{model} {etag}", values_of(odd)) == "{etag} {url}"


def test_in_an_address_a_value_stays_one_value() -> None:
    address = filled_url("https://server.example/{stem}?url={url}&name={model}", VALUES)

    parts = urlsplit(address)
    assert parts.path == "/model.v2"
    assert parse_qs(parts.query) == {"url": [MODEL.url().reveal()], "name": [MODEL.name]}
    assert address.isascii()


def test_a_model_in_no_folder_has_none() -> None:
    assert values_of(BlobReference("", "", Secret(""), name="a"))["folder"] == ""


def test_no_placeholder_is_made_up() -> None:
    with pytest.raises(ValueError, match=r"has no placeholder \{tag\}, \{version\}; there are: "):
        placeholders({"a": ["{version}", "{tag}", "{etag}"]})
