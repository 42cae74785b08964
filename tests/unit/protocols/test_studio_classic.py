"""Studio (classic) on the wire: what is sent, and what each answer means."""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from datetime import timedelta

import pytest

from protocols.blob_reference import BlobReference, expiry_in, relative_location
from protocols.classic_keys import ClassicKeys
from protocols.protocol import Accepted, Answer, Refused, Served, Unsettled
from protocols.studio_classic import StudioClassic
from protocols.wire import HttpAnswer, NoAnswerError
from settings.scoring_endpoint import ScoringEndpoint, SmokeTest
from settings.secret import Secret
from tests.fakes.wire import CannedWire

KEY = "k3y/of+the=endpoint"
SIGNATURE = "s1gn/atur+e="
RESOURCE = "Modèle [modèle entraîné]"
URL = "https://management.azureml.invalid/workspaces/w/webservices/s/endpoints/e"
DATE = "Mon, 02 Mar 2026 06:00:00 GMT"
ENDPOINT = ScoringEndpoint(
    name="census",
    protocol="studio-classic",
    keys=ClassicKeys(patch_url=URL, api_key=Secret(KEY), resource=RESOURCE),
)
MODEL = BlobReference(
    "https://m.invalid/",
    relative_location("experimentoutput", "été 50%.ilearner"),
    Secret(f"?se=2026-03-03T06%3A00%3A00Z&sr=b&sig={SIGNATURE}"),
)


def answer(status: int, body: object = b"", **headers: str) -> HttpAnswer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status, {name.replace("_", "-"): v for name, v in headers.items()}, content)


def patched(found: HttpAnswer | NoAnswerError) -> Answer:
    return StudioClassic(CannedWire([found])).patch(ENDPOINT, RESOURCE, MODEL)


def message_of(body: object, status: int = 400) -> str:
    result = patched(answer(status, body))
    assert isinstance(result, Refused)
    return result.message


def test_a_patch_is_the_documented_body_in_utf_8_with_the_endpoints_key() -> None:
    wire = CannedWire([answer(200)])
    StudioClassic(wire).patch(ENDPOINT, RESOURCE, MODEL)

    (request,) = wire.requests
    assert (request.method, request.url, request.key) == ("PATCH", URL, KEY)
    assert request.body is not None
    assert RESOURCE.encode() in request.body
    assert json.loads(request.body) == {
        "Resources": [
            {
                "Name": RESOURCE,
                "Location": {
                    "BaseLocation": "https://m.invalid/",
                    "RelativeLocation": "experimentoutput/%C3%A9t%C3%A9%2050%25.ilearner",
                    "SasBlobToken": MODEL.sas_token.reveal(),
                },
            }
        ]
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"\xff"])
def test_any_2xx_with_any_body_is_accepted(status: int, body: bytes) -> None:
    assert patched(answer(status, body)) == Accepted()


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 405, 410, 451])
def test_a_redirect_or_a_4xx_is_refused_whatever_the_model(status: int) -> None:
    result = patched(answer(status, b"no"))

    assert result == Refused(f"http_{status}", "no", about_model=False)


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_some_4xx_may_be_about_the_model(status: int) -> None:
    assert patched(answer(status, b"no")) == Refused(f"http_{status}", "no", about_model=True)


@pytest.mark.parametrize("status", [408, 425, 429])
def test_these_4xx_are_tried_again_and_were_not_applied(status: int) -> None:
    assert patched(answer(status, b"later")) == Unsettled(f"http_{status}", "later")


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599])
def test_after_a_5xx_nobody_knows(status: int) -> None:
    assert patched(answer(status, b"oh")) == Unsettled(f"http_{status}", "oh", maybe_applied=True)


@pytest.mark.parametrize("sent", [True, False])
def test_after_no_answer_nobody_knows_if_something_was_sent(*, sent: bool) -> None:
    result = patched(NoAnswerError("the connection failed", sent=sent))

    assert result == Unsettled("no_answer", "the connection failed", maybe_applied=sent)


