"""Signs tokens: one blob, least permission, a bounded time, by an account key or an identity."""

import hashlib
import threading
from datetime import datetime, timedelta
from typing import Literal, Protocol
from urllib.parse import parse_qs

import msgspec
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    UserDelegationKey,
    generate_blob_sas,
)

from patch_endpoint.job_results import ResultLocation, ResultUnavailableError
from patch_endpoint.record import NEVER
from protocols.blob_reference import BlobReference, relative_location
from settings.connection import is_loopback
from settings.secret import Secret
from state.storage_errors import UnavailableError, mapped

BACK_DATED = timedelta(minutes=15)
"""Clocks differ: a token is valid from a little before it was signed."""
KEY_LIFETIME = timedelta(days=6, hours=23)
"""Of a user delegation key, back-dating included; the service allows 7 days."""
_LEAST_AT_SENDING = timedelta(minutes=10)
RENEWAL_JITTER = 0.1


type Permission = Literal["r", "cw"]
"""Read one blob; or create and write one, without reading what is there."""


class SignedModel(msgspec.Struct, frozen=True):
    """A model's location with a fresh token.

    Attributes:
        reference: What the endpoint is told.
        blob: Container and name, as they are.
        expires_at: When the token expires; `NEVER`: there is no token.
        expiry_text: The token's `se` as it stands.
        send_by: After which too little of its lifetime would remain.
        renew_at: When it is to be renewed; `NEVER`: it is not.
    """

    reference: BlobReference
    blob: str
    expires_at: datetime
    expiry_text: str
    send_by: datetime
    renew_at: datetime


class TokenSource(Protocol):
    """Something that signs. May raise `StorageError`."""

    def token(  # noqa: PLR0913 - all of it is named
        self,
        container: str,
        name: str,
        *,
        start: datetime,
        expiry: datetime,
        https_only: bool,
        permission: Permission = "r",
    ) -> str:
        """Sign a token for one blob, without a question mark."""


class AccountKeySource:
    """Signs with the account's key."""

    def __init__(self, account: str, key: Secret) -> None:
        self._account, self._key = account, key

    def token(  # noqa: PLR0913 - as in `TokenSource`
        self,
        container: str,
        name: str,
        *,
        start: datetime,
        expiry: datetime,
        https_only: bool,
        permission: Permission = "r",
    ) -> str:
        """See `TokenSource`."""
        return generate_blob_sas(
            self._account,
            container,
            name,
            account_key=self._key.reveal(),
            permission=BlobSasPermissions.from_string(permission),
            start=start,
            expiry=expiry,
            protocol="https" if https_only else None,
        )


