"""Storage connections, in every form that the design names."""

import pytest

from settings.connection import is_configured, is_loopback, is_safe_url, read_connection
from state.clients import blob_service

KEY = "c2VjcmV0LWtleS1vZi1jZW5zdXM="
BY_KEY = f"DefaultEndpointsProtocol=https;AccountName=census;AccountKey={KEY}"
LOCAL = "BlobEndpoint=http://127.0.0.1:10000/census"
BLOBS = "https://census.blob.core.windows.net"
QUEUES = "https://census.queue.core.windows.net"


def _faults(environ: dict[str, str], *, for_trigger: bool = True) -> dict[str, str]:
    connection, faults = read_connection(environ, "ModelStorage", for_trigger=for_trigger)
    assert (connection is None) == bool(faults)
    return {fault.where: fault.what for fault in faults}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1"),
        (" usedevelopmentstorage = True; ", "http://127.0.0.1:10000/devstoreaccount1"),
        (BY_KEY, BLOBS),
        (f"{BY_KEY};", BLOBS),
        (f" {BY_KEY.replace(';', ' ; ')} ", BLOBS),
        (BY_KEY.replace("AccountName", "accountname"), BLOBS),
        (f"{BY_KEY};EndpointSuffix=core.chinacloudapi.cn", "https://census.blob.core.chinacloudapi.cn"),
        (f"{BY_KEY.replace('https', 'http', 1)};{LOCAL}", "http://127.0.0.1:10000/census"),
        (f"{BY_KEY};BlobEndpoint=https://models.example/census", "https://models.example/census"),
    ],
)  # fmt: skip
def test_a_connection_string_leads_to_its_blob_service(text: str, address: str) -> None:
    connection, faults = read_connection({"ModelStorage": text}, "ModelStorage", for_trigger=True)

    assert faults == []
    assert connection is not None
    with blob_service(connection) as service:
        assert service.url.rstrip("/") == address
        assert service.credential.account_key


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("AccountName=census", "is no connection string with AccountName and AccountKey"),
        (f"AccountKey={KEY}", "is no connection string with AccountName and AccountKey"),
        ("AccountName=census;AccountKey=", "is no connection string with AccountName and"),
        ("AccountName= ;AccountKey=k", "is no connection string with AccountName and"),
        (f"BlobEndpoint={BLOBS};SharedAccessSignature=sv=1", "is no connection string with"),
        ("  ", "is no connection string with AccountName and AccountKey"),
        ("nonsense", "is no connection string with AccountName and AccountKey"),
        (f"{BY_KEY};nonsense", "a part between semicolons is not name=value"),
        ("AccountName=census;AccountKey=not base64", "has an AccountKey that is not base64"),
        (BY_KEY[:-2], "has an AccountKey that is not base64"),
        (f"{BY_KEY};BlobEndpoint=http://models.example", "neither https nor on this machine"),
        (f"{BY_KEY};BlobEndpoint=https://u:p@models.example", "neither https nor on this machine"),
        (f"{BY_KEY};BlobEndpoint=http://[", "neither https nor on this machine"),
        (
            f"{BY_KEY};BlobSecondaryEndpoint={BLOBS}",
            "a BlobSecondaryEndpoint needs a BlobEndpoint",
        ),
        (BY_KEY.replace("=census", "=["), "that the storage library can read"),
        (f"{BY_KEY};EndpointSuffix=]", "that the storage library can read"),
        (BY_KEY.replace("https", "http"), "must say DefaultEndpointsProtocol=https"),
        (BY_KEY.replace("Default", "default").replace("https", "HTTP"), "must say Default"),
    ],
)
def test_a_connection_string_that_cannot_sign_safely_is_a_fault(text: str, what: str) -> None:
    faults = _faults({"ModelStorage": text})

    assert list(faults) == ["ModelStorage"]
    assert what in faults["ModelStorage"]


