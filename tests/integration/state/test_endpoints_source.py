"""The endpoints file as a blob, in real storage."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient, ExponentialRetry

from local_stack.azurite import Azurite
from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from settings.connection import Connection
from settings.secret import Secret
from state.clients import blob_service
from state.endpoints_source import LOOK_AGAIN_AFTER, BlobFolder, EndpointsSource
from state.storage_errors import UnavailableError
from tests.fakes.nobody import NOBODY
from tests.integration.app.raw_server import raw_server, says

FILE = "prod/endpoints.toml"
KEYS = {"KEY": "a-key"}
CENSUS = """
[endpoints.census]
patch_url = "https://management.example/census"
api_key = "%KEY%"
"""
TESTED = (
    CENSUS
    + """
[endpoints.census.smoke_test]
score_url = "https://services.example/execute"
request = "smoke/census.json"
expect = "ok"
"""
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now

    def pass_by(self, time: timedelta = LOOK_AGAIN_AFTER) -> None:
        """Let time pass."""
        self.now += time


@pytest.fixture
def service(azurite: Azurite) -> Iterator[BlobServiceClient]:
    """The client that the app makes of a connection string."""
    connection = Connection("StateStorage", connection_string=Secret(azurite.connection_string))
    with blob_service(connection) as client:
        yield client


@pytest.fixture
def container(service: BlobServiceClient, container_name: str) -> ContainerClient:
    """A container that is there."""
    return service.create_container(container_name)


def _source(container: ContainerClient, service: BlobServiceClient, now: Clock) -> EndpointsSource:
    return EndpointsSource(
        BlobFolder(service, container.container_name, FILE),
        "endpoints.toml",
        environ=KEYS,
        protocols={"studio-classic": read_classic_keys},
        trainings={"studio-classic": read_classic_service_keys},
        now=now,
    )


def test_file_and_request_are_read_beside_each_other(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    container.upload_blob(FILE, TESTED.encode())
    container.upload_blob("prod/smoke/census.json", b'{"Inputs": {}}')

    census = _source(container, service, Clock()).current().by_name["census"]

    assert census.faults == ()
    assert census.smoke_test is not None
    assert census.smoke_test.request == b'{"Inputs": {}}'


def test_a_file_at_the_top_of_its_container_is_found(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    container.upload_blob("endpoints.toml", CENSUS.encode())
    folder = BlobFolder(service, container.container_name, "endpoints.toml")

    assert folder.read("endpoints.toml") == CENSUS.encode()
    assert folder.version(Clock()()) is not None


def test_a_changed_blob_comes_into_force_at_the_next_look(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    now = Clock()
    container.upload_blob(FILE, CENSUS.encode())
    source = _source(container, service, now)
    first = source.current()

    container.upload_blob(FILE, CENSUS.replace("census", "credit").encode(), overwrite=True)
    now.pass_by(LOOK_AGAIN_AFTER - timedelta(seconds=1))
    within = source.current()
    now.pass_by(timedelta(seconds=1))
    after = source.current()

    assert within is first
    assert list(after.by_name) == ["credit"]


def test_a_blob_that_did_not_change_is_not_read_again(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    now = Clock()
    container.upload_blob(FILE, CENSUS.encode())
    source = _source(container, service, now)
    first = source.current()

    now.pass_by()

    assert source.current() is first


@pytest.mark.parametrize("content", [b"[endpoints", b"\xff", None], ids=["toml", "text", "gone"])
def test_the_last_good_blob_stays_in_force_and_the_mended_one_follows(
    container: ContainerClient, service: BlobServiceClient, content: bytes | None
) -> None:
    now = Clock()
    container.upload_blob(FILE, CENSUS.encode())
    source = _source(container, service, now)
    good = source.current()

    if content is None:
        container.delete_blob(FILE)
    else:
        container.upload_blob(FILE, content, overwrite=True)
    now.pass_by()
    kept, faults = source.current(), source.faults()
    container.upload_blob(FILE, CENSUS.replace("census", "credit").encode(), overwrite=True)
    now.pass_by()

    assert kept is good
    assert [fault.where for fault in faults] == ["ENDPOINTS_FILE"]
    assert list(source.current().by_name) == ["credit"]
    assert source.faults() == ()


def test_a_missing_request_is_a_fault_until_it_is_uploaded(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    now = Clock()
    container.upload_blob(FILE, TESTED.encode())
    source = _source(container, service, now)
    before = [str(fault) for fault in source.faults()]

    container.upload_blob("prod/smoke/census.json", b"{}")
    now.pass_by()

    assert before == ["endpoints.census.smoke_test.request: cannot be read: no such blob"]
    assert source.faults() == ()


def test_a_request_that_was_uploaded_anew_is_what_the_next_endpoint_worked_on_has(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    container.upload_blob(FILE, TESTED.encode())
    container.upload_blob("prod/smoke/census.json", b"{}")
    source = _source(container, service, Clock())
    before = source.endpoint("census")

    container.upload_blob("prod/smoke/census.json", b'{"edited": true}', overwrite=True)
    after = source.endpoint("census")

    assert before is not None
    assert after is not None
    assert [one.smoke_test and one.smoke_test.request for one in (before, after)] == [
        b"{}",
        b'{"edited": true}',
    ]


def test_a_request_is_found_from_where_the_file_is(
    container: ContainerClient, service: BlobServiceClient
) -> None:
    file = TESTED.replace("smoke/census.json", "../shared/./census.json")
    container.upload_blob(FILE, file.encode())
    container.upload_blob("shared/census.json", b"{}")

    assert _source(container, service, Clock()).faults() == ()


@pytest.mark.parametrize(
    "request_file",
    [
        "../../x.json",
        "..",
        "a\\\\b",
        "\\u0000",
        "\\n",
        "/etc/passwd",
        "n" * 2_000,
        "?#%2e%2e/x",
        "é😀",
    ],
)
def test_a_request_that_no_blob_can_be_called_is_a_fault_of_its_endpoint_alone(
    container: ContainerClient, service: BlobServiceClient, request_file: str
) -> None:
    """Invariant 10: what storage refuses to look for is no outage of storage."""
    other = CENSUS.replace("census", "credit")
    file = TESTED.replace("smoke/census.json", request_file).replace(
        "api_key", 'models = "a"\napi_key'
    )
    container.upload_blob(FILE, (file + other.replace("api_key", 'models = "b"\napi_key')).encode())

    endpoints = _source(container, service, Clock()).current()

    assert [one.where for one in endpoints.faults] == ["endpoints.census.smoke_test.request"]
    assert endpoints.by_name["credit"].faults == ()


def test_a_container_that_is_not_there_is_a_missing_file(
    service: BlobServiceClient, container_name: str
) -> None:
    missing = service.get_container_client(container_name)

    faults = _source(missing, service, Clock()).faults()

    assert [str(fault) for fault in faults] == ["ENDPOINTS_FILE: names a file that is not there"]


def test_storage_that_refuses_is_told_apart_from_a_missing_file(
    azurite: Azurite, container: ContainerClient
) -> None:
    """A wrong account key: nothing is known of the file, so it is no fault of the file."""
    container.upload_blob(FILE, CENSUS.encode())
    wrong = azurite.connection_string.replace(azurite.account_key, "d3Jvbmcta2V5")
    assert wrong != azurite.connection_string
    connection = Connection("StateStorage", connection_string=Secret(wrong))

    with blob_service(connection) as client:
        source = _source(container, client, Clock())
        with pytest.raises(UnavailableError) as failure:
            source.current()

    assert failure.value.status == 403
    assert "d3Jvbmcta2V5" not in str(failure.value)


def _folder(address: str) -> BlobFolder:
    """A folder in the storage at an address, asked once."""
    service = BlobServiceClient(
        f"{address}/account",
        credential={"account_name": "account", "account_key": "a2V5"},
        retry_policy=ExponentialRetry(retry_total=0),
    )
    return BlobFolder(service, "container", FILE)


@pytest.mark.parametrize("status", ["400 Bad Request", "409 Conflict", "410 Gone", "451 Legal"])
def test_a_4xx_about_one_blob_is_a_fault_of_that_file(status: str) -> None:
    with raw_server(says(status)) as server:
        with pytest.raises(OSError, match=f"storage answered {status[:3]}") as failure:
            _folder(server.url).read("smoke/census.json")

        assert failure.value.filename == "smoke/census.json"


@pytest.mark.parametrize(
    "status",
    [
        "401 Unauthorized",
        "403 Forbidden",
        "408 Request Timeout",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ],
)
def test_what_says_nothing_of_the_file_is_an_error_of_the_storage(status: str) -> None:
    with raw_server(says(status)) as server:
        with pytest.raises(UnavailableError) as failure:
            _folder(server.url).read("smoke/census.json")

        assert failure.value.status == int(status[:3])


def test_a_storage_that_is_not_there_is_an_error_of_the_storage() -> None:
    with pytest.raises(UnavailableError):
        _folder(NOBODY).read("smoke/census.json")
