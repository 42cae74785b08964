"""Keeps the bytes of models that served, so that one can be gone back to.

Users overwrite one name again and again. A copy on the side of storage costs no bytes through the
worker, and is conditional on the version that was confirmed. Nothing of the user's is ever deleted.
"""

import hashlib
from contextlib import suppress
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Protocol

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient
from msgspec.structs import replace

from patch_endpoint.record import Kept, Record
from patch_endpoint.trained_model import TrainedModel
from settings.secret import Secret
from state.storage_errors import ConflictError, StorageError, mapped

CONTAINER = "retrain-kept"


class Keeper(Protocol):
    """The container of kept models. Each call may raise `StorageError`."""

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> bool:
        """Copy *model* to *name*; False: its bytes are not there any more."""

    def drop(self, name: str) -> None:
        """Delete a copy of ours."""


class BlobKeeper:
    """Kept models in a container beside the models."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> bool:
        """See `Keeper`."""
        try:
            self._copy(name, model, source_url)
        except ConflictError:
            return False
        except StorageError as error:
            if error.code == "ContainerNotFound":
                self._create_container()
                return self.keep(name, model, source_url)
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def _copy(self, name: str, model: TrainedModel, source_url: Secret) -> None:
        with mapped("keep a model"):
            self._container.get_blob_client(name).start_copy_from_url(
                source_url.reveal(),
                source_etag=f'"{model.etag}"',
                source_match_condition=MatchConditions.IfNotModified,
            )

    def _create_container(self) -> None:
        with mapped("make the container of kept models"), suppress(ResourceExistsError):
            self._container.create_container()

    def drop(self, name: str) -> None:
        """See `Keeper`."""
        with mapped("drop a kept model"):
            try:
                self._container.delete_blob(name)
            except ResourceNotFoundError:
                return


def copy_name(endpoint: str, model: TrainedModel) -> str:
    """Name the copy of *model* for *endpoint*: one a version, with the model's own suffix."""
    version = hashlib.sha256(f"{model.name}\n{model.etag}".encode()).hexdigest()[:32]
    return f"{endpoint}/{version}{PurePosixPath(model.name).suffix}"


def with_kept(record: Record, model: TrainedModel, name: str | None, keep: int) -> Record:
    """Note the copy *name* of *model*, or that there is none, and forget all but *keep*."""
    serving = record.serving
    if serving is not None and serving.model.is_version(model):
        is_off = keep == 0 or model.from_job is not None
        outcome = "off" if is_off else "kept" if name else "lost"
        record = replace(record, serving=replace(serving, keeping=outcome))
    if name is None:
        return record
    others = [one for one in record.kept if one.name != name]
    return replace(record, kept=tuple([*others, Kept(model, name)][-keep:]))