class UserDelegationSource:
    """Signs with a user delegation key, which one request gets for almost a week."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._key: UserDelegationKey | None = None
        self._key_expiry: datetime | None = None

    def token(  # noqa: PLR0913 - as in `TokenSource`
        self,
        container: str,
        name: str,
        *,
        start: datetime,
        expiry: datetime,
        https_only: bool,
        permission: Permission = "r",
    ) -> str:
        """See `TokenSource`."""
        account = self._service.account_name
        if account is None:
            raise UnavailableError("read the account's name out of its address")
        return generate_blob_sas(
            account,
            container,
            name,
            user_delegation_key=self._current_key(start, expiry),
            permission=BlobSasPermissions.from_string(permission),
            start=start,
            expiry=expiry,
            protocol="https" if https_only else None,
        )

    def _current_key(self, start: datetime, expiry: datetime) -> UserDelegationKey:
        """Give the cached key, or a new one where a token would outlive it."""
        with self._lock:
            if self._key is None or self._key_expiry is None or self._key_expiry < expiry:
                until = start + KEY_LIFETIME
                with mapped("issue a user delegation key"):
                    self._key = self._service.get_user_delegation_key(start, until)
                self._key_expiry = until
            return self._key


class Signer:
    """Signs the tokens of one storage account.

    Args:
        base_location: The account's blob service.
        source: What signs.
        lifetime: How long a token lives from now.
        renew_before: How long before its expiry it is renewed.
    """

    def __init__(
        self, base_location: str, source: TokenSource, lifetime: timedelta, renew_before: timedelta
    ) -> None:
        self._base_location = f"{base_location.rstrip('/')}/"
        self._source = source
        self._lifetime, self._renew_before = lifetime, renew_before

    def sign(self, container: str, name: str, *, endpoint: str, now: datetime) -> SignedModel:
        """Sign a token for the blob *name*, which *endpoint* will be told."""
        now = now.replace(microsecond=0)  # a token counts in seconds
        jitter = (self._lifetime - self._renew_before) * RENEWAL_JITTER * _part_of(endpoint)
        expiry = now + self._lifetime
        token = self._source.token(
            container,
            name,
            start=now - BACK_DATED,
            expiry=expiry,
            https_only=self._https_only,
        )
        reference = self.reference(container, name, Secret(f"?{token}"))
        return SignedModel(
            reference=reference,
            blob=f"{container}/{name}",
            expires_at=expiry,
            expiry_text=parse_qs(token)["se"][0],
            send_by=expiry - min(_LEAST_AT_SENDING, self._lifetime / 2),
            renew_at=expiry - self._renew_before - jitter,
        )

    def unsigned(self, container: str, name: str) -> SignedModel:
        """Give the location of the blob *name* to an endpoint that has rights of its own."""
        return SignedModel(
            reference=self.reference(container, name, Secret("")),
            blob=f"{container}/{name}",
            expires_at=NEVER,
            expiry_text="",
            send_by=NEVER,
            renew_at=NEVER,
        )

    def taken(self, located: ResultLocation, *, endpoint: str, now: datetime) -> SignedModel:
        """Take a token that a training service gave, whatever lifetime it chose.

        Raises:
            ResultUnavailableError: It has expired already.
        """
        # How long it lived in all is not told; what remains now is what it is measured by.
        left = located.expires_at - now
        if left <= timedelta(0):
            raise ResultUnavailableError("token_expired", "its token has expired already")
        renew_before = min(self._renew_before, left * (self._renew_before / self._lifetime))
        jitter = (left - renew_before) * RENEWAL_JITTER * _part_of(endpoint)
        return SignedModel(
            reference=located.reference,
            blob=located.blob,
            expires_at=located.expires_at,
            expiry_text=located.expiry_text,
            send_by=located.expires_at - min(_LEAST_AT_SENDING, left / 2),
            renew_at=located.expires_at - renew_before - jitter,
        )

    def job_blob(
        self, container: str, name: str, permission: Permission, *, now: datetime, expiry: datetime
    ) -> BlobReference:
        """Sign a token for one input or output of a job, until the job's time is over."""
        token = self._source.token(
            container,
            name,
            start=now.replace(microsecond=0) - BACK_DATED,
            expiry=expiry.replace(microsecond=0),
            https_only=self._https_only,
            permission=permission,
        )
        return self.reference(container, name, Secret(f"?{token}"))

    @property
    def _https_only(self) -> bool:
        return self._base_location.startswith("https:") or not is_loopback(self._base_location)

    def reference(self, container: str, name: str, token: Secret) -> BlobReference:
        """Give the location of the blob *name* with *token*."""
        return BlobReference(self._base_location, relative_location(container, name), token)


def _part_of(endpoint: str) -> float:
    """Spread renewals, always earlier, and the same for the same endpoint."""
    return int.from_bytes(hashlib.sha256(endpoint.encode()).digest()[:2]) / 65536


def signer_of(service: BlobServiceClient, lifetime: timedelta, renew_before: timedelta) -> Signer:
    """Make the signer of an account: by its key where the client has one, else by identity."""
    key = getattr(service.credential, "account_key", None)
    source: TokenSource = (
        AccountKeySource(str(service.account_name), Secret(key))
        if key
        else UserDelegationSource(service)
    )
    return Signer(service.url, source, lifetime, renew_before)
