"""A trained model: a blob of the model container, in one version."""

from datetime import datetime

import msgspec


class TrainedModel(msgspec.Struct, frozen=True):
    """What is known of a model without reading its bytes.

    Attributes:
        name: The blob's plain name within the container.
        etag: Which version, without quotes.
        last_modified: When it landed, by the storage's clock.
        content_md5: Of its bytes, in hexadecimal, where the uploader gave one.
        size: In bytes.
    """

    name: str
    etag: str
    last_modified: datetime
    content_md5: str | None = None
    size: int = 0

    def is_version(self, other: "TrainedModel") -> bool:
        """Say whether *other* is this version of this blob."""
        return (self.name, self.etag) == (other.name, other.etag)

    def has_bytes_of(self, other: "TrainedModel") -> bool:
        """Say whether *other* is under this name and certainly holds the same bytes."""
        if self.is_version(other):
            return True
        known = self.content_md5 is not None and self.name == other.name
        return known and (self.content_md5, self.size) == (other.content_md5, other.size)