@pytest.mark.parametrize(
    ("parts", "for_trigger", "managed", "client_id"),
    [
        ({"blobServiceUri": BLOBS, "queueServiceUri": QUEUES}, True, False, None),
        (
            {
                "blobServiceUri": f"{BLOBS}/",
                "queueServiceUri": QUEUES,
                "credential": "managedidentity",
                "clientId": "a1b2",
            },
            True,
            True,
            "a1b2",
        ),
        ({"blobServiceUri": BLOBS}, False, False, None),
        ({"serviceUri": BLOBS}, False, False, None),
        ({"accountName": "census", "credential": "ManagedIdentity"}, False, True, None),
    ],
)
def test_an_identity_is_read_from_its_parts(
    parts: dict[str, str], *, for_trigger: bool, managed: bool, client_id: str | None
) -> None:
    environ = {f"ModelStorage__{part}": value for part, value in parts.items()}

    connection, faults = read_connection(environ, "ModelStorage", for_trigger=for_trigger)

    assert faults == []
    assert connection is not None
    assert connection.connection_string is None
    assert connection.blob_service_uri == BLOBS
    assert (connection.managed_identity, connection.client_id) == (managed, client_id)


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ({}, ["ModelStorage"]),
        ({"queueServiceUri": QUEUES}, ["ModelStorage"]),
        ({"serviceUri": BLOBS, "queueServiceUri": QUEUES}, ["ModelStorage"]),
        ({"accountName": "census", "queueServiceUri": QUEUES}, ["ModelStorage"]),
        ({"blobServiceUri": BLOBS}, ["ModelStorage__queueServiceUri"]),
        (
            {"blobServiceUri": "http://127.0.0.1:10000/x", "queueServiceUri": QUEUES},
            ["ModelStorage__blobServiceUri"],
        ),
        (
            {"blobServiceUri": "https://[", "queueServiceUri": QUEUES},
            ["ModelStorage__blobServiceUri"],
        ),
        (
            {"blobServiceUri": f"{BLOBS}?sv=1&sig=abc", "queueServiceUri": QUEUES},
            ["ModelStorage__blobServiceUri"],
        ),
        (
            {"blobServiceUri": "census", "credential": "password"},
            [
                "ModelStorage__blobServiceUri",
                "ModelStorage__queueServiceUri",
                "ModelStorage__credential",
            ],
        ),
    ],
)
def test_a_trigger_says_every_part_that_its_identity_lacks(
    parts: dict[str, str], where: list[str]
) -> None:
    environ = {f"ModelStorage__{part}": value for part, value in parts.items()}

    assert list(_faults(environ)) == where


def test_an_account_name_that_makes_no_address_is_a_fault() -> None:
    faults = _faults({"ModelStorage__accountName": "[census"}, for_trigger=False)

    assert list(faults) == ["ModelStorage__blobServiceUri"]


def test_a_connection_string_goes_before_an_identity() -> None:
    environ = {"ModelStorage": BY_KEY, "ModelStorage__blobServiceUri": BLOBS}

    connection, _ = read_connection(environ, "ModelStorage", for_trigger=True)

    assert connection is not None
    assert connection.connection_string is not None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"StateStorage": BY_KEY}, True),
        ({"StateStorage__accountName": "census"}, True),
        ({"StateStorage": ""}, False),
        ({"StateStorage__accountName": ""}, False),
        ({"StateStorage2": BY_KEY}, False),
        ({}, False),
    ],
)
def test_a_connection_is_configured_where_any_part_of_it_is_set(
    environ: dict[str, str], *, expected: bool
) -> None:
    assert is_configured(environ, "StateStorage") == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example/execute?api-version=2.0&details=true",
        "https://models.example:8443",
        "http://127.0.0.1:8090/a",
        "http://localhost/a",
        "http://LOCALHOST/a",
        "http://[::1]:8090/a",
    ],
)
def test_https_anywhere_and_http_to_this_machine_are_safe(url: str) -> None:
    assert is_safe_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://models.example",
        "http://127.0.0.1.models.example",
        "http://localhost.models.example",
        "http://localhost@models.example",
        "http://localhost\\@models.example",
        "http://127.0.0.2",
        "https://user@models.example",
        "https://user:word@models.example",
        "https://models.example/#part",
        "https://models.example:65536",
        "https://",
        "https:///path",
        "https://[::1",
        "ftp://models.example",
        "file:///etc/hosts",
        "//models.example",
        "models.example",
        "",
    ],
)
def test_no_other_address_is_safe(url: str) -> None:
    assert not is_safe_url(url)


def test_only_this_machine_is_loopback() -> None:
    assert is_loopback("http://127.0.0.1:10000")
    assert not is_loopback("http://169.254.169.254")
