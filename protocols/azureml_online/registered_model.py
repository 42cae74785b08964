"""A version of a registered model: what a workspace knows a blob as."""

import hashlib
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

import msgspec

from protocols.azureml_online.arm import Document
from protocols.azureml_online.datastore import uri_within
from protocols.azureml_online.keys import AzuremlKeys
from protocols.blob_reference import BlobReference
from protocols.protocol import Refused
from settings.container import KEPT_CONTAINER

_SIGNS_OF_LOCATION: Final = 8


class RegisteredModel(msgspec.Struct, frozen=True):
    """One version of a model.

    Attributes:
        keys: The endpoint's.
        uri: Where the workspace finds it.
        etag: Which version of the blob that is there.
    """

    keys: AzuremlKeys
    uri: str
    etag: str

    @property
    def version(self) -> str:
        """Its version: of the ETag, and of the location, which no version can ever change."""
        location = hashlib.sha256(f"{self.keys.model_type} {self.uri}".encode()).hexdigest()
        return f"{letters_and_digits(self.etag)}-{location[:_SIGNS_OF_LOCATION]}"

    @property
    def path(self) -> str:
        """Where it is within the workspace."""
        return f"/models/{self.keys.model_name}/versions/{self.version}"

    @property
    def id(self) -> str:
        """Its id as a resource."""
        return f"{self.keys.workspace.id}{self.path}"

    def body(self, tags: dict[str, str]) -> Document:
        """Say what is registered."""
        return {
            "properties": {
                "modelType": self.keys.model_type,
                "modelUri": self.uri,
                "isAnonymous": False,
                "isArchived": False,
                "tags": tags,
            }
        }

    def is_described_by(self, document: Document) -> bool:
        """Say whether a workspace describes this version."""
        properties = document.get("properties")
        return isinstance(properties, dict) and properties.get("modelUri") == self.uri


def registered_model_of(keys: AzuremlKeys, model: BlobReference) -> RegisteredModel | Refused:
    """Say what *model* is registered as, if its container is a datastore of the workspace."""
    container, _, path = unquote(model.relative_location).partition("/")
    datastore = keys.datastores.get(container)
    if datastore is None:
        what = f"`datastores` names none for the container {container}"
        # Of kept copies alone: another model may be where it landed.
        return Refused("no_datastore", what, about_model=container == KEPT_CONTAINER)
    if keys.model_is_folder:
        folder = PurePosixPath(path).parent
        if container == KEPT_CONTAINER or folder == PurePosixPath():
            what = "the model is a folder, and of this one there is a single blob"
            return Refused("no_folder", what, about_model=True)
        path = f"{folder}/"
    return RegisteredModel(keys, uri_within(keys.workspace, datastore, path), model.etag)


def letters_and_digits(etag: str) -> str:
    """Give the signs of an ETag that names may have."""
    return "".join(sign for sign in etag if sign.isascii() and sign.isalnum())
