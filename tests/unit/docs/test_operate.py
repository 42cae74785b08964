"""What operators are told: events, fields, queries and alerts are those of the code."""

import logging
import re
from collections.abc import Callable

import pytest

from patch_endpoint.record import PatchCause
from protocols.protocol import Refused, Unsettled
from retrain_trigger.landed import model_landed
from settings.app_settings import read_settings
from tests.fakes.endpoints_folder import table as endpoint_table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.docs.events import asked_in, events, fields_in, loud
from tests.unit.docs.markdown import ROOT, blocks, code, section, table

TEXT = (ROOT / "docs" / "operate.md").read_text("utf-8")
EVENTS = events()
QUERIES = blocks(TEXT, "kusto")
ALERTS = {
    "functions-failed",
    "messages-given-up",
    "timer-silent",
    "token-near-expiry",
    "patch-refused",
}
INFRA = ROOT / "infra"
MODEL, NEWER = f"{NAME}/model.ilearner", f"{NAME}/newer.ilearner"
NOT_PLAYED = {
    "advance.refused",
    "advance.underway",
    "advance.unsettled",
    "key.unavailable",
    "patch.underway",
}
"""What the endpoints of a small world never come to: several steps, keys in Key Vault."""
FAILS_A_FUNCTION = {"http.storage_failed", "sweep.failed"}
"""What `functions-failed` tells of, by the answer or by what is raised."""
COLUMNS = {"timestamp", "message", "operation_Name", "operation_Id", "outerMessage", "type"}


def _alerts() -> set[str]:
    return set(re.findall(r"^### `([a-z-]+)`$", TEXT, re.MULTILINE))


def test_the_table_names_every_event_with_all_its_fields_and_no_other() -> None:
    said = {code(row["event"])[0]: set(code(row["fields"])) for row in table(TEXT, "event")}

    assert said == EVENTS


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_each_event_and_field_of_a_query_is_in_the_code(query: str) -> None:
    asked = asked_in(query)

    assert asked <= EVENTS.keys()
    of_these = {field for event in asked or EVENTS for field in EVENTS[event]}
    assert fields_in(query) <= of_these
    assert query.startswith(("traces\n", "exceptions\n", "let accepted = traces\n"))


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_asks_for_an_event_to_its_end(query: str) -> None:
    """A line begins with the event's name and a blank: else longer names would match too."""
    begins = re.findall(r'startswith "([^"]*)"', query)

    assert all(one.endswith(" ") for one in begins)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_what_a_query_shows_was_read_or_made_before(query: str) -> None:
    made = fields_in(query) | set(re.findall(r"(\w+) = ", query)) | COLUMNS
    shown = re.findall(r"project (.*)", query)

    plain = [re.sub(r"\w+ = [^,(]+(\([^)]*\))?", "", line) for line in shown]
    names = {one.strip() for line in plain for one in line.split(",")}
    assert {name for name in names if name} <= made


def test_the_queries_answer_all_five_questions() -> None:
    questions = re.findall(r"^### (\d)\. (.+\?)$", TEXT, re.MULTILINE)

    assert [number for number, _ in questions] == ["1", "2", "3", "4", "5"]
    for number, question in questions:
        assert blocks(section(TEXT, f"{number}. {question}"), "kusto")


def _for_nobody() -> None:
    SmallWorld().land("elsewhere/model.ilearner")


def _unapproved() -> None:
    SmallWorld(endpoint_table(NAME, more="auto_deploy = false")).land(MODEL)


def _faulty() -> None:
    SmallWorld(endpoint_table(NAME, key="%NO_SUCH_SETTING%")).land(MODEL)


def _older() -> None:
    world = SmallWorld()
    world.catalog.put(MODEL)
    world.clock.advance(minutes=1)
    world.land(NEWER)
    world.run(minutes=5)
    model_landed(world.engine, MODEL)


def _answered(answer: Refused | Unsettled) -> Callable[[], None]:
    def land() -> None:
        world = SmallWorld()
        world.scoring.react(NAME, answer)
        world.land(MODEL)

    return land


def _empty() -> None:
    SmallWorld().land(MODEL, b"")


def _gone() -> None:
    world = SmallWorld()
    world.scoring.react(NAME, Unsettled("http_503", "down"))
    world.land(MODEL)
    world.catalog.delete(MODEL)
    world.run(minutes=5)


def _smoke_test_fails() -> None:
    tested = (
        f'[endpoints.{NAME}.smoke_test]\nscore_url = "https://a.example"\n'
        'request = "r.json"\nexpect = "ok"'
    )
    world = SmallWorld(endpoint_table(NAME, more=tested))
    world.land(NEWER)
    world.run(minutes=10)
    world.scoring.no_good.add(MODEL)
    world.land(MODEL)
    world.run(minutes=10)


