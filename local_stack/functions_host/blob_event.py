"""A version of a blob that a function is to be run for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobProperties, BlobServiceClient

from local_stack.functions_host.protos import TypedData


@dataclass(frozen=True, slots=True)
class BlobEvent:
    """One version of a blob; without an ETag, whatever version is there."""

    container: str
    name: str
    etag: str | None = None

    @property
    def path(self) -> str:
        """`container/name`."""
        return f"{self.container}/{self.name}"


@dataclass(frozen=True, slots=True)
class FoundBlob:
    """What storage tells about a blob without reading it."""

    etag: str
    uri: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, str]

    def trigger_metadata(self, path: str, tokens: Mapping[str, str]) -> dict[str, TypedData]:
        """What the blob extension sends beside the argument."""
        return {
            **{name: TypedData(string=value) for name, value in tokens.items()},
            "BlobTrigger": TypedData(string=path),
            "Uri": TypedData(string=self.uri),
            "Properties": TypedData(json=json.dumps(self.properties)),
            "Metadata": TypedData(json=json.dumps(dict(self.metadata))),
        }


def look(service: BlobServiceClient, event: BlobEvent) -> FoundBlob | None:
    """Read a blob's properties; None if that version is not there (any more).

    Raises:
        AzureError: storage did not answer, or not to us.
    """
    client = service.get_blob_client(event.container, event.name)
    try:
        properties = client.get_blob_properties()
    except ResourceNotFoundError:
        return None
    etag = plain_etag(properties.etag)
    if event.etag is not None and event.etag != etag:
        return None
    uri = client.url.partition("?")[0]  # the query may be a SAS
    return FoundBlob(etag, uri, _properties(properties, etag), properties.metadata or {})


def plain_etag(etag: str) -> str:
    """An ETag without its quotes: a listing has none, a header has them."""
    return etag.strip('"')


def _properties(properties: BlobProperties, etag: str) -> dict[str, Any]:
    return {
        "ETag": etag,
        "Length": properties.size,
        "ContentLength": properties.size,
        "ContentType": properties.content_settings.content_type,
        "LastModified": properties.last_modified.isoformat(),
    }