def test_the_documented_error_is_told_with_its_details() -> None:
    details = [{"code": "BlobNotFound", "message": "Unable to access the blob"}, {"code": "x"}]
    error = {"code": "BadArgument", "message": "Invalid argument provided.", "details": details}

    assert message_of({"error": error}) == "Invalid argument provided. Unable to access the blob"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        (b"<html>\n  <b>Bad   Gateway</b>\r\n</html>", "Bad Gateway"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        ({"error": "text"}, '{"error": "text"}'),
        ({"error": {"message": "only this"}}, "only this"),
        ({"error": {"message": None, "details": None}}, None),
        ({"error": {"message": "m", "details": "none"}}, None),
        ({"error": {"message": "m", "details": [None]}}, None),
        ([1, 2], "[1, 2]"),
        (b"null", "null"),
        (b"[" * 50_000, None),
        (b'{"error": {"message": "\\ud800"}}', None),
        (BOM_UTF8 + b'{"error": {"message": "after a mark"}}', "after a mark"),
    ],
)
def test_an_answer_of_any_shape_makes_a_message(body: object, said: str | None) -> None:
    message = message_of(body)

    assert len(message) <= 500
    assert message.encode().decode() == message  # it goes into a record, as UTF-8
    if said is not None:
        assert message == said


@pytest.mark.parametrize(
    "echo",
    [
        f"your key {KEY} is wrong",
        f"GET https://m.invalid/a?sig={SIGNATURE}&x=1",
        f"token ?sig%3D{SIGNATURE} refused",
        MODEL.sas_token.reveal(),
        f"Authorization: Bearer {KEY}",
    ],
)
def test_secrets_that_an_endpoint_echoes_are_masked(echo: str) -> None:
    for body in (echo.encode(), {"error": {"message": echo, "details": [{"message": echo}]}}):
        message = message_of(body)

        assert KEY not in message
        assert SIGNATURE not in message
        assert "<SECRET>" in message


