"""Identities of an app that no cloud knows."""

from protocols.identity import IdentityError
from settings.secret import Secret


class MemoryIdentity:
    """See `protocols.identity.Identity`. A token names what it is for.

    Attributes:
        is_there: Whether there is an identity.
        asked: The scopes that were asked for.
    """

    def __init__(self) -> None:
        self.is_there = True
        self.asked: list[str] = []

    def token(self, scope: str) -> Secret:
        """See `Identity`."""
        self.asked.append(scope)
        if not self.is_there:
            raise IdentityError("the app's identity gets no token (CredentialUnavailableError)")
        return Secret(f"token-of-the-app-for-{scope}")
