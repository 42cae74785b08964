"""Where a blob is, as the wire says it (``AzureBlobDataReference``)."""

from typing import override
from urllib.parse import unquote

from msgspec import Struct

from local_stack.ml_service.errors import bad_argument


class BlobReference(Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    """Base location, relative location and SAS token; or connection string and relative location.

    Serialised C# references carry ``"ConnectionString": null``, so every member may be null.
    """

    base_location: str | None = None
    relative_location: str | None = None
    sas_blob_token: str | None = None
    connection_string: str | None = None

    @override
    def __repr__(self) -> str:
        return f"BlobReference({self.base_location!r}, {self.relative_location!r}, <SECRET>)"

    @property
    def name(self) -> str:
        """Container and blob without secrets, for messages."""
        return (self.relative_location or "").lstrip("/")

    @property
    def url(self) -> str:
        """``BaseLocation + RelativeLocation + SasBlobToken``, concatenated as they stand.

        Only the slash between the first two is made exactly one: Microsoft's own examples have
        none, one and two.
        """
        return f"{(self.base_location or '').rstrip('/')}/{self.name}{self.sas_blob_token or ''}"

    @property
    def path(self) -> tuple[str, str]:
        """Container and blob name of a reference by connection string, which is not encoded."""
        container, _, blob = self.name.partition("/")
        return container, blob

    def require_url(self) -> None:
        """Refuse a reference that lacks a part of its URL.

        Raises:
            ServiceError: ``MissingInputBlobInformation`` names the missing members.
        """
        members = {
            "BaseLocation": self.base_location,
            "RelativeLocation": self.relative_location,
            "SasBlobToken": self.sas_blob_token,
        }
        if missing := [name for name, value in members.items() if not value]:
            raise bad_argument("MissingInputBlobInformation", hint=f"missing {', '.join(missing)}")

    def require_complete(self) -> None:
        """Refuse a reference that is neither of the two documented forms."""
        if not self.connection_string:
            self.require_url()
        elif not all(self.path):
            hint = "RelativeLocation is not <container>/<blob>"
            raise bad_argument("MissingInputBlobInformation", hint=hint)

    def require_extension(self, *extensions: str) -> None:
        """Refuse a blob whose name does not end in one of these extensions."""
        if not unquote(self.name).casefold().endswith(extensions):
            raise bad_argument("InvalidBlobExtension", self.name, ", ".join(extensions))