@pytest.mark.parametrize("padding", range(470, 500, 3))
def test_a_secret_that_is_cut_in_two_leaves_no_half_behind(padding: int) -> None:
    message = message_of(f"{'x' * padding} {KEY} and more".encode())

    assert KEY[:4] not in message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "120"}, 120),
        ({"retry_after": " 0 "}, 0),
        ({"retry_after": "999999999999"}, 3600),
        ({"retry_after": "Mon, 02 Mar 2026 06:05:00 GMT", "date": DATE}, 300),
        ({"retry_after": "Mon, 02 Mar 2026 05:00:00 GMT", "date": DATE}, 0),
        ({"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": DATE}, 3600),
        ({"retry_after": "Mon, 02 Mar 2026 06:05:00 GMT"}, None),
        ({"retry_after": "soon", "date": DATE}, None),
        ({"retry_after": "-5", "date": DATE}, None),
        ({"retry_after": "1.5", "date": DATE}, None),
        ({"retry_after": "٣", "date": DATE}, 3),
        ({"retry_after": "²", "date": DATE}, None),
        ({"retry_after": "Mon, 02 Mar 2026 06:05:00 -0000", "date": DATE}, None),
    ],
)
def test_retry_after_is_read_in_its_forms_and_bounded(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    result = patched(answer(503, b"", **headers))

    assert isinstance(result, Unsettled)
    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert result.retry_after == wanted


def without_resource() -> ScoringEndpoint:
    return ScoringEndpoint(
        name="census",
        protocol="studio-classic",
        keys=ClassicKeys(patch_url=URL, api_key=Secret(KEY)),
    )


def test_the_one_resource_is_read_from_the_endpoint_and_asked_once() -> None:
    wire = CannedWire([answer(200, {"Resources": [{"Name": RESOURCE}]})])
    classic = StudioClassic(wire)

    assert [classic.resource_of(without_resource()) for _ in range(3)] == [RESOURCE] * 3
    assert [request.method for request in wire.requests] == ["GET"]


def test_a_configured_resource_is_not_asked_for() -> None:
    wire = CannedWire([answer(500)])

    assert StudioClassic(wire).resource_of(ENDPOINT) == RESOURCE
    assert wire.requests == []


def test_a_refused_patch_has_the_resource_asked_for_anew() -> None:
    found = answer(200, {"Resources": [{"Name": "old"}]})
    renamed = answer(200, {"Resources": [{"Name": "new"}]})
    classic = StudioClassic(CannedWire([found, answer(400), renamed]))
    classic.resource_of(without_resource())
    classic.patch(without_resource(), "old", MODEL)

    assert classic.resource_of(without_resource()) == "new"


def _deploys(classic: StudioClassic, endpoint: ScoringEndpoint) -> Answer:
    """What a deployment asks of the protocol."""
    resource = classic.resource_of(endpoint)
    assert isinstance(resource, str)
    return classic.patch(endpoint, resource, MODEL)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("remembered", [True, False])
def test_a_model_refused_under_a_name_that_changed_is_tried_once_more_under_the_new_one(
    status: int, *, remembered: bool
) -> None:
    found = answer(200, {"Resources": [{"Name": "old"}]})
    renamed = answer(200, {"Resources": [{"Name": "new"}]})
    wire = CannedWire([found, answer(status, b"no"), renamed, answer(200)])
    classic = StudioClassic(wire)
    if remembered:
        classic.resource_of(without_resource())  # what a confirmation asks, days before

    answers = [_deploys(classic, without_resource()) for _ in range(2)]

    assert answers == [Unsettled(f"http_{status}", "no"), Accepted()]
    assert [request.method for request in wire.requests] == ["GET", "PATCH", "GET", "PATCH"]


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("then", [200, 401, 503])
def test_a_model_refused_under_the_name_that_is_still_there_is_refused_at_once(
    status: int, then: int, *, remembered: bool
) -> None:
    """Whatever the process remembers, and also where the name cannot be asked for."""
    document = {"Resources": [{"Name": RESOURCE}]}
    wire = CannedWire([answer(200, document), answer(status), answer(then, document)])
    classic = StudioClassic(wire)
    if remembered:
        classic.resource_of(without_resource())

    assert isinstance(_deploys(classic, without_resource()), Refused)
    assert [request.method for request in wire.requests] == ["GET", "PATCH", "GET"]


@pytest.mark.parametrize("status", [401, 403, 409, 413])
def test_what_no_other_name_would_change_is_refused_at_once(status: int) -> None:
    found = answer(200, {"Resources": [{"Name": RESOURCE}]})
    classic = StudioClassic(CannedWire([found, answer(200), answer(status)]))
    _deploys(classic, without_resource())

    assert isinstance(_deploys(classic, without_resource()), Refused)


def test_a_configured_name_is_refused_at_once_and_stays() -> None:
    wire = CannedWire([answer(200), answer(400)])
    classic = StudioClassic(wire)

    answers = [_deploys(classic, ENDPOINT) for _ in range(3)]

    assert [type(one) for one in answers] == [Accepted, Refused, Refused]
    assert [request.method for request in wire.requests] == ["PATCH"] * 3


def test_a_name_configured_after_another_was_read_is_refused_at_once() -> None:
    found = answer(200, {"Resources": [{"Name": "read"}]})
    classic = StudioClassic(CannedWire([found, answer(200), answer(400)]))
    _deploys(classic, without_resource())
    classic.resource_of(without_resource())

    assert isinstance(_deploys(classic, ENDPOINT), Refused)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"Resources": []}, "no_updatable_resource"),
        ({"Resources": None}, "no_updatable_resource"),
        ({}, "no_updatable_resource"),
        ({"Resources": [{"Name": "a"}, {"Name": "b"}]}, "several_resources"),
        ({"Resources": [{"Name": f"{number}" * 99} for number in range(99)]}, "several_resources"),
    ],
)
def test_an_endpoint_without_exactly_one_resource_is_refused(document: object, code: str) -> None:
    result = StudioClassic(CannedWire([answer(200, document)])).resource_of(without_resource())

    assert isinstance(result, Refused)
    assert result.code == code
    assert len(result.message) < 600


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"7", b"", b"null", b'{"Resources": ' + b"[" * 50_000]
)
def test_a_description_that_is_no_object_is_asked_for_again(body: bytes) -> None:
    result = StudioClassic(CannedWire([answer(200, body)])).resource_of(without_resource())

    assert isinstance(result, Unsettled)
    assert result.code == "unreadable_endpoint"


@pytest.mark.parametrize("resources", ["text", 7, {"Name": "a"}, [7], [{"Name": 7}], [{}], [[]]])
def test_a_description_of_any_shape_raises_nothing(resources: object) -> None:
    document = answer(200, {"Resources": resources})
    classic = StudioClassic(CannedWire([document]))

    assert isinstance(classic.resource_of(without_resource()), (str, Refused))
    assert classic.served(ENDPOINT, RESOURCE, MODEL) is None


