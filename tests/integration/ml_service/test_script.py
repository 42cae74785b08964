"""Scripted answers and the journal: what tests of clients rely on."""

import time
from datetime import timedelta

import pytest
import requests
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from local_stack.ml_service import MlService
from tests.integration.ml_service.wire import Caller

BODY = {"Description": "scripted"}


def description(caller: Caller) -> str:
    text: str = caller.endpoint()["Description"]
    return text


def test_a_scripted_answer_is_given_as_often_as_told_and_the_real_one_afterwards(
    caller: Caller,
) -> None:
    caller.service.script(
        "PATCH", "/endpoints/digits", times=2, status=503, headers={"Retry-After": "7"}, body="<p>"
    )

    untouched = description(caller)
    answers = [caller.patch_body(BODY) for _ in range(3)]

    assert untouched == ""
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["Retry-After"], answers[0].text) == ("7", "<p>")
    assert caller.service.scripts_left == []


def test_a_dropped_connection_gives_the_client_no_answer(caller: Caller) -> None:
    caller.service.script("PATCH", drop=True)

    with pytest.raises(requests.ConnectionError):
        caller.patch_body(BODY)

    assert description(caller) == ""


def test_a_request_may_be_applied_before_its_connection_is_dropped(caller: Caller) -> None:
    caller.service.script("PATCH", drop=True, apply="before")

    with pytest.raises(requests.ConnectionError):
        caller.patch_body(BODY)

    assert description(caller) == "scripted"


def test_a_request_may_be_applied_after_its_caller_was_told_otherwise(caller: Caller) -> None:
    caller.service.script("PATCH", status=504, apply="after", delay=timedelta(seconds=5))

    answer = caller.patch_body(BODY)
    told = description(caller)
    later = retry(
        stop=stop_after_delay(20), wait=wait_fixed(0.05), retry=retry_if_result(lambda t: not t)
    )(description)(caller)

    assert (answer.status_code, told, later) == (504, "", "scripted")


def test_a_delay_comes_before_the_real_answer(caller: Caller) -> None:
    caller.service.script("PATCH", delay=timedelta(milliseconds=300))

    began = time.monotonic()
    answer = caller.patch_body(BODY)

    assert time.monotonic() - began >= 0.3
    assert answer.status_code == 200


def test_a_redirect_is_a_status_with_a_location(caller: Caller) -> None:
    caller.service.script("PATCH", status=307, headers={"Location": "/elsewhere"})

    answer = requests.patch(
        caller.service.patch_url("digits"), json=BODY, allow_redirects=False, timeout=30
    )

    assert (answer.status_code, answer.headers["Location"]) == (307, "/elsewhere")


def test_requests_are_kept_with_their_bodies_and_the_keys_only_where_asked_for(
    caller: Caller,
) -> None:
    caller.patch_body({"Description": "é"})

    [request] = caller.service.requests
    assert (request.method, request.body) == ("PATCH", {"Description": "é"})
    assert caller.service.patch_url("digits").endswith(request.path)
    assert request.instant == caller.clock.instant
    assert request.headers["authorization"] == "<SECRET>"
    assert request.authorization == f"Bearer {caller.service.key('digits')}"
    assert caller.service.key("digits") not in repr(request)


def test_a_body_without_an_end_in_sight_is_refused(caller: Caller) -> None:
    answer = requests.patch(
        caller.service.patch_url("digits"), data=bytes(33 * 1024 * 1024), timeout=30
    )

    assert answer.status_code == 400
    assert caller.service.requests == []


def test_the_service_ends_with_its_block_and_its_port_is_free_again(caller: Caller) -> None:
    with MlService.start(caller.service.studio) as service:
        url, port = service.url, int(service.url.rpartition(":")[2])
        assert requests.get(url, timeout=30).status_code == 501
        with pytest.raises(OSError, match="in use"), MlService.start(service.studio, port=port):
            pytest.fail("two services on one port")

    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=30)
    with MlService.start(caller.service.studio, port=port) as service:
        assert service.url == url


def test_the_local_addresses_are_closed_without_a_token(caller: Caller) -> None:
    for path in ("requests", "scripts"):
        answer = requests.get(f"{caller.service.url}/_local/{path}", timeout=30)

        assert answer.status_code == 401
