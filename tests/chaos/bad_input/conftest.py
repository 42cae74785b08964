"""What the attacks by bad input share."""

import uuid
from collections.abc import Iterator

import pytest

from local_stack.azurite import Azurite
from tests.chaos.bad_input.site import Site, site


@pytest.fixture(scope="module")
def running(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running app; nothing in its log may be an error that nobody foresaw."""
    container = f"bad-input-{uuid.uuid4().hex[:8]}"
    with site(azurite, container, tmp_path_factory.mktemp("bad-input")) as made:
        yield made
