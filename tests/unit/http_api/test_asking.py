"""Who asks, and which names can be asked for."""

import re

import pytest

from http_api.asking import asker, is_speakable
from http_api.openapi import openapi_document
from settings.container import is_blob_name
from tests.fakes.endpoints_folder import KEY_SETTING, table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

JOB = f"{NAME}_20261123T100000Z"
MODEL_PATTERN = openapi_document("/api")["components"]["schemas"]["RedeployBody"]["properties"][
    "model"
]["anyOf"][0]["pattern"]


def who(said: str) -> str:
    """Give the name that is recorded for what the header says."""
    return asker(asking("POST endpoints/a/release", None, {"x-ms-client-principal-name": said}))


@pytest.mark.parametrize("said", ["", " ", "\x00\r\n", "\ud800"])
def test_without_a_name_it_is_whoever_has_a_key(said: str) -> None:
    assert who(said) == "holder of a function key"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada\u3000Løvelace 模", "Ada\u3000Løvelace 模"),
        ("ada\r\nverdict=live\x00\x1b[2J\x7f\x85", "adaverdict=live[2J"),
        ("ada\ud83dx", "adax"),
        ("ada?sig=c2VjcmV0", "ada?sig=<SECRET>"),
        ("ada?s\x00ig=c2VjcmV0", "ada?sig=<SECRET>"),
    ],
)
def test_a_name_is_as_it_was_sent_without_control_characters_and_secrets(
    said: str, name: str
) -> None:
    assert who(said) == name


def test_a_name_of_any_length_is_cut_to_200_signs_and_leaks_no_part_of_a_secret() -> None:
    assert who("x" * 100_000) == "x" * 200
    assert "c2Vj" not in who("x" * 190 + "?sig=" + "c2VjcmV0" * 50)


def test_a_long_name_is_cut_on_record_too() -> None:
    world = SmallWorld()
    world.catalog.put(f"{NAME}/m.ilearner")
    header = {"x-ms-client-principal-name": "x" * 100_000}

    answer = routes_of(world).redeploy(asking(f"POST endpoints/{NAME}/redeploy", {}, header))

    assert document(answer)["desired"]["requested_by"] == "x" * 200


UNUSUAL = [0x3000, 0xA0, 0xAD, 0x200B, 0x200E, 0x2028, 0xE000, 0xFEFF, 0x1F600, 0x378]


@pytest.mark.parametrize("code", UNUSUAL, ids=hex)
def test_a_model_may_have_any_sign_in_its_name_that_a_blob_may(code: int) -> None:
    world = SmallWorld()
    name = f"{NAME}/a{chr(code)}b.ilearner"
    world.catalog.put(name)

    answer = routes_of(world).redeploy(asking(f"POST endpoints/{NAME}/redeploy", {"model": name}))

    assert answer.status_code == 202
    assert world.sent() == [name]


@pytest.mark.parametrize("sign", ["\x00", "\t", "\n", "\r", "\x1f", "\x7f", "\x85", "\ud800"])
def test_a_control_character_or_half_a_pair_is_refused_before_storage_is_asked(sign: str) -> None:
    assert not is_speakable(f"a{sign}b")
    world = SmallWorld()
    body = {"model": f"{NAME}/a{sign}b.ilearner"}

    answer = routes_of(world).redeploy(asking(f"POST endpoints/{NAME}/redeploy", body))

    assert answer.status_code == 400
    assert world.calls.count("models.") == 0


@pytest.mark.parametrize(
    "name", ["../x.ilearner", "..", "a/./b.ilearner", "a/..", "a\\b.ilearner", "a/../../x.ilearner"]
)
def test_a_name_that_no_blob_can_have_is_refused_before_storage_is_asked(name: str) -> None:
    world = SmallWorld()

    answer = routes_of(world).redeploy(asking(f"POST endpoints/{NAME}/redeploy", {"model": name}))

    assert answer.status_code == 400
    assert "none that a blob can have" in document(answer)["detail"]
    assert world.calls.count("models.") == 0


