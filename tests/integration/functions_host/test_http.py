"""HTTP functions: routes, keys, requests and answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_stack.functions_host import FunctionsHost
from tests.integration.functions_host.sample_app import SampleApp

FUNCTIONS = """
both_here = threading.Barrier(2)

@app.route(route="endpoints/{endpoint}/redeploy", methods=["POST"])
def redeploy(req: func.HttpRequest) -> func.HttpResponse:
    told = {
        "route": dict(req.route_params),
        "query": dict(req.params),
        "header": req.headers.get("X-Reason"),
        "body": req.get_json(),
        "method": req.method,
    }
    return func.HttpResponse(
        json.dumps(told), status_code=202, mimetype="application/json", headers={"Location": "/x"})

@app.route(route="endpoints/latest/redeploy", methods=["POST"])
def latest(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("literal")

@app.route(route="health", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    log.info("health.asked", extra={"answer": "all is well"})
    return func.HttpResponse("ok")

@app.route(route="secret", auth_level=func.AuthLevel.ADMIN)
def secret(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("for admins")

@app.route(route="raise")
def raising(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("https://x/y?sv=1&sig=c2VjcmV0c2ln&se=2")

@app.route(route="together")
def together(req: func.HttpRequest) -> func.HttpResponse:
    both_here.wait(timeout=20)
    return func.HttpResponse("met")

@app.route(route="cookie")
def cookie(req: func.HttpRequest) -> func.HttpResponse:
    answer = func.HttpResponse(bytes([0, 255]), mimetype="application/octet-stream")
    answer.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    return answer

@app.route(route="log")
def logging_one(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    log.warning("model.seen\\nfaked line", extra={"model": "a b.ilearner", "size": 3})
    return func.HttpResponse(context.invocation_id)

@app.route(route="files/{*path}")
def files(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params["path"])
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionsHost]:
    app = SampleApp(tmp_path_factory.mktemp("http"), FUNCTIONS)
    with FunctionsHost.start(app.folder, environ={}) as running:
        yield running


def test_route_query_headers_and_body_reach_the_function_and_its_answer_comes_back(
    host: FunctionsHost,
) -> None:
    answer = host.post(
        "/api/endpoints/census/redeploy?dry_run=true&a=1&a=2",
        json={"reason": "ü"},
        headers={"x-reason": "because"},
    )

    assert answer.status_code == 202
    assert answer.headers["Location"] == "/x"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "route": {"endpoint": "census"},
        "query": {"dry_run": "true", "a": "1,2"},
        "header": "because",
        "body": {"reason": "ü"},
        "method": "POST",
    }


def test_a_route_parameter_is_decoded_once_and_an_encoded_slash_stays_in_it(
    host: FunctionsHost,
) -> None:
    answer = host.post("/api/endpoints/a%2Fb%20%C3%BC%2525/redeploy", json={})

    assert answer.json()["route"] == {"endpoint": "a/b ü%25"}


def test_a_line_break_in_a_path_reaches_the_function_as_any_other_character(
    host: FunctionsHost,
) -> None:
    answer = host.post("/api/endpoints/a%0Ab%0D%0A/redeploy", json={})

    assert answer.json()["route"] == {"endpoint": "a\nb\r\n"}


def test_a_literal_segment_wins_over_a_parameter_and_its_case_does_not_matter(
    host: FunctionsHost,
) -> None:
    assert host.post("/api/Endpoints/LATEST/redeploy", json={}).text == "literal"


def test_a_rest_parameter_takes_the_remaining_path(host: FunctionsHost) -> None:
    assert host.get("/api/files/a/b%20c/d").text == "a/b c/d"


def test_level_function_takes_the_function_or_master_key_by_header_or_code_and_nothing_else(
    host: FunctionsHost,
) -> None:
    path = "/api/files/x"

    assert host.get(path).status_code == 200
    assert host.get(f"{path}?code={host.key}", key=None).status_code == 200
    assert host.get(path, key=host.master_key).status_code == 200
    assert host.get(path, key=None).status_code == 401
    assert host.get(path, key="wrong").status_code == 401
    assert host.get(path, key=host.system_key).status_code == 401
    assert host.get(f"{path}?code=%C3%BC", key=None).status_code == 401


def test_level_admin_takes_the_master_key_alone(host: FunctionsHost) -> None:
    assert host.get("/api/secret", key=host.master_key).text == "for admins"
    assert host.get("/api/secret").status_code == 401


def test_level_anonymous_needs_no_key(host: FunctionsHost) -> None:
    assert host.get("/api/health", key=None).text == "ok"


def test_an_unknown_route_is_404_and_a_wrong_method_405_naming_the_right_ones(
    host: FunctionsHost,
) -> None:
    wrong = host.get("/api/endpoints/census/redeploy")

    assert host.get("/api/nothing").status_code == 404
    assert host.get("/health").status_code == 404
    assert wrong.status_code == 405
    assert wrong.headers["Allow"] == "POST"


def test_head_is_answered_without_a_body_where_the_function_takes_it(host: FunctionsHost) -> None:
    answer = host.request("HEAD", "/api/health", key=None)

    assert answer.status_code == 200
    assert answer.content == b""


def test_a_raising_function_is_500_with_an_empty_body_and_the_log_has_the_reason_but_no_signature(
    host: FunctionsHost,
) -> None:
    answer = host.get("/api/raise")

    assert answer.status_code == 500
    assert answer.content == b""
    assert "function.failed" in host.log_text()
    assert "ValueError: https://x/y?sv=1&sig=<SECRET>&se=2" in host.log_text()
    assert "c2VjcmV0c2ln" not in host.log_text()


def test_two_sync_functions_run_at_the_same_time(host: FunctionsHost) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(host.get, ["/api/together"] * 2))

    assert [answer.text for answer in answers] == ["met", "met"]


def test_bytes_and_cookies_come_back_as_they_were_set(host: FunctionsHost) -> None:
    answer = host.get("/api/cookie")

    assert answer.content == bytes([0, 255])
    assert answer.headers["Set-Cookie"] == "a=1; HttpOnly; Path=/"


def test_a_log_line_names_function_and_invocation_and_ends_with_the_fields(
    host: FunctionsHost,
) -> None:
    invocation = host.get("/api/log").text
    host.get("/api/health")

    text = host.log_text()
    assert (
        f" warning [logging_one {invocation}] model.seen\\nfaked line "
        'model="a b.ilearner" size=3\n' in text
    )
    assert f'[logging_one {invocation}] function.started reason="GET /api/log"' in text
    assert f"[logging_one {invocation}] function.succeeded duration_ms=" in text
    asked = next(line for line in text.splitlines() if "health.asked" in line)
    assert " info [health " in asked
    assert asked.endswith('answer="all is well"')


def test_no_key_is_ever_logged(host: FunctionsHost) -> None:
    host.get(f"/api/files/x?code={host.key}", key=None)
    host.get(f"/admin/host/status?code={host.master_key}", key=None)

    text = host.log_text()
    assert not [key for key in (host.key, host.master_key, host.system_key) if key in text]


def test_the_route_prefix_comes_from_host_json(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    app = SampleApp(
        tmp_path_factory.mktemp("prefix"),
        FUNCTIONS,
        {"extensions": {"http": {"routePrefix": ""}}},
    )

    with FunctionsHost.start(app.folder, environ={}) as host:
        assert host.get("/health").status_code == 200
        assert host.get("/api/health").status_code == 404
