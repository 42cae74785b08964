"""The request/response API on the wire."""

from collections.abc import Mapping

import pytest
import requests

from local_stack.ml_service import dataset
from tests.integration.ml_service.wire import Caller, MakeCaller, Storage

TEST = dataset.rows("test")
ROW = dict(zip(TEST.columns, TEST.rows[0], strict=True))
COLUMNS = {"ColumnNames": list(TEST.columns), "Values": [list(TEST.rows[0])]}


def test_column_form_answers_a_table_of_text_cells_with_types_when_details_are_asked(
    caller: Caller,
) -> None:
    answer = caller.execute({"Inputs": {"input1": COLUMNS}, "GlobalParameters": {}})

    assert answer.status_code == 200
    output = answer.json()["Results"]["output1"]
    assert output["type"] == "table"
    assert output["value"]["ColumnNames"] == ["Scored Labels", "Scored Probabilities"]
    assert output["value"]["ColumnTypes"] == ["String", "Double"]
    [[label, probability]] = output["value"]["Values"]
    assert label in set("0123456789")
    assert isinstance(probability, str)
    assert 0 < float(probability) <= 1


def test_without_details_there_are_no_column_types(caller: Caller) -> None:
    url = caller.service.score_url("digits").replace("&details=true", "")
    body = {"Inputs": {"input1": COLUMNS}}
    answer = requests.post(url, json=body, headers=caller.headers("digits"), timeout=30)

    assert answer.json()["Results"]["output1"]["value"].keys() == {"ColumnNames", "Values"}


def test_swagger_form_answers_objects_with_what_the_column_form_says(caller: Caller) -> None:
    swagger = caller.execute({"Inputs": {"input1": [ROW]}}, more="&format=swagger").json()
    columns = caller.execute({"Inputs": {"input1": COLUMNS}}).json()

    [[label, probability]] = columns["Results"]["output1"]["value"]["Values"]
    assert swagger == {
        "Results": {"output1": [{"Scored Labels": label, "Scored Probabilities": probability}]}
    }


def test_the_published_model_knows_little_and_more_than_chance(caller: Caller) -> None:
    assert 0.4 < caller.accuracy(TEST) < 0.8


def test_no_rows_give_no_scores(caller: Caller) -> None:
    sent = {"ColumnNames": list(TEST.columns), "Values": []}

    answer = caller.execute({"Inputs": {"input1": sent}})

    assert answer.json()["Results"]["output1"]["value"]["Values"] == []


def test_a_wrong_key_gets_the_captured_401(caller: Caller) -> None:
    url = caller.service.score_url("digits")
    for headers in ({}, {"Authorization": "Bearer bad"}, caller.headers("digits-training")):
        answer = requests.post(url, json={}, headers=headers, timeout=30)

        assert answer.status_code == 401
        assert answer.json() == {
            "error": {
                "code": "Unauthorized",
                "message": "Request is unauthorized to access resource.",
                "details": [
                    {
                        "code": "ScoreRequestUnauthorized",
                        "message": "Invalid credentials provided.",
                    }
                ],
            }
        }


def test_the_secondary_key_and_a_lower_case_scheme_are_accepted(caller: Caller) -> None:
    headers = {"Authorization": f"bearer {caller.service.key('digits', 'secondary')}"}
    url = caller.service.score_url("digits")

    answer = requests.post(url, json={"Inputs": {"input1": COLUMNS}}, headers=headers, timeout=30)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({}, "BadArgument", "MissingRequestInput"),
        ({"Inputs": {}}, "BadArgument", "MissingRequestInput"),
        ({"Inputs": {"input2": COLUMNS}}, "BadArgument", "InvalidInputNames"),
        ([], "BadArgument", "RequestBodyInvalid"),
        ({"Inputs": {"input1": [ROW]}}, "BadArgument", "RequestBodyInvalid"),
        (
            {"Inputs": {"input1": COLUMNS}, "GlobalParameters": {"x": "1"}},
            "BadArgument",
            "UnexpectedParameter",
        ),
        (
            {"Inputs": {"input1": {"ColumnNames": ["a"], "Values": [["1"]]}}},
            "BadUserArgument",
            "InputMismatchError",
        ),
        (
            {"Inputs": {"input1": COLUMNS | {"Values": [["1"]]}}},
            "BadUserArgument",
            "InputParseError",
        ),
        (
            {"Inputs": {"input1": COLUMNS | {"Values": [["?"] * 65]}}},
            "BadUserArgument",
            "InputParseError",
        ),
        (
            {"Inputs": {"input1": COLUMNS | {"Values": [["nan"] * 65]}}},
            "BadUserArgument",
            "InputParseError",
        ),
        (
            {"Inputs": {"input1": COLUMNS | {"Values": [["1e308"] * 65]}}},
            "BadUserArgument",
            "InputParseError",
        ),
    ],
)
def test_a_faulty_request_gets_the_documented_400(
    caller: Caller, body: Mapping[str, object], code: str, detail: str
) -> None:
    answer = caller.execute(body)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["details"][0]["code"]) == (code, detail)


def test_any_other_api_version_is_refused_and_none_at_all_is_not_built(caller: Caller) -> None:
    url, _, _ = caller.service.score_url("digits").partition("?")
    headers = caller.headers("digits")

    other = requests.post(f"{url}?api-version=1.0", headers=headers, timeout=30)
    none = requests.post(url, headers=headers, timeout=30)

    assert other.json()["error"]["details"][0]["code"] == "BadVersionCall"
    assert none.status_code == 501


def test_a_training_service_does_not_score(caller: Caller) -> None:
    assert caller.execute({}, name="digits-training").status_code == 501


def test_other_bytes_in_the_blob_make_other_predictions(
    make_caller: MakeCaller, storage: Storage, better: bytes, constant: bytes
) -> None:
    """Scores come from nothing but the bytes of the model in effect."""
    with make_caller() as caller:
        before = caller.accuracy(TEST)
        storage.put("latest.ilearner", better)
        assert caller.patch(storage.reference("latest.ilearner")).status_code == 200
        caller.clock.advance(seconds=30)
        after = caller.accuracy(TEST)
        storage.put("latest.ilearner", constant)
        not_patched_again = caller.accuracy(TEST)
        assert caller.patch(storage.reference("latest.ilearner")).status_code == 200
        caller.clock.advance(seconds=30)
        swapped = caller.labels(TEST)

    assert before < 0.8
    assert after > 0.95
    assert not_patched_again == after
    assert set(swapped) == {"7"}


def test_swagger_names_the_columns_and_needs_no_key(caller: Caller) -> None:
    location = caller.endpoint()["ApiLocation"]

    document = requests.get(f"{location}/swagger.json", timeout=30).json()

    assert document["swagger"] == "2.0"
    assert location.endswith(document["basePath"])
    assert document["definitions"]["Input"]["properties"].keys() == set(TEST.columns[:-1])
