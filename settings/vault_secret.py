"""A key that is kept in Key Vault: its address, and the values that were read there."""

import re
from typing import Final, override
from urllib.parse import urlsplit

from settings.connection import is_loopback, is_safe_url
from settings.secret import Secret

# The clouds' own names, as their documents give them. A token of the app's identity goes to no
# other host, whoever may edit the endpoints file.
VAULT_DOMAINS: Final = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net")
_VAULT: Final = re.compile(rf"[a-z0-9-]{{3,24}}\.({'|'.join(map(re.escape, VAULT_DOMAINS))})")
_PATH: Final = re.compile(r"/secrets/[0-9A-Za-z-]{1,127}(?:/[0-9A-Za-z]{1,64})?")
_FORM: Final = "https://<vault>.vault.azure.net/secrets/<name>, with or without /<version>"


class UnreadKeyError(Exception):
    """A key of Key Vault was to be used before it was read."""


class VaultSecret(Secret):
    """A key in Key Vault. It is read by whoever sends it (`protocols/wire.py`).

    Attributes:
        uri: Where it is: no secret.
        domain: The cloud's domain of vaults, which tokens are issued for.
    """

    __slots__ = ("_values", "domain", "uri")

    def __init__(self, uri: str, domain: str) -> None:
        super().__init__(uri)
        self.uri, self.domain = uri, domain
        self._values: tuple[str, ...] = ()

    @property
    def vault(self) -> str:
        """The vault's host."""
        return urlsplit(self.uri).netloc

    def was_read(self, value: Secret) -> None:
        """Note a value that it has now; those before it stay known, as an answer may repeat one."""
        raw = value.reveal()
        if self._values[-1:] != (raw,):
            self._values = (*(one for one in self._values if one != raw), raw)

    @override
    def reveal(self) -> str:
        """Give the value that was read last, for the wire alone.

        Raises:
            UnreadKeyError: It was not read yet.
        """
        if not self._values:
            raise UnreadKeyError("a key of Key Vault is read before it is sent")
        return self._values[-1]

    @override
    def known(self) -> tuple[str, ...]:
        """Give every value that was read."""
        return self._values


def is_like_address(text: str) -> bool:
    """Say whether *text* is meant to be an address rather than a key or a setting's name."""
    return "://" in text


def vault_secret(address: str) -> VaultSecret:
    """Read the address of a secret.

    Raises:
        ValueError: It is none; the message does not repeat it.
    """
    if not is_safe_url(address):
        raise ValueError(f"must be the https address of a secret in Key Vault: {_FORM}")
    parts = urlsplit(address)
    path = parts.path.rstrip("/")  # the portal shows one without a version with a slash at its end
    if parts.query or _PATH.fullmatch(path) is None:
        raise ValueError(f"is no address of a secret in Key Vault: {_FORM}")
    host = (parts.hostname or "").lower()
    found = _VAULT.fullmatch(host)
    if is_loopback(address):
        return VaultSecret(f"{parts.scheme}://{parts.netloc}{path}", VAULT_DOMAINS[0])
    if found is None or parts.scheme != "https" or parts.port not in {None, 443}:
        listed = ", ".join(VAULT_DOMAINS)
        raise ValueError(f"names a host that is no Key Vault: <vault> and one of {listed}")
    return VaultSecret(f"https://{host}{path}", found[1])
