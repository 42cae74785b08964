"""PATCH: the new model is really fetched, and takes effect later."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import requests

from local_stack.azurite import Azurite
from local_stack.ml_service import Endpoint, MlService, Studio, WebService, dataset
from local_stack.ml_service.blob_transfer import TooLarge, Transfer, TransferFailed
from local_stack.ml_service.errors import NO_UPDATABLE_RESOURCES
from local_stack.ml_service.model_file import load
from tests.fakes.nobody import NOBODY
from tests.integration.ml_service.wire import RESOURCE, Caller, DrivenClock, MakeCaller, Storage

TEST = dataset.rows("test")


def published(document: Mapping[str, Any]) -> bool:
    location: str = document["Resources"][0]["Location"]["RelativeLocation"]
    return location.startswith("published/")


def error(answer: requests.Response) -> tuple[str, str]:
    document = answer.json()["error"]
    return document["code"], document["details"][0]["code"] if document["details"] else ""


def test_the_new_model_scores_and_is_named_after_thirty_seconds_and_not_before(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    location = storage.reference("new.ilearner")
    before = caller.labels(TEST)

    answer = caller.patch(location)

    assert (answer.status_code, answer.content) == (200, b"")
    caller.clock.advance(seconds=29.9)
    assert caller.labels(TEST) == before
    assert published(caller.endpoint())
    caller.clock.advance(seconds=0.2)
    assert caller.accuracy(TEST) > 0.95
    assert caller.endpoint()["Resources"] == [
        {"Name": RESOURCE, "Kind": "TrainedModel", "Location": location}
    ]


def test_version_is_the_instant_from_which_the_model_scores(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    caller.patch(storage.reference("new.ilearner"))
    effective = caller.clock.instant + timedelta(seconds=30)
    caller.clock.advance(minutes=5)

    assert caller.endpoint()["Version"] == effective.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_later_patch_replaces_one_that_is_not_in_effect_yet(
    caller: Caller, storage: Storage, better: bytes, constant: bytes
) -> None:
    storage.put("first.ilearner", constant)
    storage.put("second.ilearner", better)
    before = caller.labels(TEST)
    caller.patch(storage.reference("first.ilearner"))
    caller.clock.advance(seconds=20)
    caller.patch(storage.reference("second.ilearner"))

    caller.clock.advance(seconds=20)
    in_between = caller.labels(TEST)
    caller.clock.advance(seconds=10)

    assert in_between == before
    assert caller.accuracy(TEST) > 0.95


def test_the_model_keeps_scoring_when_its_blob_is_overwritten_with_rubbish(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    caller.patch(storage.reference("new.ilearner"))
    storage.put("new.ilearner", b"rubbish")

    caller.clock.advance(minutes=1)

    assert caller.accuracy(TEST) > 0.95


def test_a_resource_name_with_accents_is_matched_as_utf_8(
    azurite: Azurite, clock: DrivenClock, storage: Storage, better: bytes
) -> None:
    resource = "Modèle de recensement [modèle entraîné]"
    service = WebService(
        name="recensement",
        kind="predictive",
        resources=(resource,),
        endpoints=(Endpoint(name="default", default=True), Endpoint(name="paris")),
    )
    studio = Studio(services=(service,), storage=azurite.connection_string)
    storage.put("new.ilearner", better)
    with MlService.start(studio, now=clock) as running:
        caller = Caller(running, clock)
        right = caller.patch(storage.reference("new.ilearner"), resource=resource, name="paris")
        wrong = caller.patch(
            storage.reference("new.ilearner"),
            resource="Mod?le de recensement [mod?le entra?n?]",
            name="paris",
        )

    assert right.status_code == 200
    assert error(wrong) == ("BadArgument", "UserParameterInvalid")


def test_azurite_judges_the_token_it_is_given(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    good = storage.reference("new.ilearner")
    bad = [
        storage.reference("new.ilearner", lifetime=timedelta(minutes=-1)),
        storage.reference("new.ilearner", permission="w"),
        good | {"SasBlobToken": storage.reference("other.ilearner")["SasBlobToken"]},
    ]

    for location in bad:
        answer = caller.patch(location)

        assert answer.status_code == 400
        assert error(answer) == ("BadArgument", "InvalidBlob")
        assert "403" in answer.json()["error"]["details"][0]["message"]
        assert "sig=" not in answer.text
    assert published(caller.endpoint())
    assert caller.patch(good).status_code == 200


def test_a_blob_that_is_gone_is_named_with_what_azure_said(
    caller: Caller, storage: Storage
) -> None:
    answer = caller.patch(storage.reference("gone.ilearner"))

    assert answer.status_code == 400
    assert error(answer) == ("BadArgument", "BlobNotFound")
    message = answer.json()["error"]["details"][0]["message"]
    assert message == (
        f"Unable to access the provided Azure blob - {storage.container}/gone.ilearner.  "
        "Azure error message: BlobNotFound."
    )


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x80\x05cposix\nsystem\n(S'true'\ntR."])
def test_a_blob_that_is_no_model_is_refused_and_the_old_model_stays(
    caller: Caller, storage: Storage, content: bytes
) -> None:
    storage.put("new.ilearner", content)

    answer = caller.patch(storage.reference("new.ilearner"))

    caller.clock.advance(minutes=1)
    assert error(answer) == ("BadArgument", "InvalidBlob")
    assert published(caller.endpoint())


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"RelativeLocation": "c/model.csv"}, "InvalidBlobExtension"),
        ({"RelativeLocation": None}, "MissingInputBlobInformation"),
        ({"BaseLocation": ""}, "MissingInputBlobInformation"),
        ({"SasBlobToken": None}, "MissingInputBlobInformation"),
        ({"Extra": 1}, "RequestBodyInvalid"),
        ({"BaseLocation": 1}, "RequestBodyInvalid"),
        ({"BaseLocation": "http://blob.example/"}, "InvalidBlob"),
        ({"BaseLocation": "file:///"}, "InvalidBlob"),
        ({"RelativeLocation": "c/not encoded.ilearner"}, "InvalidBlob"),
        ({"RelativeLocation": "c/entraîné.ilearner"}, "InvalidBlob"),
    ],
)
def test_a_location_that_cannot_be_right_is_refused(
    caller: Caller, storage: Storage, change: dict[str, object], detail: str
) -> None:
    location = storage.reference("new.ilearner") | change

    answer = caller.patch(location)

    assert answer.status_code == 400
    assert error(answer) == ("BadArgument", detail)


def test_a_null_connection_string_and_other_slashes_are_tolerated(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    location = storage.reference("new.ilearner")
    location["BaseLocation"] = location["BaseLocation"].rstrip("/")
    location["RelativeLocation"] = "/" + location["RelativeLocation"]

    assert caller.patch({**location, "ConnectionString": None}).status_code == 200


def test_a_percent_encoded_name_is_sent_to_storage_as_it_stands(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("entraîné le #1 50%+?.ilearner", better)
    location = storage.reference("entraîné le #1 50%+?.ilearner")
    name = "entra%C3%AEn%C3%A9%20le%20%231%2050%25%2B%3F.ilearner"
    location["RelativeLocation"] = f"{storage.container}/{name}"

    assert caller.patch(location).status_code == 200


def test_storage_that_does_not_answer_is_a_500_that_a_client_tries_again(
    caller: Caller, storage: Storage
) -> None:
    base = f"{NOBODY}/account/"
    answer = caller.patch(storage.reference("new.ilearner") | {"BaseLocation": base})

    assert answer.status_code == 500
    assert error(answer) == ("InternalError", "ResourceDownload")


def test_a_default_endpoint_is_refused(caller: Caller, storage: Storage, better: bytes) -> None:
    storage.put("new.ilearner", better)

    answer = caller.patch(storage.reference("new.ilearner"), name="digits-predictive")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Cannot update default endpoint."


def test_a_training_service_answers_the_documented_sentence(
    caller: Caller, storage: Storage
) -> None:
    answer = caller.patch(storage.reference("new.ilearner"), name="digits-training")

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["message"] == NO_UPDATABLE_RESOURCES


@pytest.mark.parametrize("resource", ["", "digits model [trained model]", "Nothing"])
def test_an_unknown_resource_name_is_refused_case_included(
    caller: Caller, storage: Storage, resource: str
) -> None:
    answer = caller.patch(storage.reference("new.ilearner"), resource=resource)

    assert answer.status_code == 400
    assert error(answer) == ("BadArgument", "UserParameterInvalid")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "RequestBodyInvalid"),
        (b"{", "RequestBodyInvalid"),
        ('{"Description":"é"}'.encode("latin-1"), "RequestBodyInvalid"),
        (b"[" * 100_000, "RequestBodyInvalid"),
        (b"{}", "RequestIsEmpty"),
        (b'{"Resources":[]}', "RequestIsEmpty"),
        (b'{"Resource":[]}', "RequestBodyInvalid"),
        (b'{"ThrottleLevel":"Middle"}', "RequestBodyInvalid"),
    ],
)
def test_a_body_that_is_no_patch_is_refused(caller: Caller, content: bytes, detail: str) -> None:
    answer = requests.patch(
        caller.service.patch_url("digits"),
        data=content,
        headers=caller.headers("digits"),
        timeout=30,
    )

    assert answer.status_code == 400
    assert error(answer) == ("BadArgument", detail)


def test_settings_are_changed_with_a_model_or_not_at_all(
    caller: Caller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    gone = {"Name": RESOURCE, "Location": storage.reference("gone.ilearner")}
    there = {"Name": RESOURCE, "Location": storage.reference("new.ilearner")}

    refused = caller.patch_body({"Description": "new", "Resources": [gone]})
    unchanged = caller.endpoint()
    accepted = caller.patch_body(
        {
            "Description": "new",
            "ThrottleLevel": "High",
            "MaxConcurrentCalls": 20,
            "Resources": [there],
        }
    )
    changed = caller.endpoint()

    assert (refused.status_code, unchanged["Description"]) == (400, "")
    assert (accepted.status_code, changed["Description"]) == (200, "new")
    assert (changed["ThrottleLevel"], changed["MaxConcurrentCalls"]) == ("High", 20)
    too_many = caller.patch_body({"MaxConcurrentCalls": 201})
    assert error(too_many)[1] == "WebServiceTooManyConcurrentRequestRequirement"


def test_keys_of_other_endpoints_are_refused(caller: Caller, storage: Storage) -> None:
    for name in ("digits-predictive", "digits-training"):
        answer = requests.patch(
            caller.service.patch_url("digits"),
            json={"Resources": [{"Name": RESOURCE, "Location": storage.reference("x.ilearner")}]},
            headers=caller.headers(name),
            timeout=30,
        )

        assert answer.status_code == 401
        assert error(answer) == ("Unauthorized", "ManagementRequestUnauthorized")


def test_which_success_it_answers_is_a_setting(
    make_caller: MakeCaller, storage: Storage, better: bytes
) -> None:
    storage.put("new.ilearner", better)
    with make_caller(patch_status=204) as caller:
        assert caller.patch(storage.reference("new.ilearner")).status_code == 204


def test_a_blob_over_https_is_read_with_the_given_certificate_and_not_without(
    azurite_oauth: Azurite, studio: Studio, clock: DrivenClock, storage: Storage
) -> None:
    location = storage.reference("new.ilearner")
    location["BaseLocation"] = f"{azurite_oauth.blob_service_uri}/"

    with MlService.start(studio, now=clock, ca_file=azurite_oauth.ca_file) as service:
        trusted = Caller(service, clock).patch(location)
    with MlService.start(studio, now=clock) as service:
        untrusted = Caller(service, clock).patch(location)

    assert error(trusted) == ("BadArgument", "BlobNotFound")  # storage was reached, and answered
    assert error(untrusted) == ("InternalError", "ResourceDownload")
    assert "SSLCertVerificationError" in untrusted.text


def test_reading_stops_at_the_limit(storage: Storage, better: bytes) -> None:
    storage.put("new.ilearner", better)
    url = "".join(storage.reference("new.ilearner").values())

    with pytest.raises(TooLarge):
        Transfer(limit=len(better) - 1).fetch(url)
    with Transfer(limit=len(better)).fetch(url) as file:
        assert file.read() == better


def test_a_redirect_from_storage_is_not_followed(caller: Caller) -> None:
    caller.service.script("GET", "/elsewhere", status=307, headers={"location": "/there"})

    with pytest.raises(TransferFailed) as caught:
        Transfer().fetch(f"{caller.service.url}/elsewhere?sig=secret")

    assert caught.value.status == 307
    assert [request.path for request in caller.service.requests] == ["/elsewhere"]


def test_a_long_file_is_loaded_without_reading_what_follows_the_model(better: bytes) -> None:
    class Counting(BytesIO):
        taken = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            self.taken += len(line)
            return line

    file = Counting(better + bytes(50 * 1024 * 1024))

    assert load(file).classes == tuple("0123456789")
    assert file.taken < len(better)
