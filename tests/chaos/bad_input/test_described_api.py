"""The HTTP API against its own OpenAPI document, by schemathesis, on the running app.

Every answer conforms to the document: status, content type, headers and body, and a body has no
member that the document does not name. What the document forbids is refused, what it allows is
taken, and nothing is ever answered with 500. Attacks invariant 6 on the way: no key is answered.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from jsonschema_rs import Draft202012Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.chaos.bad_input.site import NAMES, Site
from tests.chaos.conftest import Figures

FEW, MANY = 2, 100
WALK = [
    ("GET", "/endpoints", "", None, 200),
    ("GET", "/endpoints/{endpoint}", "digits", None, 200),
    ("POST", "/endpoints/{endpoint}/redeploy", "digits?dry_run=true", None, 200),
    ("POST", "/endpoints/{endpoint}/redeploy", "digits", {"reason": "drift"}, 202),
    ("POST", "/endpoints/{endpoint}/redeploy", "refusing", None, 200),
    ("POST", "/endpoints/{endpoint}/redeploy", "waits", {"model": "waits/b ü.ilearner"}, 202),
    ("POST", "/endpoints/{endpoint}/redeploy", "empty", None, 422),
    ("POST", "/endpoints/{endpoint}/redeploy", "keyless", {"model": ""}, 400),
    ("POST", "/endpoints/{endpoint}/rollback", "digits", None, 409),
    ("POST", "/endpoints/{endpoint}/release", "empty", None, 200),
    ("POST", "/endpoints/{endpoint}/release", "nobody", None, 404),
    ("POST", "/endpoints/{endpoint}/retrain", "digits?dry_run=true", None, 200),
    ("POST", "/endpoints/{endpoint}/retrain", "empty", None, 422),
    ("POST", "/endpoints/{endpoint}/create", "digits?dry_run=true", None, 200),
    ("POST", "/endpoints/{endpoint}/create", "digits", None, 200),
    ("POST", "/endpoints/{endpoint}/create", "added", None, 201),
    ("POST", "/endpoints/{endpoint}/create", "default", None, 409),
    ("GET", "/jobs", "", None, 200),
    ("GET", "/jobs/{job}", "{job}", None, 200),
    ("GET", "/jobs/{job}", "nobody", None, 404),
    ("POST", "/jobs/{job}/cancel", "{job}?dry_run=true", None, 200),
    ("POST", "/endpoints/{endpoint}/retrain", "digits", None, 409),
    ("POST", "/jobs/{job}/cancel", "{job}", None, 200),
    ("POST", "/jobs/{job}/cancel", "{job}", None, 409),
    ("POST", "/endpoints/{endpoint}/retrain", "digits", {"reason": "again"}, 202),
    ("GET", "/status", "", None, 200),
    ("GET", "/openapi.json", "", None, 200),
    ("GET", "/health", "", None, 200),
]
_ACCEPTED = ["2xx", "401", "404", "409", "422"]  # 422: what is asked for is fine, the file is not


def _config(running: Site, examples: int) -> SchemathesisConfig:
    job = running.host.get("/api/jobs").json()["value"][0]["id"]
    often = {"probability": 0.7}
    return SchemathesisConfig.from_dict(
        {
            "base-url": f"{running.host.url}/api",
            "headers": {"x-functions-key": running.host.key},
            "seed": 1,
            "workers": 2,
            "continue-on-failure": True,
            "phases": {"stateful": {"enabled": examples > FEW}},
            "generation": {"max-examples": examples},
            "checks": {"positive_data_acceptance": {"expected-statuses": _ACCEPTED}},
            "dictionaries": {"endpoints": {"values": [*NAMES]}, "jobs": {"values": [job]}},
            "parameters": {
                "path.endpoint": {"dictionary": "endpoints", **often},
                "path.job": {"dictionary": "jobs", **often},
            },
        }
    )


def _sealed(schema: Any) -> Any:
    """The document, with every object closed to members that it does not name."""
    match schema:
        case {"properties": dict()}:
            return {key: _sealed(one) for key, one in schema.items()} | {
                "additionalProperties": False
            }
        case dict():
            return {key: _sealed(one) for key, one in schema.items()}
        case list():
            return [_sealed(one) for one in schema]
    return schema


def test_what_is_really_answered_is_as_described(running: Site, figures: Figures) -> None:
    document = _sealed(running.host.get("/api/openapi.json").json())
    job = running.host.get("/api/jobs").json()["value"][0]["id"]
    seen = set()

    for method, path, where, body, status in WALK:
        name, _, query = where.replace("{job}", job).partition("?")
        target = re.sub(r"\{\w+\}", name, path)
        answer = running.host.request(method, f"/api{target}?{query}", json=body)
        assert answer.status_code == status, (method, target, answer.text)
        described = document["paths"][path][method.lower()]["responses"][str(status)]
        ((kind, content),) = described["content"].items()
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        shown = answer.text if kind == "text/plain" else answer.json()
        Draft202012Validator(content["schema"] | {"components": document["components"]}).validate(
            shown
        )
        seen.add((method, path, status))
    figures(answers_described=len(seen))


def _failures(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                yield f"{event.label}: {check.name}: {check.failure_info.failure}\n{
                    check.failure_info.code_sample
                }"


@pytest.mark.timeout(900)
def test_whatever_is_asked_the_answer_is_one_of_the_document(
    running: Site, *, full: bool, figures: Figures
) -> None:
    document = _sealed(running.host.get("/api/openapi.json").json())
    schema = schemathesis.openapi.from_dict(
        document, config=_config(running, MANY if full else FEW)
    )
    statuses, failures, operations = Counter[int](), list[str](), set[str]()

    for event in from_schema(schema).execute():
        assert not isinstance(event, events.FatalError | events.NonFatalError), event
        if not isinstance(event, events.ScenarioFinished):
            continue
        failures += _failures(event)
        for identity, interaction in event.recorder.interactions.items():
            assert interaction.response is not None, "no answer at all"
            answer = (interaction.response.content or b"").decode()
            assert not any(secret in answer for secret in running.secrets)
            statuses[interaction.response.status_code] += 1
            operations.add(event.recorder.cases[identity].value.operation.label)

    figures(
        cases=statuses.total(),
        operations=len(operations),
        statuses=dict(sorted(statuses.items())),
        answers_500=statuses[500],
    )
    assert failures == []
    assert len(operations) == sum(map(len, document["paths"].values()))
    assert not any(status >= 500 for status in statuses)
    assert {200, 400, 401, 404, 405, 409, 422} <= statuses.keys()
    assert "Traceback" not in running.host.log_text()
