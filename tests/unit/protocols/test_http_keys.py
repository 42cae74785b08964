"""The keys of an endpoint that takes a model by HTTP: what they say, and every fault by name."""

from datetime import timedelta
from typing import Any

import pytest

from protocols.http_server.keys import Header, HttpKeys, HttpRequest, http_keys
from protocols.http_server.template import NAMES
from protocols.table import PROTOCOLS
from settings.endpoints_file import Endpoints, parse_endpoints
from settings.secret import Secret
from tests.unit.docs.markdown import ROOT, code, section, table
from tests.unit.settings.endpoints_text import REQUEST, changed

PAGE = (ROOT / "docs" / "protocols.md").read_text("utf-8")
SETTINGS = {"SERVER_KEY": "key-of-server", "OTHER": "other"}

LEAST = """
[endpoints.census]
protocol = "http"

[[endpoints.census.requests]]
url = "https://server.example/load"
"""

WHOLE = """
[endpoints.census]
protocol = "http"
settles_after = "30s"
renew_token = false

[[endpoints.census.requests]]
method = "PUT"
url = "https://server.example/{endpoint}?from={url}"
headers = { Authorization = "Bearer %SERVER_KEY%", X-Kind = "model" }
body = { uri = "{base_location}{relative_location}", token = "{sas_token}", n = [1, { v = "v-{etag}" }] }
accepted = [200, 409]
refused = [500]

[[endpoints.census.requests]]
url = "https://server.example/use/{stem}"

[endpoints.census.proof]
url = "https://server.example/{model}"
headers = { X-Api-Key = "%OTHER%" }
expect = "answer.version == sent.etag"

[endpoints.census.smoke_test]
score_url = "https://server.example/score"
request = "smoke.json"
expect = "ok"
headers = { Authorization = "Bearer %SERVER_KEY%" }
"""  # noqa: E501 - one line, as people write it


def read(content: str) -> Endpoints:
    keys = {name: kind.read_keys for name, kind in PROTOCOLS.items()}
    return parse_endpoints(
        content,
        environ=SETTINGS,
        read_relative=lambda _: REQUEST,
        protocols=keys,
        trainings={},
    )


def keys_of(content: str) -> HttpKeys:
    endpoints = read(content)
    assert endpoints.faults == ()
    return http_keys(endpoints.by_name["census"])


def test_every_key_is_read() -> None:
    keys = keys_of(WHOLE)

    bearer = Header("Authorization", ("Bearer ", Secret("key-of-server")))
    assert keys.requests == (
        HttpRequest(
            method="PUT",
            url="https://server.example/census?from={url}",
            headers=(bearer, Header("X-Kind", ("model",))),
            body={
                "uri": "{base_location}{relative_location}",
                "token": "{sas_token}",
                "n": [1, {"v": "v-{etag}"}],
            },
            accepted=frozenset({200, 409}),
            refused=frozenset({500}),
        ),
        HttpRequest(method="POST", url="https://server.example/use/{stem}"),
    )
    assert keys.proof is not None
    assert keys.proof.request == HttpRequest(
        method="GET",
        url="https://server.example/{model}",
        headers=(Header("X-Api-Key", (Secret("other"),)),),
    )
    assert keys.proof.expect == "answer.version == sent.etag"
    assert keys.smoke_headers == (bearer,)
    assert (keys.settles_after, keys.renew_token) == (timedelta(seconds=30), False)


def test_the_least_that_can_be_said_has_the_defaults() -> None:
    keys = keys_of(LEAST)

    assert keys.requests == (HttpRequest(method="POST", url="https://server.example/load"),)
    assert (keys.proof, keys.smoke_headers) == (None, ())
    assert (keys.settles_after, keys.renew_token) == (timedelta(0), True)


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ('"{url}"', True),
        ('{ a = [{ b = "x {sas_token}" }] }', True),
        ('"{base_location}{relative_location}"', False),
        ('{ a = "{etag}" }', False),
        ("1", False),
    ],
)
def test_what_is_sent_needs_a_token_only_where_one_stands_in_it(body: str, *, needs: bool) -> None:
    assert keys_of(f"{LEAST}body = {body}").needs_token is needs


def _first(line: str) -> str:
    return f"{LEAST}{line}\n"


def _proof(line: str) -> str:
    return f"{LEAST}[endpoints.census.proof]\nurl = 'https://a.example'\nexpect = 'a'\n{line}\n"


