"""A key may be named by its address in Key Vault; a token of the app goes to no other host."""

import pytest

from protocols.classic_keys import classic_keys, classic_service_keys
from settings.secret import Secret
from settings.vault_secret import UnreadKeyError, VaultSecret, vault_secret
from telemetry.redaction import redact
from tests.unit.settings.endpoints_text import KEYS, LEAST, WHOLE, changed, read

URI = "https://contoso.vault.azure.net/secrets/census-key"
VERSION = "4387e9f3d6e14c459867679a90fd0f79"


def _key(value: str, **settings: str) -> Secret:
    endpoints = read(changed(LEAST, "api_key", f'"{value}"'), environ=KEYS | settings)
    assert endpoints.faults == ()
    return classic_keys(endpoints.by_name["census"]).api_key


@pytest.mark.parametrize(
    ("written", "uri", "domain"),
    [
        (URI, URI, "vault.azure.net"),
        (f"{URI}/", URI, "vault.azure.net"),
        (f"{URI}/{VERSION}", f"{URI}/{VERSION}", "vault.azure.net"),
        (URI.replace("contoso.vault", "CONTOSO.Vault"), URI, "vault.azure.net"),
        (URI.replace(".net/", ".net:443/"), URI, "vault.azure.net"),
        (URI.replace(".net", ".cn"), URI.replace(".net", ".cn"), "vault.azure.cn"),
        (
            "https://a-b.vault.usgovcloudapi.net/secrets/x",
            "https://a-b.vault.usgovcloudapi.net/secrets/x",
            "vault.usgovcloudapi.net",
        ),
        (
            "http://127.0.0.1:8200/secrets/x",
            "http://127.0.0.1:8200/secrets/x",
            "vault.azure.net",
        ),
    ],
)
def test_the_address_of_a_secret_is_read(written: str, uri: str, domain: str) -> None:
    key = _key(written)

    assert isinstance(key, VaultSecret)
    assert (key.uri, key.domain) == (uri, domain)


def test_the_address_may_be_the_value_of_the_app_setting() -> None:
    key = _key("%CENSUS_API_KEY%", CENSUS_API_KEY=f" {URI} ")

    assert isinstance(key, VaultSecret)
    assert key.uri == URI


def test_a_training_services_key_and_a_workspaces_token_may_be_there_too() -> None:
    endpoints = read(WHOLE, environ=dict.fromkeys(KEYS, URI))

    assert endpoints.faults == ()
    service = endpoints.training_services["census"]
    assert isinstance(classic_service_keys(service).api_key, VaultSecret)
    assert isinstance(classic_keys(endpoints.by_name["census"]).workspace_token, VaultSecret)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/secrets/census-key",
        "https://contoso.vault.azure.net.evil.example/secrets/x",
        "https://evil.example/contoso.vault.azure.net/secrets/x",
        "https://vault.azure.net/secrets/x",
        "https://a.b.vault.azure.net/secrets/x",
        "https://contoso.vault.azure.net@evil.example/secrets/x",
        "https://user@contoso.vault.azure.net/secrets/x",
        "https://contoso.vault.azure.net:8443/secrets/x",
        "http://contoso.vault.azure.net/secrets/x",
        "http://evil.example/secrets/x",
        "https://contoso.vault.azure.net/keys/x",
        "https://contoso.vault.azure.net/secrets/",
        "https://contoso.vault.azure.net/secrets/../keys/x",
        "https://contoso.vault.azure.net/secrets/x/y/z",
        "https://contoso.vault.azure.net/secrets/x?api-version=7.4",
        "https://contoso.vault.azure.net/secrets/x#y",
        "ftp://contoso.vault.azure.net/secrets/x",
        "https://[::1/secrets/x",
    ],
)
@pytest.mark.parametrize("through_a_setting", [False, True])
def test_any_other_address_is_a_fault_of_that_endpoint_that_does_not_repeat_it(
    address: str, *, through_a_setting: bool
) -> None:
    """Invariant 7: keys go where configured, and so does what reads them."""
    other = LEAST.replace("[endpoints.census]", "[endpoints.credit]")
    text = f'{LEAST}models = "a"\n{other}models = "b"\n'
    value = "%OTHER%" if through_a_setting else address
    environ = {**KEYS, "OTHER": address}

    endpoints = read(changed(text, "api_key", f'"{value}"'), environ=environ)

    assert [fault.where for fault in endpoints.faults] == ["endpoints.census.api_key"]
    assert "Key Vault" in endpoints.faults[0].what
    assert address not in str(endpoints.faults[0])
    assert endpoints.by_name["credit"].faults == ()


def test_a_reference_that_the_platform_did_not_resolve_is_no_key() -> None:
    """App Service leaves `@Microsoft.KeyVault(…)` as it is where it cannot read the secret."""
    environ = {"CENSUS_API_KEY": f"@Microsoft.KeyVault(SecretUri={URI})"}

    endpoints = read(LEAST, environ=environ)

    assert [str(fault) for fault in endpoints.faults] == [
        (
            "endpoints.census.api_key: names the app setting CENSUS_API_KEY, which holds a Key "
            "Vault reference that the platform could not resolve"
        )
    ]


def test_a_key_that_was_not_read_is_not_sent_as_an_empty_one() -> None:
    with pytest.raises(UnreadKeyError):
        vault_secret(URI).reveal()


def test_each_value_that_was_read_is_masked_also_after_a_rotation() -> None:
    key = vault_secret(URI)
    before = redact("old-value new-value", [key])

    key.was_read(Secret("old-value"))
    key.was_read(Secret("new-value"))

    assert before == "old-value new-value"
    assert redact("old-value new-value", [key]) == "<SECRET> <SECRET>"
    assert (key.reveal(), str(key)) == ("new-value", "<SECRET>")


def test_two_of_one_address_are_equal_whatever_was_read() -> None:
    one, other = vault_secret(URI), vault_secret(f"{URI}/")
    one.was_read(Secret("value"))

    assert one == other
    assert one != vault_secret(f"{URI}2")
