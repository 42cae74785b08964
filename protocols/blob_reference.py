"""A blob reference: where a model is and the token to read it, as endpoints are told."""

from urllib.parse import parse_qs, quote

import msgspec

from settings.secret import Secret


class BlobReference(msgspec.Struct, frozen=True):
    """The classic service's `AzureBlobDataReference`.

    The three parts, concatenated as they stand, are a working URL for any blob name.

    Attributes:
        base_location: The blob service, ending in a slash.
        relative_location: Container and name, percent-encoded.
        sas_token: The token, beginning with a question mark; empty: whoever reads it has rights of
            its own.
        name: The plain name of the model that it is, also where a copy of it is referred to.
        etag: Which version of that.
    """

    base_location: str
    relative_location: str
    sas_token: Secret
    name: str = ""
    etag: str = ""

    def url(self) -> Secret:
        """Concatenate the parts: a secret, since the token is."""
        return Secret(f"{self.base_location}{self.relative_location}{self.sas_token.reveal()}")


def relative_location(container: str, name: str) -> str:
    """Give the percent-encoded location of the blob *name* in *container*."""
    return f"{container}/{quote(name, safe='/~')}"


def secrets_in(sas_token: Secret) -> list[Secret]:
    """Give what nobody may repeat of a token: all of it, and its signature alone."""
    signatures = parse_qs(sas_token.reveal().removeprefix("?")).get("sig", [])
    return [sas_token, *map(Secret, signatures)]


def expiry_in(sas_token: str) -> str | None:
    """Give the `se` of a token as it stands, which tells two tokens for one blob apart."""
    return parse_qs(sas_token.removeprefix("?")).get("se", [None])[0]
