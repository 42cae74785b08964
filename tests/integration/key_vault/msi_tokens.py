"""Tokens of the local managed identity, without azure-identity's look at the environment."""

import requests

from local_stack.identity import ManagedIdentity
from protocols.identity import IdentityError
from settings.secret import Secret


class MsiTokens:
    """See `protocols.identity.Identity`.

    Attributes:
        is_there: Whether there is an identity.
        asked: The scopes that were asked for.
    """

    def __init__(self, identity: ManagedIdentity) -> None:
        self._environ = identity.environ
        self.is_there = True
        self.asked: list[str] = []

    def token(self, scope: str) -> Secret:
        """See `Identity`."""
        self.asked.append(scope)
        if not self.is_there:
            raise IdentityError("the app's identity gets no token (CredentialUnavailableError)")
        resource = scope.removesuffix("/.default")
        answer = requests.get(
            self._environ["IDENTITY_ENDPOINT"],
            params={"resource": resource, "api-version": "2019-08-01"},
            headers={"X-IDENTITY-HEADER": self._environ["IDENTITY_HEADER"]},
            timeout=10,
        )
        return Secret(answer.json()["access_token"])