FAULTS = [
    ("[endpoints.census]\nprotocol = 'http'", "requests", "is missing: at least one table"),
    ("[endpoints.census]\nprotocol = 'http'\nrequests = []", "requests", "is missing"),
    ("[endpoints.census]\nprotocol = 'http'\nrequests = 1", "requests", "must be a list of tables"),
    ("[endpoints.census]\nprotocol = 'http'\nrequests = [1]", "requests[0]", "must be a table"),
    (changed(LEAST, "url", "1"), "requests[0].url", "must be a text"),
    (changed(LEAST, "url", '"http://a.example"'), "requests[0].url", "must be an https address"),
    (changed(LEAST, "url", '"https://{model}.example"'), "requests[0].url", "must name its host"),
    (changed(LEAST, "url", '"https://a/{urll}"'), "requests[0].url", "has no placeholder {urll};"),
    (LEAST.replace("url", "# "), "requests[0].url", "is missing"),
    (_first("method = 'get'"), "requests[0].method", "must be one of: DELETE, GET"),
    (_first("method = ['GET']"), "requests[0].method", "must be one of"),
    (_first("headers = 'a'"), "requests[0].headers", "Expected `object`"),
    (_first("headers = { 'a b' = 'c' }"), "requests[0].headers", "is no header that can be set"),
    (_first("headers = { Host = 'c' }"), "requests[0].headers", "is no header that can be set"),
    (_first("headers = { Authorization = 'Bearer abc' }"), "requests[0].headers", "must name an"),
    (_first("headers = { X-Api-Key = 'abc' }"), "requests[0].headers", "must name an app setting"),
    (_first("headers = { Cookie = 'abc' }"), "requests[0].headers", "must name an app setting"),
    (_first("headers = { X-A = '%NONE%' }"), "requests[0].headers", "NONE, which is not set"),
    (_first('headers = { X-A = "a\\r\\nX-B: c" }'), "requests[0].headers", "cannot be sent"),
    (_first("headers = { X-A = 'é' }"), "requests[0].headers", "cannot be sent"),
    (_first("headers = { X-A = ' a' }"), "requests[0].headers", "cannot be sent"),
    (_first("headers = { X-A = 1 }"), "requests[0].headers", "got `int`"),
    (_first("body = { a = ['{tokn}'] }"), "requests[0].body", "has no placeholder {tokn}"),
    (_first("accepted = 200"), "requests[0].accepted", "Expected `array`"),
    (_first("accepted = []"), "requests[0].accepted", "one at least"),
    (_first("accepted = [99]"), "requests[0].accepted", "from 200 to 599"),
    (_first("refused = [600]"), "requests[0].refused", "from 200 to 599"),
    (_first("colour = 'red'"), "requests[0].colour", "is no key of this table"),
    (changed(WHOLE, "settles_after", "30"), "settles_after", "must be a text"),
    (changed(WHOLE, "settles_after", "'half'"), "settles_after", "is no duration"),
    (changed(WHOLE, "renew_token", "'no'"), "renew_token", "Expected `bool`"),
    (changed(WHOLE, "method", "'PUSH'"), "requests[0].method", "must be one of"),
    (_proof("body = '{url}'"), "proof.body", "must hold no token"),
    (_proof("colour = 1"), "proof.colour", "is no key of this table"),
    (_proof("").replace("a.example", "a.example/{sas_token}"), "proof.url", "must hold no token"),
    (_proof("").replace("expect = 'a'", "expect = 'a =='"), "proof.expect", "is no JMESPath"),
    (_proof("").replace("expect = 'a'", ""), "proof.expect", "is missing"),
]


@pytest.mark.parametrize(
    ("content", "key", "what"), FAULTS, ids=[f"{n} {fault[1]}" for n, fault in enumerate(FAULTS)]
)
def test_a_fault_names_table_and_key_and_what_is_wrong(content: str, key: str, what: str) -> None:
    endpoints = read(content)

    told = [one.what for one in endpoints.faults if one.where == f"endpoints.census.{key}"]
    assert any(what in said for said in told), endpoints.faults
    assert endpoints.by_name["census"].faults


def test_the_second_of_two_requests_is_named_by_its_place() -> None:
    faults = read(WHOLE.replace("https://server.example/use/{stem}", "ftp://a")).faults

    assert [one.where for one in faults] == ["endpoints.census.requests[1].url"]


def test_keys_of_another_protocol_are_no_keys_of_this_one() -> None:
    faults = read(LEAST.replace("[[", "api_key = '%OTHER%'\n[[", 1)).faults

    assert [(one.where, one.what) for one in faults] == [
        ("endpoints.census.api_key", "is no key of this table")
    ]


def test_no_fault_tells_what_a_setting_holds() -> None:
    content = WHOLE.replace("X-Kind", "'X Kind'").replace('expect = "ok"', 'expect = "="')

    said = "".join(str(one) for one in read(content).faults)

    assert said
    assert "key-of-server" not in said


def _keys_of_table(heading: str) -> dict[str, dict[str, str]]:
    return {code(row["key"])[0]: row for row in table(section(PAGE, heading), "key")}


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("`[endpoints.<name>]` of `http`", {"requests", "proof", "settles_after", "renew_token"}),
        ("`[[endpoints.<name>.requests]]`", set(HttpRequest.__struct_fields__)),
        (
            "`[endpoints.<name>.proof]`",
            {*HttpRequest.__struct_fields__, "expect"} - {"accepted", "refused"},
        ),
    ],
)
def test_the_page_names_every_key_and_no_other(heading: str, struct: set[str]) -> None:
    assert set(_keys_of_table(heading)) == struct


def test_the_page_says_truly_which_keys_must_be_there() -> None:
    said = {
        key: row["default"] == "required"
        for key, row in _keys_of_table("`[[endpoints.<name>.requests]]`").items()
    }
    needed = {key: _is_missed(key) for key in said}

    assert said == needed


def _is_missed(key: str) -> bool:
    faults: Any = read(LEAST.replace(f"\n{key} =", "\n# ")).faults
    return f"endpoints.census.requests[0].{key}" in {one.where for one in faults}


def test_the_page_names_every_placeholder_and_no_other() -> None:
    said = {code(row["placeholder"])[0].strip("{}") for row in table(PAGE, "placeholder")}

    assert said == NAMES
