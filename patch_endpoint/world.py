"""All that deploying needs from outside."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.job_results import JobResults
from patch_endpoint.kept import Keeper
from patch_endpoint.ledger import Ledger
from patch_endpoint.sas import Signer
from protocols.protocol import ScoringProtocol


class World(msgspec.Struct, frozen=True):
    """All that deploying needs from outside.

    Attributes:
        ledger: Records and agenda.
        catalog: The models in storage.
        signer: What signs their tokens.
        keeper: What keeps their bytes.
        results: What jobs left in their services' own storage.
        protocols: How endpoints are spoken to, by the protocol's name.
        now: The clock; aware, UTC.
        pause: Waits so many seconds, between two tries to write a record.
    """

    ledger: Ledger
    catalog: ModelCatalog
    signer: Signer
    keeper: Keeper
    results: JobResults
    protocols: Mapping[str, ScoringProtocol]
    now: Callable[[], datetime]
    pause: Callable[[float], None]
