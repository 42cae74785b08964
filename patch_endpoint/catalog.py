"""The models that are in storage. Their bytes are never read."""

from collections.abc import Iterator
from typing import Any, Protocol

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from patch_endpoint.trained_model import TrainedModel
from settings.model_blobs import ModelBlobs
from settings.scoring_endpoint import ScoringEndpoint
from settings.takers import listing_prefixes
from state.storage_errors import mapped

_NO_SUCH_NAME = frozenset({"InvalidUri", "InvalidResourceName", "InvalidBlobName"})


class ModelCatalog(Protocol):
    """The model container. Each call may raise `StorageError`."""

    container: str

    def head(self, name: str) -> TrainedModel | None:
        """Look at the blob *name*; None: there is no such blob."""

    def models(self, prefix: str = "") -> Iterator[TrainedModel]:
        """List every model whose name begins with *prefix*, page by page."""


class BlobModelCatalog:
    """The model container in blob storage."""

    def __init__(self, client: ContainerClient, model_blobs: ModelBlobs) -> None:
        self.container = model_blobs.container
        self._client, self._model_blobs = client, model_blobs

    def head(self, name: str) -> TrainedModel | None:
        """See `ModelCatalog`."""
        if not self._model_blobs.matches(name):
            return None
        with mapped("look at a model"):
            try:
                return _model(self._client.get_blob_client(name).get_blob_properties())
            except ResourceNotFoundError:
                return None
            except HttpResponseError as error:
                if str(getattr(error, "error_code", "")) in _NO_SUCH_NAME:
                    return None
                raise

    def models(self, prefix: str = "") -> Iterator[TrainedModel]:
        """See `ModelCatalog`."""
        shorter, longer = sorted((prefix, self._model_blobs.prefix), key=len)
        if not longer.startswith(shorter):
            return
        with mapped("list the models"):
            try:
                for blob in self._client.list_blobs(name_starts_with=longer):
                    if self._model_blobs.matches(blob.name):
                        yield _model(blob)
            except ResourceNotFoundError:
                return


def newest(catalog: ModelCatalog, endpoint: ScoringEndpoint) -> TrainedModel | None:
    """Find the newest model that is for *endpoint*; None: there is none."""
    prefixes = listing_prefixes(endpoint.models) if endpoint.models is not None else []
    listed = (model for prefix in prefixes for model in catalog.models(prefix))
    return max(
        (model for model in listed if endpoint.takes(model.name)),
        key=lambda model: model.order,
        default=None,
    )


def _model(blob: Any) -> TrainedModel:
    md5 = blob.content_settings.content_md5
    return TrainedModel(
        name=blob.name,
        etag=blob.etag.strip('"'),
        last_modified=blob.last_modified,
        content_md5=bytes(md5).hex() if md5 else None,
        size=blob.size,
    )
