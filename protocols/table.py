"""The protocols there are. Adding one is a module of its own and a line here."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from protocols import studio_classic
from protocols.azureml_online import azureml_online
from protocols.azureml_online.jobs import AzuremlJobs
from protocols.azureml_online.keys import read_azureml_keys
from protocols.azureml_online.service_keys import read_azureml_service_keys
from protocols.batch import BatchProtocol
from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from protocols.http_server import http_server
from protocols.http_server.keys import read_http_keys
from protocols.identity import Identity
from protocols.protocol import ScoringProtocol
from protocols.studio_batch import StudioBatch
from protocols.wire import Wire
from settings.retraining import ReadServiceKeys
from settings.scoring_endpoint import ReadKeys


class Training(msgspec.Struct, frozen=True):
    """What training services speak of a protocol.

    Attributes:
        read_keys: Reads what it alone knows of a training service's table.
        make: Makes what speaks it, as that of an endpoint.
    """

    read_keys: ReadServiceKeys
    make: Callable[[Wire, Identity], BatchProtocol]


class Kind(msgspec.Struct, frozen=True):
    """One protocol.

    Attributes:
        read_keys: Reads what it alone knows of an endpoint's table.
        make: Makes what speaks it, out of what reaches endpoints and the app's own identity.
        training: The same of training services; None: no training service speaks it.
    """

    read_keys: ReadKeys
    make: Callable[[Wire, Identity], ScoringProtocol]
    training: Training | None = None


PROTOCOLS: Final[Mapping[str, Kind]] = {
    studio_classic.NAME: Kind(
        read_classic_keys,
        lambda wire, _: studio_classic.StudioClassic(wire),
        Training(read_classic_service_keys, lambda wire, _: StudioBatch(wire)),
    ),
    http_server.NAME: Kind(read_http_keys, lambda wire, _: http_server.HttpServer(wire)),
    azureml_online.NAME: Kind(
        read_azureml_keys,
        azureml_online.AzuremlOnline,
        Training(read_azureml_service_keys, AzuremlJobs),
    ),
}
