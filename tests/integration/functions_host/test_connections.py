"""Storage connections out of app settings."""

from collections.abc import Mapping

import pytest

from local_stack.functions_host.connections import ConnectionFaultError, storage_connection

KEY = "c2VjcmV0"
TEXT = f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY}"
URIS = {"S__blobServiceUri": "https://b/", "S__queueServiceUri": "https://q/"}


@pytest.mark.parametrize(
    ("settings", "blobs", "queue"),
    [
        (
            {"S": "UseDevelopmentStorage=true"},
            "http://127.0.0.1:10000/devstoreaccount1/",
            "http://127.0.0.1:10001/devstoreaccount1/q",
        ),
        (
            {"S": TEXT},
            "https://acct.blob.core.windows.net/",
            "https://acct.queue.core.windows.net/q",
        ),
        (
            {"AzureWebJobsS": TEXT},
            "https://acct.blob.core.windows.net/",
            "https://acct.queue.core.windows.net/q",
        ),
        (URIS, "https://b/", "https://q/q"),
        (
            {**URIS, "S__credential": "managedidentity", "S__clientId": "1"},
            "https://b/",
            "https://q/q",
        ),
        (
            {"S__accountName": "acct"},
            "https://acct.blob.core.windows.net/",
            "https://acct.queue.core.windows.net/q",
        ),
    ],
)
def test_each_form_leads_to_blobs_and_queues(
    settings: Mapping[str, str],
    blobs: str,
    queue: str,
) -> None:
    connection = storage_connection("S", settings)

    assert str(connection.blobs().url) == blobs
    assert connection.queue("q", base64=True).url == queue


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"S": ""},
        {"S": f"nonsense {KEY}"},
        {"S__blobServiceUri": "https://b/"},
        {"S__queueServiceUri": "https://q/"},
        {"S__blobServiceUri": "http://b/", "S__queueServiceUri": "http://q/"},
    ],
)
def test_an_incomplete_form_is_a_fault_that_names_the_setting_not_its_value(
    settings: Mapping[str, str],
) -> None:
    with pytest.raises(ConnectionFaultError, match="connection S") as caught:
        storage_connection("S", settings)

    assert KEY not in str(caught.value)


def test_a_connection_cannot_be_printed_with_its_key() -> None:
    assert KEY not in repr(storage_connection("S", {"S": TEXT}))
