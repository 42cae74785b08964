"""The state store on real storage: what is listed, over many pages."""

import uuid

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from state.store import BlobStateStore

COUNT = 150


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """The addresses of the listings so far."""
    return []


@pytest.fixture(scope="module")
def store(azurite: Azurite, asked: list[str]) -> BlobStateStore:
    """A store of some blobs, beside others."""

    def note(request: object) -> None:
        sent = getattr(request, "http_request")  # noqa: B009 - the SDK gives no type to it
        if "comp=list" in sent.url:
            asked.append(sent.url)

    service = BlobServiceClient.from_connection_string(
        azurite.connection_string, raw_request_hook=note
    )
    made = BlobStateStore(service.get_container_client(f"test-{uuid.uuid4().hex}"))
    for number in range(COUNT):
        made.write(name(number), b"", etag=None, metadata={"number": str(number)})
    made.put("a-before")
    made.put("z-after")
    return made


def name(number: int) -> str:
    return f"made/{number:03}.json"


@pytest.mark.parametrize("after", [-1, 0, 18, 19, 20, 118, 119, 120, COUNT - 2, COUNT - 1])
def test_a_listing_shows_each_blob_once_whatever_page_it_is_on(
    store: BlobStateStore, after: int
) -> None:
    found = list(store.listed("made/", after=name(after) if after >= 0 else ""))

    assert [one.name for one in found] == [name(number) for number in range(after + 1, COUNT)]
    assert [one.metadata["number"] for one in found] == [
        str(number) for number in range(after + 1, COUNT)
    ]


def test_who_reads_the_first_few_asks_once_for_few_and_who_reads_all_asks_seldom(
    store: BlobStateStore, asked: list[str]
) -> None:
    """Invariant 9: an idle tick reads one short page, however much is due one day."""
    asked.clear()
    next(store.listed("made/"))

    assert ["maxresults=20&" in url for url in asked] == [True]
    asked.clear()

    assert len(list(store.listed("made/"))) == COUNT
    assert len(asked) == 3


def test_a_listing_of_no_container_is_empty(azurite: Azurite, container_name: str) -> None:
    service = BlobServiceClient.from_connection_string(azurite.connection_string)

    assert list(BlobStateStore(service.get_container_client(container_name)).listed("")) == []
