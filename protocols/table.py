"""The protocols that endpoints can speak. Adding one is a module of its own and a line here."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from protocols import studio_classic
from protocols.azureml_online import azureml_online
from protocols.azureml_online.keys import read_azureml_keys
from protocols.classic_keys import read_classic_keys
from protocols.http_server import http_server
from protocols.http_server.keys import read_http_keys
from protocols.identity import Identity
from protocols.protocol import ScoringProtocol
from protocols.wire import Wire
from settings.scoring_endpoint import ReadKeys


class Kind(msgspec.Struct, frozen=True):
    """One protocol.

    Attributes:
        read_keys: Reads what it alone knows of an endpoint's table.
        make: Makes what speaks it, out of what reaches endpoints and the app's own identity.
    """

    read_keys: ReadKeys
    make: Callable[[Wire, Identity], ScoringProtocol]


PROTOCOLS: Final[Mapping[str, Kind]] = {
    studio_classic.NAME: Kind(
        read_classic_keys, lambda wire, _: studio_classic.StudioClassic(wire)
    ),
    http_server.NAME: Kind(read_http_keys, lambda wire, _: http_server.HttpServer(wire)),
    azureml_online.NAME: Kind(read_azureml_keys, azureml_online.AzuremlOnline),
}
