"""Patterns, routes and receipts: names in, names out."""

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.functions_host.blob_event import BlobEvent
from local_stack.functions_host.blob_path import BlobPathError, parse_blob_path
from local_stack.functions_host.receipts import Receipts
from local_stack.functions_host.route import RouteError, parse_route

ACCOUNT = BlobServiceClient("http://127.0.0.1:1/account")


@pytest.mark.parametrize(
    ("path", "name", "tokens"),
    [
        ("c/{name}.ilearner", "a/b.ilearner", {"name": "a/b"}),
        ("c/{name}.ilearner", "a.ilearner.csv", None),
        ("c/{name}.ilearner", "new\nline.ilearner", {"name": "new\nline"}),
        ("c/{dir}/{name}.onnx", "x/y.onnx", {"dir": "x", "name": "y"}),
        ("c/a.b", "axb", None),
        ("c/{{{name}}}", "{x}", {"name": "x"}),
        ("c", "anything/at all", {"name": "anything/at all"}),
    ],
)
def test_a_path_pattern_takes_the_blobs_it_means(
    path: str,
    name: str,
    tokens: dict[str, str] | None,
) -> None:
    assert parse_blob_path(path).tokens(name) == tokens


@pytest.mark.parametrize("path", ["{c}/x", "c/{name", "c/name}", "c/{a}{a}", "", "C/x", "/x"])
def test_a_faulty_path_pattern_is_refused(path: str) -> None:
    with pytest.raises(BlobPathError, match="blob path"):
        parse_blob_path(path)


def test_the_literal_start_of_a_pattern_narrows_the_listing() -> None:
    assert parse_blob_path("c/census/{{x}}/{name}.csv").prefix == "census/{x}/"
    assert parse_blob_path("c/one.csv").prefix == "one.csv"


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("api/jobs/{job}", "/api/jobs/1", {"job": "1"}),
        ("api/jobs/{job}", "/api/jobs/1/", {"job": "1"}),
        ("api/jobs/{job}", "/api/jobs", None),
        ("api/jobs/{job?}", "/api/jobs", {}),
        ("api/jobs/{job}", "/api/jobs/1/2", None),
        ("api/{*rest}", "/api/a/b", {"rest": "a/b"}),
    ],
)
def test_a_route_takes_the_paths_it_means(
    template: str,
    path: str,
    parameters: dict[str, str] | None,
) -> None:
    assert parse_route(template).match(path) == parameters


@pytest.mark.parametrize("template", ["a/{id:int}", "a-{id}", "{a?}/b", "admin/x", "runtime"])
def test_a_route_that_the_host_cannot_serve_is_refused(template: str) -> None:
    with pytest.raises(RouteError, match="route"):
        parse_route(template)


def test_a_receipt_is_named_after_host_function_version_and_blob() -> None:
    receipts = Receipts(ACCOUNT, "host", "Host.Functions.landed")

    name = receipts.name(BlobEvent("models", "a b/é.ilearner", "0x1"))

    assert name == "blobreceipts/host/Host.Functions.landed/0x1/models/a b/é.ilearner"


@pytest.mark.parametrize("blob", ["x" * 1000, "🙂" * 600, "ends with a dot.", "folder/"])
def test_a_name_that_no_receipt_can_carry_is_hashed(blob: str) -> None:
    receipts = Receipts(ACCOUNT, "host", "Host.Functions.landed")

    name = receipts.name(BlobEvent("models", blob, "0x1"))

    assert name.startswith("blobreceipts/host/Host.Functions.landed/0x1/models/sha256-")
    assert len(name) < 200
    assert name != receipts.name(BlobEvent("models", f"{blob}x", "0x1"))