STORIES: dict[str, Callable[[], None]] = {
    "model.landed endpoints=0": _for_nobody,
    "deployment.skip verdict=waiting": _unapproved,
    "deployment.skip reason=endpoint_fault": _faulty,
    "deployment.skip verdict=older_than_desired": _older,
    "deployment.refused": _empty,
    "deployment.refused code=model_gone": _gone,
    "patch.refused": _answered(Refused("http_401", "wrong key")),
    "patch.unsettled": _answered(Unsettled("http_503", "down")),
    "deployment.unconfirmed": _smoke_test_fails,
    "deployment.rolled_back": _smoke_test_fails,
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_ends_as_the_table_says(story: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    STORIES[story]()

    lines = [set(one.getMessage().split(" ")) for one in caplog.records]
    assert any(set(story.split(" ")) <= line for line in lines), caplog.text


def test_each_end_of_a_story_was_played() -> None:
    told = {
        one
        for row in table(TEXT, "the story ends with")
        for one in code(row["the story ends with"])
    }

    assert told - NOT_PLAYED <= STORIES.keys()
    assert told >= NOT_PLAYED


def test_what_a_renewal_meets_is_where_the_alerts_text_says() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=5)
    world.scoring.down = Unsettled("http_503", "down")
    world.run(hours=20)

    shown = document(routes_of(world).get_endpoint(asking(f"GET endpoints/{NAME}")))
    slots = [slot for slot in ("desired", "serving") if shown[slot]["error"]]
    said = re.findall(r"`(\w+)\.error`", section(TEXT, "`token-near-expiry`"))
    assert said == slots == ["serving"]


def test_the_causes_that_are_no_new_model_are_causes() -> None:
    left_out = re.search(r"cause !in \(([^)]*)\)", TEXT)

    assert left_out is not None
    assert set(re.findall(r'"(\w+)"', left_out[1])) <= set(PatchCause.__value__.__args__)


def test_each_event_in_the_text_is_in_the_code() -> None:
    named = {word for word in re.findall(r"`([a-z]+\.[a-z_]+)[` ]", TEXT) if "json" not in word}
    prefixes = {event.split(".")[0] for event in EVENTS}

    assert {word for word in named if word.split(".")[0] in prefixes} <= EVENTS.keys()


def test_each_alert_has_a_section_that_says_what_to_do_first() -> None:
    assert _alerts() == ALERTS
    for name in ALERTS:
        assert re.search(r"^1\. ", section(TEXT, f"`{name}`"), re.MULTILINE), name


def test_the_alerts_are_those_that_are_deployed_and_ask_for_events_that_there_are() -> None:
    queries = {file.stem: file.read_text("utf-8") for file in (INFRA / "alerts").glob("*.kql")}
    deployed = {file.read_text("utf-8") for file in INFRA.glob("*.bicep")}

    assert queries.keys() == _alerts()
    for name, query in queries.items():
        assert any(f"'{name}'" in text for text in deployed)
        assert asked_in(query) <= EVENTS.keys()


def test_a_timer_is_silent_for_as_long_as_is_said() -> None:
    query = (INFRA / "alerts" / "timer-silent.kql").read_text("utf-8")
    said = re.findall(r"`(\w+)`[^`]*? for (\d+)", section(TEXT, "`timer-silent`"))

    assert said == re.findall(r'"(\w+)", (\d+)m', query)


def test_what_is_loud_has_an_alert_or_is_said_to_have_none() -> None:
    _, _, told = section(TEXT, "Alerts").partition("**No alert tells of**")
    silent = set(code(told)) & EVENTS.keys()
    queries = [file.read_text("utf-8") for file in (INFRA / "alerts").glob("*.kql")]
    asked = {event for query in queries for event in asked_in(query)}

    assert loud() - asked - FAILS_A_FUNCTION <= silent
    assert silent.isdisjoint(asked)


def test_the_sweep_comes_as_often_as_is_said() -> None:
    period = read_settings({}).sweep_schedule.text

    assert period == "15 */10 * * * *"
    assert "within 10 minutes" in section(TEXT, "`messages-given-up`")


def test_no_line_is_sampled_away() -> None:
    host = (ROOT / "host.json").read_text("utf-8")
    excluded = re.search(r'"excludedTypes": "([^"]*)"', host)

    assert excluded is not None
    assert "Trace" in excluded[1].split(";")
