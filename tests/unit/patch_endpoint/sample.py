"""Sample values of the pure core; each test changes what it is about."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from patch_endpoint.record import Attempt, Deployment, Record, Serving
from patch_endpoint.sas import SignedModel
from patch_endpoint.trained_model import TrainedModel
from protocols.blob_reference import BlobReference
from settings.secret import Secret
from tests.fakes.driven_clock import MONDAY

NOW = MONDAY


def at(**after: float) -> datetime:
    """Give an instant after (or before) NOW, by the arguments of a timedelta."""
    return NOW + timedelta(**after)


def model(name: str = "a", landed: datetime = NOW, **changes: Any) -> TrainedModel:
    """Make a model; its ETag and bytes are its name's and instant's own."""
    etag = f"{name}@{landed.isoformat()}"
    made = TrainedModel(
        name=name, etag=etag, last_modified=landed, content_md5=f"md5 of {etag}", size=10
    )
    return replace(made, **changes)


def deployment(name: str = "a", landed: datetime = NOW, **changes: Any) -> Deployment:
    """Make a deployment of a landed model."""
    wish = Deployment(model=model(name, landed), instant=landed, cause="new_model")
    return replace(wish, **changes)


def serving(name: str = "a", landed: datetime = NOW, **changes: Any) -> Serving:
    """Make what serves: a model whose token has a day to go, renewed after 18 hours."""
    made = Serving(
        model=model(name, landed),
        instant=landed,
        since=landed,
        token_expires_at=landed + timedelta(hours=24),
        token_expiry="2026-03-03T06:00:00Z",
        renew_at=landed + timedelta(hours=18),
        keeping="kept",
    )
    return replace(made, **changes)


def attempt(name: str = "a", claimed: datetime = NOW, **changes: Any) -> Attempt:
    """Make an attempt in flight."""
    made = Attempt(
        id="mine",
        model=model(name),
        instant=NOW,
        cause="new_model",
        blob=f"experimentoutput/{name}",
        claimed_at=claimed,
        send_by=claimed + timedelta(seconds=10),
        deadline=claimed + timedelta(seconds=90),
        token_expires_at=claimed + timedelta(hours=24),
        token_expiry="2026-03-03T06:00:00Z",
        renew_at=claimed + timedelta(hours=18),
    )
    return replace(made, **changes)


def record(**members: Any) -> Record:
    """Make a record."""
    return Record(endpoint="census", **members)


def signed(now: datetime = NOW) -> SignedModel:
    """Make a model's location with a token of a day."""
    return SignedModel(
        reference=BlobReference("https://m.invalid/", "experimentoutput/a", Secret("?sig=s")),
        blob="experimentoutput/a",
        expires_at=now + timedelta(hours=24),
        expiry_text="2026-03-03T06:00:00Z",
        send_by=now + timedelta(hours=23, minutes=50),
        renew_at=now + timedelta(hours=18),
    )
