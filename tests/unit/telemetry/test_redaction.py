"""What comes from elsewhere is told without its secrets."""

import html
import json
import time
from collections.abc import Callable
from itertools import cycle
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from settings.secret import Secret
from telemetry.redaction import MASK, redact

SIGNATURE = "Zm9v%2BYmFy%2Fcg%3D%3D"
KEY = "a+key/with=signs=="


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"https://a.example/b?sv=1&sig={SIGNATURE}&se=2", f"https://a.example/b?sv=1&sig={MASK}&se=2"),
        (f"sig={SIGNATURE}", f"sig={MASK}"),
        (f"?SIG={SIGNATURE}", f"?SIG={MASK}"),
        (f'{{"SasBlobToken": "?sv=1&sig={SIGNATURE}"}}', f'{{"SasBlobToken": "?sv=1&sig={MASK}"}}'),
        (f"<a href='?sv=1&amp;sig={SIGNATURE}'>", f"<a href='?sv=1&amp;sig={MASK}'>"),
        ("url=a%2Fb%3Fsv%3D1%26sig%3DZm9v%252B", f"url=a%2Fb%3Fsv%3D1%26sig%3D{MASK}"),
        ("twice%2526sig%253DZm9v", f"twice%2526sig%253D{MASK}"),
        (r'"?sv=1\u0026sig=Zm9v%3D\u0026se=2"', rf'"?sv=1\u0026sig={MASK}\u0026se=2"'),
        (r'"?sv=1\u0026sig\u003dZm9v"', rf'"?sv=1\u0026sig\u003d{MASK}"'),
        (r'"sig=Zm\/9v\u002bYmFy\u003d\u0026se=2"', rf'"sig={MASK}\u0026se=2"'),
        ("sig&#61;Zm&#x2F;9v&plus;YmFy&#61;&amp;se=2", f"sig&#61;{MASK}&amp;se=2"),
        (r"Bearer abc\/DEF&#43;123456", f"Bearer {MASK}"),
        ("Bearer abc%2FDEF%2B", f"Bearer {MASK}"),
        ("AccountKey&#61;Zm9v&#43;YmFy;End=1", f"AccountKey&#61;{MASK};End=1"),
        ("Authorization: Bearer abcDEF123+/==", f"Authorization: Bearer {MASK}"),
        ("authorization: bearer  abcDEF123", f"authorization: bearer  {MASK}"),
        ("AccountName=a;AccountKey=Zm9vYmFy==;End=1", f"AccountName=a;AccountKey={MASK};End=1"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_masked(text: str, told: str) -> None:
    assert redact(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "storage could not write record census: it answered 412 ConditionNotMet",
        "design=new",
        "the bearer of bad news",
        "https://a.example/models/census.ilearner?sv=1&se=2026-01-01",
        "",
    ],
)
def test_what_is_no_secret_is_told_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_known_key_is_masked_wherever_and_however_it_is_written() -> None:
    text = f"key {KEY}, in an address: a%2Bkey%2Fwith%3Dsigns%3D%3D."

    assert redact(text, [Secret(KEY)]) == f"key {MASK}, in an address: {MASK}."


def _percent(sign: str) -> str:
    return f"%{ord(sign):02x}"


def _html(sign: str) -> str:
    names = {"&": "&amp;", "<": "&lt;", "+": "&plus;", "/": "&sol;", "=": "&equals;"}
    return names.get(sign, f"&#{ord(sign)};")


FORMS: dict[str, Callable[[str], str]] = {
    "URL": _percent,
    "URL in capitals": lambda sign: quote(sign, safe=""),
    "URL in a URL": lambda sign: quote(_percent(sign), safe=""),
    "JSON": lambda sign: json.dumps(sign)[1:-1].replace("/", r"\/"),
    "JSON by numbers": lambda sign: f"\\u{ord(sign):04x}",
    "JSON in JSON": lambda sign: json.dumps(f"\\u{ord(sign):04X}")[1:-1],
    "HTML": _html,
    "HTML by numbers": lambda sign: f"&#x{ord(sign):04X};",
    "HTML in HTML": lambda sign: html.escape(_html(sign)),
}
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)


@given(
    key=st.text(PRINTABLE, min_size=12, max_size=90),
    forms=st.lists(st.sampled_from([str, *FORMS.values()]), min_size=1),
    before=st.text(),
    after=st.text(),
)
@example(key=KEY, forms=[FORMS["HTML"]], before="%2", after=";")
@example(key="%41-and-more", forms=[_percent, *[str] * 11], before="", after="")
@example(key="&#43;-and-more", forms=[_html, *[str] * 13], before="", after="")
@example(key=r"\u002b-and-more", forms=[FORMS["JSON"], *[str] * 14], before="\\", after="")
def test_a_known_key_is_masked_with_each_of_its_signs_escaped_in_any_form(
    key: str, forms: list[Callable[[str], str]], before: str, after: str
) -> None:
    written = "".join(form(sign) for sign, form in zip(key, cycle(forms), strict=False))

    told = redact(f"{before}{written}{after}", [Secret(key)])

    assert written not in told
    assert MASK in told


@pytest.mark.parametrize("text", ["%25", "\\", "&amp;", "&#", "%", "a"])
def test_much_that_looks_like_an_escape_takes_no_time(text: str) -> None:
    long = text * (64 * 1024 // len(text))

    begun = time.process_time()
    redact(long, [Secret(KEY), Secret("a" * 90)])

    assert time.process_time() - begun < 10


def test_a_key_that_begins_with_another_is_masked_whole() -> None:
    text = "first-key and first-key-and-more"

    told = redact(text, [Secret("first-key"), Secret("first-key-and-more")])

    assert told == f"{MASK} and {MASK}"


def test_an_empty_key_masks_nothing() -> None:
    assert redact("as it is", [Secret("")]) == "as it is"


@given(st.text(), st.lists(st.text("abc+/%=", min_size=6), max_size=3), st.text())
def test_no_known_key_is_left_and_a_second_masking_changes_nothing(
    before: str, keys: list[str], after: str
) -> None:
    secrets = [Secret(key) for key in keys]
    text = before + "|".join(keys) + after

    told = redact(text, secrets)

    assert not any(key in told for key in keys)
    assert redact(told, secrets) == told


@given(
    st.sampled_from(["?sig=", "&sig=", "&amp;sig=", "%26sig%3D", '"sig=']),
    st.text("abcXYZ019%+/=-_.~", min_size=1).filter(lambda text: "sig" not in text),
)
def test_no_part_of_a_signature_is_left(lead: str, signature: str) -> None:
    assert redact(f"{lead}{signature}&se=1") == f"{lead}{MASK}&se=1"
