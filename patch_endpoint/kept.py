"""Keeps the bytes of models that served, so that one can be gone back to.

Users overwrite one name again and again. A copy on the side of storage costs no bytes through the
worker, and is conditional on the version that was confirmed. Nothing of the user's is ever deleted.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, Literal, Protocol

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContainerClient
from msgspec.structs import replace

from patch_endpoint.record import Kept, Record
from patch_endpoint.trained_model import TrainedModel
from settings.container import KEPT_CONTAINER
from settings.secret import Secret
from state.storage_errors import StorageError, mapped

CONTAINER = KEPT_CONTAINER
_THERE_OR_LOST = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
)

type Outcome = Literal["kept", "not_yet", "lost"]
"""What came of keeping a model: its bytes are copied, may be later, or are not there any more."""


class Copy(msgspec.Struct, frozen=True):
    """A copy as a listing shows it.

    Attributes:
        name: The copy's name.
        etag: Which version of it.
        made_at: When, by the storage's clock.
    """

    name: str
    etag: str
    made_at: datetime


class Keeper(Protocol):
    """The container of kept models. Each call may raise `StorageError`."""

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> Outcome:
        """Copy *model* to *name*, unless there is this copy already."""

    def has(self, name: str) -> bool:
        """Say whether the copy *name* is there, whole."""

    def drop(self, name: str, etag: str | None = None) -> None:
        """Delete a copy of ours; with *etag*, only if it still is that version."""

    def copies(self) -> Iterator[Copy]:
        """List every copy, page by page."""


class BlobKeeper:
    """Kept models in a container beside the models."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> Outcome:
        """See `Keeper`."""
        try:
            return self._copied(name, model, source_url)
        except StorageError as error:
            if error.status not in _THERE_OR_LOST:
                raise
            found = self._found(name)
            if found is not None:
                return found
            # A conflict says nothing of the bytes: a lease, a policy.
            if error.status == HTTPStatus.CONFLICT:
                raise
            return "lost"

    def _copied(self, name: str, model: TrainedModel, source_url: Secret) -> Outcome:
        try:
            return self._started(name, model, source_url)
        except StorageError as error:
            if error.code != "ContainerNotFound":
                raise
        with mapped("make the container of kept models"), suppress(ResourceExistsError):
            self._container.create_container()
        return self._started(name, model, source_url)

    def _started(self, name: str, model: TrainedModel, source_url: Secret) -> Outcome:
        """Have storage copy, which it may finish later; a copy that is there is left as it is."""
        with mapped("keep a model"):
            copy = self._container.get_blob_client(name).start_copy_from_url(
                source_url.reveal(),
                source_etag=f'"{model.etag}"',
                source_match_condition=MatchConditions.IfNotModified,
                match_condition=MatchConditions.IfMissing,
            )
        return "kept" if copy["copy_status"] == "success" else "not_yet"

    def has(self, name: str) -> bool:
        """See `Keeper`."""
        return self._status(name) == "success"

    def _found(self, name: str) -> Outcome | None:
        """Look at the copy that may be there; one that storage did not finish is taken away."""
        status = self._status(name)
        if status is None:
            return None
        if status in {"failed", "aborted"}:
            self.drop(name)
        return "kept" if status == "success" else "not_yet"

    def _status(self, name: str) -> str | None:
        """Say how far storage is with the copy *name*; None: there is none."""
        with mapped("look at a kept model"):
            try:
                properties = self._container.get_blob_client(name).get_blob_properties()
            except ResourceNotFoundError:
                return None
        return str(properties.copy.status)

    def drop(self, name: str, etag: str | None = None) -> None:
        """See `Keeper`."""
        condition: dict[str, Any] = (
            {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        )
        with mapped("drop a kept model"):
            try:
                self._container.delete_blob(name, **condition)
            except (ResourceNotFoundError, ResourceModifiedError):
                return

    def copies(self) -> Iterator[Copy]:
        """See `Keeper`."""
        with mapped("list the kept models"):
            try:
                for blob in self._container.list_blobs():
                    yield Copy(blob.name, blob.etag, blob.last_modified)
            except ResourceNotFoundError:
                return


def copy_name(endpoint: str, model: TrainedModel) -> str:
    """Name the copy of *model* for *endpoint*: one a version, with the model's own suffix."""
    version = hashlib.sha256(f"{model.name}\n{model.etag}".encode()).hexdigest()[:32]
    return f"{endpoint}/{version}{PurePosixPath(model.name).suffix}"


def with_kept(record: Record, model: TrainedModel, name: str | None, keep: int) -> Record:
    """Note the copy *name* of *model*, or that there is none, and forget all but *keep*."""
    serving = record.serving
    if serving is not None and serving.model.has_bytes_of(model):
        is_off = keep == 0 or model.from_job is not None
        outcome = "off" if is_off else "kept" if name else "lost"
        record = replace(record, serving=replace(serving, keeping=outcome))
    if name is None:
        return record
    others = [one for one in record.kept if one.name != name]
    record = replace(record, kept=(*others, Kept(model, name)))
    return within(record, keep, fresh=name)


def within(record: Record, keep: int, fresh: str | None = None) -> Record:
    """Forget all copies but the latest *keep*, and none of a model that is in use.

    Args:
        record: The record as it is.
        keep: How many may stay.
        fresh: The copy that was made just now, which stays too.
    """
    used = models_in_use(record)
    needed = {
        one.name
        for one in record.kept
        if one.name == fresh or any(one.model.has_bytes_of(model) for model in used)
    }
    others = [one.name for one in record.kept if one.name not in needed]
    needed.update(others[max(len(others) - max(keep - len(needed), 0), 0) :])
    return replace(record, kept=tuple(one for one in record.kept if one.name in needed))


def models_in_use(record: Record) -> list[TrainedModel]:
    """Give the models that may be sent without anybody asking again."""
    users = (record.desired, record.waiting, record.serving, record.attempt)
    return [one.model for one in users if one is not None]