def located(**location: object) -> object:
    document = {"Resources": [{"Name": "other"}, {"Name": RESOURCE, "Location": location}]}
    return StudioClassic(CannedWire([answer(200, document)])).served(ENDPOINT, RESOURCE, MODEL)


def test_the_location_tells_blob_and_token() -> None:
    found = located(RelativeLocation=MODEL.relative_location, SasBlobToken=MODEL.sas_token.reveal())

    assert found == Served("experimentoutput/été 50%.ilearner", "2026-03-03T06:00:00Z")


@pytest.mark.parametrize("token", [None, "", "?", "?sv=1"])
def test_a_location_may_keep_the_token_to_itself(token: str | None) -> None:
    found = located(RelativeLocation="/experimentoutput/a", SasBlobToken=token)

    assert found == Served("experimentoutput/a", None)


def test_a_location_without_a_blob_tells_nothing() -> None:
    assert located(BaseLocation="https://m.invalid/") is None
    assert located(RelativeLocation=None) is None


SMOKE = ScoringEndpoint(
    name="census",
    protocol="studio-classic",
    keys=ClassicKeys(patch_url=URL, api_key=Secret(KEY)),
    smoke_test=SmokeTest("https://score.invalid/", b'{"a": 1}', "Results[0] == '>50K'"),
)


@pytest.mark.parametrize(
    ("body", "as_expected"),
    [
        ({"Results": [">50K"]}, True),
        ({"Results": ["<=50K"]}, False),
        ({}, False),
        ([], False),
        (b"null", False),
    ],
)
def test_a_smoke_test_holds_only_if_its_expression_is_true(
    body: object, *, as_expected: bool
) -> None:
    wire = CannedWire([answer(200, body)])

    assert StudioClassic(wire).score(SMOKE) is as_expected
    assert (wire.requests[0].method, wire.requests[0].body) == ("POST", b'{"a": 1}')


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 50_000])
def test_a_smoke_test_that_gets_no_json_says_so(body: bytes) -> None:
    result = StudioClassic(CannedWire([answer(200, body)])).score(SMOKE)

    assert isinstance(result, Unsettled)
    assert result.code == "smoke_test_unreadable"


def test_an_expression_that_the_answer_breaks_says_so() -> None:
    smoke = SmokeTest("https://score.invalid/", b"{}", "length(Results) == `1`")
    endpoint = ScoringEndpoint(
        name="e",
        protocol="p",
        keys=ClassicKeys(patch_url=URL, api_key=Secret(KEY)),
        smoke_test=smoke,
    )
    result = StudioClassic(CannedWire([answer(200, {"Results": 7})])).score(endpoint)

    assert isinstance(result, Unsettled)


def test_the_plan_is_what_is_sent_with_every_secret_masked() -> None:
    wire = CannedWire([answer(200)])
    classic = StudioClassic(wire)
    classic.patch(ENDPOINT, RESOURCE, MODEL)
    plan = classic.request_plan(ENDPOINT, MODEL)

    text = json.dumps(plan, ensure_ascii=False)
    assert KEY not in text
    assert SIGNATURE not in text
    assert wire.requests[0].body is not None
    sent = wire.requests[0].body.decode().replace(SIGNATURE, "<SECRET>")
    assert plan["body"] == json.loads(sent)


@pytest.mark.parametrize("name", ["a b", "50%", "#1", "a+b", "what?", '"q"', "模型", "a/b~c", "é"])
def test_a_relative_location_is_ascii_and_reversible(name: str) -> None:
    relative = relative_location("models", name)

    assert relative.isascii()
    assert not set(relative) & set(' #+?"')
    found = located(RelativeLocation=relative)
    assert found == Served(f"models/{name}", None)


def test_an_expiry_is_read_with_and_without_the_question_mark() -> None:
    assert expiry_in("?se=2026-03-03T06%3A00%3A00Z&sig=s") == "2026-03-03T06:00:00Z"
    assert expiry_in("se=2026-03-03T06:00:00Z") == "2026-03-03T06:00:00Z"
    assert expiry_in("?sig=s") is None
