"""Copies on the side of storage: what the keeper makes of each answer, of Azurite and of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from local_stack.azurite import Azurite
from patch_endpoint.catalog import BlobModelCatalog
from patch_endpoint.kept import BlobKeeper, copy_name
from patch_endpoint.sas import signer_of
from patch_endpoint.trained_model import TrainedModel
from settings.model_blobs import parse_model_blobs
from settings.secret import Secret
from state.storage_errors import StorageError
from tests.fakes.served import served

NAME = "census/latest.ilearner"
FIRST, SECOND = b"the first model", b"the second"
MODEL = TrainedModel(name=NAME, etag="0x1", last_modified=datetime(2026, 3, 2, tzinfo=UTC), size=1)
COPY = copy_name("census", MODEL)
SOURCE = Secret("http://127.0.0.1:1/models/a?sig=x")


class Stored:
    """A model in a container of Azurite, and a keeper beside it."""

    def __init__(self, azurite: Azurite, container: str) -> None:
        self.service = BlobServiceClient.from_connection_string(azurite.connection_string)
        self.models = self.service.create_container(container)
        self.copies = self.service.get_container_client(f"kept-{container}")
        self.keeper = BlobKeeper(self.copies)
        self._signer = signer_of(self.service, timedelta(hours=1), timedelta(minutes=10))
        self._pattern = f"{container}/{{name}}.ilearner"

    def land(self, content: bytes) -> TrainedModel:
        """Have a model land over the one before."""
        self.models.upload_blob(NAME, content, overwrite=True)
        catalog = BlobModelCatalog(self.models, parse_model_blobs(self._pattern))
        model = catalog.head(NAME)
        assert model is not None
        return model

    def keep(self, model: TrainedModel) -> str:
        """Keep *model* by a token, as the app does."""
        container = self.models.container_name
        signed = self._signer.sign(container, NAME, endpoint="census", now=datetime.now(UTC))
        name = copy_name("census", model)
        return self.keeper.keep(name, model, signed.reference.url())

    def bytes_of(self, model: TrainedModel) -> bytes:
        """Read the copy of *model*."""
        content: bytes = self.copies.download_blob(copy_name("census", model)).readall()
        return content


@pytest.fixture
def stored(azurite: Azurite, container_name: str) -> Iterator[Stored]:
    made = Stored(azurite, container_name)
    with made.service:
        yield made


def test_a_model_is_copied_and_its_container_is_made(stored: Stored) -> None:
    model = stored.land(FIRST)
    assert not stored.keeper.has(copy_name("census", model))

    assert stored.keep(model) == "kept"
    assert stored.bytes_of(model) == FIRST
    assert stored.keeper.has(copy_name("census", model))


def test_a_version_that_was_overwritten_is_lost_and_the_newer_bytes_are_not_taken_for_it(
    stored: Stored,
) -> None:
    overwritten = stored.land(FIRST)
    stored.land(SECOND)

    assert stored.keep(overwritten) == "lost"
    assert [copy.name for copy in stored.keeper.copies()] == []


def test_a_model_that_was_deleted_is_lost(stored: Stored) -> None:
    model = stored.land(FIRST)
    stored.models.delete_blob(NAME)

    assert stored.keep(model) == "lost"


def test_a_copy_that_is_there_is_not_made_anew_and_counts_though_the_model_was_overwritten(
    stored: Stored,
) -> None:
    model = stored.land(FIRST)
    stored.keep(model)
    [before] = stored.keeper.copies()

    assert stored.keep(model) == "kept"
    stored.land(SECOND)
    assert stored.keep(model) == "kept"
    assert stored.bytes_of(model) == FIRST
    assert list(stored.keeper.copies()) == [before]


def test_without_a_container_there_is_no_copy(stored: Stored) -> None:
    assert list(stored.keeper.copies()) == []
    stored.keeper.drop(COPY)


def test_a_copy_is_dropped_only_in_the_version_that_was_listed(stored: Stored) -> None:
    model = stored.land(FIRST)
    stored.keep(model)
    [listed] = stored.keeper.copies()
    stored.copies.upload_blob(listed.name, b"made anew", overwrite=True)

    stored.keeper.drop(listed.name, listed.etag)
    [anew] = stored.keeper.copies()
    stored.keeper.drop(anew.name, anew.etag)

    assert anew.etag != listed.etag
    assert list(stored.keeper.copies()) == []


class Answer(msgspec.Struct, frozen=True):
    """What storage answers: a status, its own code of an error, how far the copy is."""

    status: int
    code: str = ""
    copy: str = ""


class _Storage(BaseHTTPRequestHandler):
    answers: dict[str, Answer]
    asked: list[str]

    def _answer(self) -> None:
        self.asked.append(self.command)
        answer = self.answers[self.command]
        self.send_response(answer.status)
        headers = {
            "x-ms-error-code": answer.code,
            "x-ms-copy-status": answer.copy,
            "ETag": '"0x2"',
            "Last-Modified": "Mon, 02 Mar 2026 06:00:00 GMT",
            "Content-Length": "0",
        }
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815 - the names that the base class calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def storage(**answers: Answer) -> Iterator[tuple[BlobKeeper, list[str]]]:
    """Serve these answers, by their methods, and note which was asked."""
    asked: list[str] = []
    handler = type("Storage", (_Storage,), {"answers": answers, "asked": asked})
    with served(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        url = f"{address}/account/retrain-kept"
        with ContainerClient.from_container_url(url, retry_total=0) as container:
            yield BlobKeeper(container), asked


MISSING = Answer(404, "BlobNotFound")
SOURCE_CHANGED = Answer(412, "SourceConditionNotMet")
IS_THERE = Answer(409, "BlobAlreadyExists")


@pytest.mark.parametrize(
    ("put", "head", "outcome"),
    [
        (Answer(202, copy="success"), MISSING, "kept"),
        (Answer(202, copy="pending"), MISSING, "not_yet"),
        (IS_THERE, Answer(200, copy="success"), "kept"),
        (Answer(412, "TargetConditionNotMet"), Answer(200, copy="success"), "kept"),
        (IS_THERE, Answer(200, copy="pending"), "not_yet"),
        (Answer(409, "PendingCopyOperation"), Answer(200, copy="pending"), "not_yet"),
        (SOURCE_CHANGED, Answer(200, copy="success"), "kept"),
        (SOURCE_CHANGED, Answer(200, copy="pending"), "not_yet"),
        (SOURCE_CHANGED, MISSING, "lost"),
        (Answer(404, "CannotVerifyCopySource"), MISSING, "lost"),
    ],
)
def test_what_is_kept_is_what_storage_has_finished(put: Answer, head: Answer, outcome: str) -> None:
    with storage(PUT=put, HEAD=head) as (keeper, _):
        assert keeper.keep(COPY, MODEL, SOURCE) == outcome


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_a_copy_that_storage_did_not_finish_is_taken_away_and_made_again_later(status: str) -> None:
    with storage(PUT=IS_THERE, HEAD=Answer(200, copy=status), DELETE=Answer(202)) as (keeper, made):
        assert keeper.keep(COPY, MODEL, SOURCE) == "not_yet"

    assert made == ["PUT", "HEAD", "DELETE"]


@pytest.mark.parametrize(
    "put",
    [
        Answer(403, "AuthorizationPermissionMismatch"),
        Answer(409, "BlobImmutableDueToPolicy"),
        Answer(409, "ContainerBeingDeleted"),
        Answer(500, "InternalError"),
    ],
    ids=lambda answer: answer.code,
)
def test_what_says_nothing_of_the_bytes_is_tried_again(put: Answer) -> None:
    with storage(PUT=put, HEAD=MISSING) as (keeper, _), pytest.raises(StorageError):
        keeper.keep(COPY, MODEL, SOURCE)
