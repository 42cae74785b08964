"""The bytes of a model never enter the worker: a huge one costs what a small one costs."""

import base64
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from azure.storage.blob import BlobBlock

from bench.memory import peak_of
from local_stack.azurite import Azurite
from local_stack.ml_service.model_file import Model
from tests.e2e.deployment import Deployment, deployment, wait_for_event

MIB = 1024 * 1024
BLOCK = 10 * MIB
BLOCKS = 50
NAME = "a.ilearner"
ALLOWED = 8 * MIB
# Bytes after the line with the model are not read: a model may be as long as it likes.
SMALL = (
    Model(
        columns=("pixel_0_0",),
        label="label",
        classes=("0", "1"),
        means=(0.0,),
        scales=(1.0,),
        coefficients=((1.0,), (-1.0,)),
        intercepts=(0.0, 0.0),
        trained_rows=2,
    )
    .dump()
    .ljust(1024, b"\0")
)


@pytest.fixture
def on_disk(tmp_path: Path, container_name: str) -> Iterator[Deployment]:
    """Like `deployed`, with storage on the disk."""
    data = tmp_path / "azurite"
    data.mkdir()
    with (
        Azurite.start(location=data) as azurite,
        deployment(azurite, container_name, tmp_path) as made,
    ):
        yield made


@pytest.mark.skipif(sys.platform != "linux", reason="a process's peak is read from /proc")
@pytest.mark.timeout(300)
def test_a_model_of_500_mb_takes_no_more_memory_than_one_of_1_kb(on_disk: Deployment) -> None:
    on_disk.put(NAME, SMALL)
    small = peak_of_a_fresh_host(on_disk)
    size = grow(on_disk, SMALL)

    large = peak_of_a_fresh_host(on_disk)

    assert size > 500_000_000
    assert len(on_disk.patches()) == 2
    assert abs(large - small) <= ALLOWED, f"{small / MIB:.1f} MiB, {large / MIB:.1f} MiB"


def peak_of_a_fresh_host(deployed: Deployment) -> int:
    """The most memory that a new host ever held, in bytes, once it has deployed a model."""
    with deployed.host(**{"AzureWebJobs.watch.Disabled": "true"}) as host:
        wait_for_event(host, "patch.accepted", timedelta(seconds=60))
        wait_for_event(host, "function.succeeded")
        return peak_of(host.pid)


def grow(deployed: Deployment, model: bytes) -> int:
    """Overwrite the model by itself and 500 MB that follow it; its length in bytes."""
    padding = bytes(BLOCK)
    with deployed.models() as models:
        blob = models.get_blob_client(NAME)
        blocks = [BlobBlock(base64.b64encode(b"%04d" % number).decode()) for number in range(2)]
        blob.stage_block(blocks[0].id, model)
        blob.stage_block(blocks[1].id, padding)
        blob.commit_block_list([blocks[0], *[blocks[1]] * BLOCKS])
        return int(blob.get_blob_properties().size)
