"""Azurite judges tokens that were signed with the key of an identity: it is no rubber stamp."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity

PROGRAM = Path(__file__).with_name("identity_program.py")


@pytest.fixture(scope="module")
def urls(azurite_oauth: Azurite, identity: ManagedIdentity) -> dict[str, str]:
    """URLs signed by a process that has nothing but the identity."""
    container = f"test-{uuid.uuid4().hex}"
    answer = subprocess.run(
        [sys.executable, str(PROGRAM), azurite_oauth.blob_service_uri, container],
        env=identity.environ | azurite_oauth.environ("ModelStorage"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    signed: dict[str, str] = json.loads(answer.stdout)
    return signed


def test_a_user_delegation_token_reads_its_blob(
    azurite_oauth: Azurite, urls: dict[str, str]
) -> None:
    response = requests.get(urls["fresh"], verify=str(azurite_oauth.ca_file), timeout=10)

    assert (response.status_code, response.content) == (200, b"model")


def test_a_read_token_writes_nothing(azurite_oauth: Azurite, urls: dict[str, str]) -> None:
    response = requests.put(
        urls["fresh"],
        b"overwritten",
        headers={"x-ms-blob-type": "BlockBlob"},
        verify=str(azurite_oauth.ca_file),
        timeout=10,
    )

    assert response.status_code == 403
    assert response.headers["x-ms-error-code"] == "AuthorizationPermissionMismatch"


@pytest.mark.parametrize("name", ["stale", "other"])
def test_an_expired_token_and_another_blob_are_refused(
    azurite_oauth: Azurite, urls: dict[str, str], name: str
) -> None:
    response = requests.get(urls[name], verify=str(azurite_oauth.ca_file), timeout=10)

    assert response.status_code == 403


def test_a_tampered_signature_is_refused(azurite_oauth: Azurite, urls: dict[str, str]) -> None:
    forged = urls["fresh"].replace("sig=", "sig=A")

    response = requests.get(forged, verify=str(azurite_oauth.ca_file), timeout=10)

    assert response.status_code == 403


def test_the_certificate_is_not_trusted_by_chance(urls: dict[str, str]) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(urls["fresh"], timeout=10)
