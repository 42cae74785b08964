"""Keys are read out of Key Vault on the wire, kept, and read again when one is refused."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from local_stack.key_vault import KeyVault
from protocols.vault import SILENT_FOR, Vault
from protocols.wire import KeyUnavailableError, Wire
from settings.secret import Secret
from settings.vault_secret import VaultSecret, vault_secret
from tests.fakes.nobody import NOBODY
from tests.integration.key_vault.keyed_endpoint import keyed_endpoint
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock

LIMIT = timedelta(seconds=10)
SOON = timedelta(seconds=2)  # for who waits in vain


@pytest.fixture
def keys(tokens: MsiTokens, clock: DrivenClock) -> Vault:
    return Vault(Wire(LIMIT), tokens, clock)


def _code(keys: Vault, key: VaultSecret) -> str:
    with pytest.raises(KeyUnavailableError) as failure:
        keys.current(key)
    assert not failure.value.sent
    return failure.value.code


def test_a_secret_is_read_once_with_a_token_for_vaults(
    vault: KeyVault, keys: Vault, tokens: MsiTokens
) -> None:
    key = vault_secret(vault.put("census", "the-key"))

    first, second = keys.current(key), keys.current(key)

    assert first == second == Secret("the-key")
    assert key.reveal() == "the-key"
    assert vault.reads == ["/secrets/census"]
    assert tokens.asked == ["https://vault.azure.net/.default"]


def test_a_version_that_is_named_stays_that_version(vault: KeyVault, keys: Vault) -> None:
    vault.put("census", "first")
    pinned = vault_secret(vault.version("census"))
    vault.put("census", "second")

    assert keys.current(pinned) == Secret("first")
    assert keys.current(vault_secret(f"{vault.url}/secrets/census")) == Secret("second")


def _disabled(vault: KeyVault) -> None:
    vault.disable("census")


def _no_role(vault: KeyVault) -> None:
    vault.lets_in = False


def _failing(vault: KeyVault) -> None:
    vault.broken = 503


def _no_key(vault: KeyVault) -> None:
    vault.put("census", "two\nlines")


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (_disabled, "key_missing"),
        (_no_role, "vault_forbidden"),
        (_failing, "vault_unavailable"),
        (_no_key, "key_unusable"),
    ],
    ids=["disabled", "no role", "failing", "no key"],
)
def test_each_trouble_has_its_name(
    vault: KeyVault, keys: Vault, trouble: Callable[[KeyVault], None], code: str
) -> None:
    key = vault_secret(vault.put("census", "the-key"))
    trouble(vault)

    assert _code(keys, key) == code


def test_a_secret_that_is_missing_is_found_once_it_is_there(vault: KeyVault, keys: Vault) -> None:
    key = vault_secret(f"{vault.url}/secrets/census")
    before = _code(keys, key)

    vault.put("census", "the-key")

    assert before == "key_missing"
    assert keys.current(key) == Secret("the-key")


def test_without_an_identity_nothing_is_asked(
    vault: KeyVault, keys: Vault, tokens: MsiTokens
) -> None:
    tokens.is_there = False

    assert _code(keys, vault_secret(vault.put("census", "the-key"))) == "no_identity"
    assert vault.reads == []


def test_a_token_for_something_else_is_refused(
    vault: KeyVault, tokens: MsiTokens, clock: DrivenClock
) -> None:
    """The local vault judges tokens: the audience that the app asks for is the right one."""

    class OfStorage(MsiTokens):
        def token(self, scope: str) -> Secret:
            del scope
            return tokens.token("https://storage.azure.com/.default")

    keys = Vault(Wire(LIMIT), OfStorage.__new__(OfStorage), clock)

    assert _code(keys, vault_secret(vault.put("census", "the-key"))) == "vault_forbidden"


def test_a_silent_vault_is_asked_once_for_all_its_keys_and_again_later(
    vault: KeyVault, tokens: MsiTokens, clock: DrivenClock
) -> None:
    """Hundreds of endpoints of one vault do not each wait for it in the same tick."""
    keys = Vault(Wire(SOON), tokens, clock)
    first, second = (vault_secret(vault.put(name, name)) for name in ("one", "two"))
    vault.answering.clear()
    silent = _code(keys, first)
    vault.answering.set()

    at_once = _code(keys, second)
    clock.advance(seconds=SILENT_FOR.total_seconds())

    assert (silent, at_once) == ("vault_unavailable", "vault_unavailable")
    assert keys.current(second) == Secret("two")


def test_a_vault_that_is_not_there_says_nothing_of_another(vault: KeyVault, keys: Vault) -> None:
    gone = vault_secret(f"{NOBODY}/secrets/census")

    assert _code(keys, gone) == "vault_unavailable"
    assert keys.current(vault_secret(vault.put("census", "the-key"))) == Secret("the-key")


def test_a_get_with_a_rotated_key_is_repeated_at_once_with_the_new_one(
    vault: KeyVault, keys: Vault
) -> None:
    key = vault_secret(vault.put("census", "old"))
    wire = Wire(LIMIT).with_keys(keys)
    with keyed_endpoint("old") as endpoint:
        wire.send("GET", endpoint.url, key=key)
        endpoint.key = "new"
        vault.put("census", "new")
        answer = wire.send("GET", endpoint.url, key=key)

    assert answer.status == 200
    assert endpoint.calls == [("GET", 200), ("GET", 401), ("GET", 200)]


def test_a_patch_with_a_rotated_key_is_left_to_the_next_try(vault: KeyVault, keys: Vault) -> None:
    """A PATCH has an instant after which it is not sent, which the wire does not know."""
    key = vault_secret(vault.put("census", "old"))
    wire = Wire(LIMIT).with_keys(keys)
    with keyed_endpoint("new") as endpoint:
        keys.current(key)
        vault.put("census", "new")
        with pytest.raises(KeyUnavailableError) as failure:
            wire.send("PATCH", endpoint.url, key=key, body=b"{}")
        answer = wire.send("PATCH", endpoint.url, key=key, body=b"{}")

    assert (failure.value.code, answer.status) == ("key_rotated", 200)
    assert endpoint.calls == [("PATCH", 401), ("PATCH", 200)]


def test_a_key_that_is_refused_and_was_not_rotated_is_read_once_and_not_sent_again(
    vault: KeyVault, keys: Vault
) -> None:
    key = vault_secret(vault.put("census", "wrong"))
    wire = Wire(LIMIT).with_keys(keys)
    with keyed_endpoint("right") as endpoint:
        answer = wire.send("PATCH", endpoint.url, key=key, body=b"{}")

    assert answer.status == 401
    assert endpoint.calls == [("PATCH", 401)]
    assert vault.reads == ["/secrets/census"] * 2


def test_what_reads_no_vault_sends_nothing(vault: KeyVault) -> None:
    key = vault_secret(vault.put("census", "the-key"))
    with keyed_endpoint("the-key") as endpoint, pytest.raises(KeyUnavailableError):
        Wire(LIMIT).send("GET", endpoint.url, key=key)

    assert endpoint.calls == []


def test_a_key_that_comes_late_is_kept_for_the_next_try(vault: KeyVault, tokens: MsiTokens) -> None:
    """A PATCH has an instant after which it is not sent; the reading of its key counts."""
    key = vault_secret(vault.put("census", "the-key"))
    limit = timedelta(milliseconds=500)

    class Late(MsiTokens):
        def token(self, scope: str) -> Secret:
            threading.Event().wait(2 * limit.total_seconds())
            return tokens.token(scope)

    keys = Vault(Wire(LIMIT), Late.__new__(Late), DrivenClock())
    wire = Wire(key_limit=limit).with_keys(keys)
    with keyed_endpoint("the-key") as endpoint:
        with pytest.raises(KeyUnavailableError, match="late"):
            wire.send("PATCH", endpoint.url, key=key, body=b"{}")
        answer = wire.send("PATCH", endpoint.url, key=key, body=b"{}")

    assert answer.status == 200
    assert endpoint.calls == [("PATCH", 200)]