@pytest.mark.parametrize("name", ["../x", "..", ".", "a/./b", "a/..", "a\\b", "a\nb", "a\x85b"])
def test_the_document_describes_a_faulty_name_as_one(name: str) -> None:
    assert re.search(MODEL_PATTERN, name) is None


@pytest.mark.parametrize("name", ["x", "a/b", "a..b", "..a/.b", "a./b..", "...", "a//b", "\u3000"])
def test_the_document_describes_a_name_that_a_blob_may_have_as_one(name: str) -> None:
    assert re.search(MODEL_PATTERN, name)
    assert is_blob_name(name)


def test_a_model_named_with_its_container_is_told_to_leave_that_out() -> None:
    """`make run` and the documents name a blob by container and name, as storage does."""
    world = SmallWorld()
    world.catalog.put(f"{NAME}/m.ilearner")
    container = world.engine.settings.model_blobs.container
    routes = routes_of(world)

    def told(name: str) -> str:
        answer = routes.redeploy(asking(f"POST endpoints/{NAME}/redeploy", {"model": name}))
        assert answer.status_code == 404
        return str(document(answer)["detail"])

    assert f"leave {container}/ out" in told(f"{container}/{NAME}/m.ilearner")
    assert "leave" not in told(f"{NAME}/never.ilearner")


def test_a_model_below_a_folder_called_as_the_container_is_found() -> None:
    world = SmallWorld()
    name = f"{world.engine.settings.model_blobs.container}/m.ilearner"
    world.catalog.put(name)

    answer = routes_of(world).redeploy(asking(f"POST endpoints/{NAME}/redeploy", {"model": name}))

    assert answer.status_code == 202


@pytest.mark.parametrize("name", ["DIGITS", "Digits", "-digits", "digits_old"])
def test_what_is_no_name_of_an_endpoint_is_told_what_names_are(name: str) -> None:
    answer = routes_of(SmallWorld()).get_endpoint(asking(f"GET endpoints/{name}"))

    assert answer.status_code == 404
    assert "a-z, 0-9 and hyphens" in document(answer)["detail"]


@pytest.mark.parametrize(
    "query", ["dryrun=true", "Dry_Run=true", "dry-run=true", "x=1&dry_run=true"]
)
@pytest.mark.parametrize("verb", ["redeploy", "rollback", "release", "create"])
def test_a_mistyped_dry_run_does_nothing(verb: str, query: str) -> None:
    world = SmallWorld(table(NAME, more=f'workspace_token = "%{KEY_SETTING}%"'))
    world.land(f"{NAME}/m.ilearner")
    before = (world.store.names(), world.record(), world.sent())
    function = {"create": "create_endpoint"}.get(verb, verb)

    answer = getattr(routes_of(world), function)(asking(f"POST endpoints/{NAME}/{verb}?{query}"))

    assert answer.status_code == 400
    assert query.partition("=")[0] in document(answer)["detail"]
    assert (world.store.names(), world.record(), world.sent()) == before


def test_a_mistyped_dry_run_of_a_job_s_word_does_nothing() -> None:
    routes = routes_of(SmallWorld())

    retrain = routes.retrain(asking(f"POST endpoints/{NAME}/retrain?dryrun=true"))
    cancel = routes.cancel_job(asking(f"POST jobs/{JOB}/cancel?dryrun=true"))

    assert (retrain.status_code, cancel.status_code) == (400, 400)


def test_a_function_key_may_be_in_the_query_and_is_never_told() -> None:
    routes, key = routes_of(SmallWorld()), "c2VjcmV0LWtleQ=="

    taken = routes.release(asking(f"POST endpoints/{NAME}/release?code={key}&clientId=default"))
    refused = routes.release(asking(f"POST endpoints/{NAME}/release?code={key}&sig%3D{key}=1"))

    assert (taken.status_code, refused.status_code) == (200, 400)
    assert key.encode() not in taken.get_body() + refused.get_body()
