"""What adding an endpoint tells of the service's answers."""

import json
from collections.abc import Mapping

import pytest

from protocols.classic_keys import ClassicKeys
from protocols.protocol import Refused, Unsettled
from protocols.studio_management import Present, StudioManagement
from protocols.wire import HttpAnswer
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.wire import CannedWire

TOKEN, KEY = Secret("the/workspace's+own=token"), Secret("k3y-of-the-endpoint")
ENDPOINT = ScoringEndpoint(
    name="census",
    protocol="studio-classic",
    keys=ClassicKeys(
        patch_url="https://studio.invalid/workspaces/w/webservices/s/endpoints/census",
        api_key=KEY,
    ),
)
SERVICE = {"DefaultEndpointName": ""}


def says(status: int, document: Mapping[str, object]) -> HttpAnswer:
    return HttpAnswer(status, {}, json.dumps(document).encode())


def created(*answers: HttpAnswer) -> Present | Refused | Unsettled:
    return StudioManagement(CannedWire(answers)).create(ENDPOINT, TOKEN)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_resource_that_is_called_like_a_secret_is_told_without_it(*, is_there: bool) -> None:
    """Invariant 6: the service echoes what it was sent, and the names are in an answer."""
    found = says(200, {"Resources": [{"Name": f"a {TOKEN.reveal()}"}, {"Name": KEY.reveal()}]})
    before = () if is_there else (says(404, {}), says(201, {}))

    present = created(says(200, SERVICE), *before, found)

    assert present == Present(created=not is_there, resources=("a <SECRET>", "<SECRET>"))
