"""Tokens of the app's own identity, for services that take no key."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from azure.core.exceptions import AzureError

from settings.secret import Secret

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class IdentityError(Exception):
    """There is no token: no identity, or whoever gives tokens does not answer."""


class Identity(Protocol):
    """What gives tokens for services that take no key."""

    def token(self, scope: str) -> Secret:
        """Give a token for *scope*; raises `IdentityError`."""


class AppIdentity:
    """The app's identity. Tokens are cached by azure-identity; safe to use from several threads.

    Args:
        make: Makes the credential; called at the first token, as azure-identity costs 130 ms.
    """

    def __init__(self, make: "Callable[[], TokenCredential]") -> None:
        self._make = make

    @cached_property
    def _credential(self) -> "TokenCredential":
        return self._make()

    def token(self, scope: str) -> Secret:
        """Give a token for *scope*, as in `https://vault.azure.net/.default`.

        Raises:
            IdentityError: There is none.
        """
        try:
            return Secret(self._credential.get_token(scope).token)
        except AzureError as error:
            # Its text lists what was tried, over many lines: that is for `make doctor`.
            raise IdentityError(f"the app's identity gets no token ({type(error).__name__})") from (
                None
            )
