"""Tokens: one blob, read only, bounded, back-dated, and never sent stale."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import msgspec
import pytest
from azure.storage.blob import UserDelegationKey

from patch_endpoint.job_results import ResultLocation, ResultUnavailableError
from patch_endpoint.sas import (
    BACK_DATED,
    KEY_LIFETIME,
    AccountKeySource,
    Signer,
    UserDelegationSource,
)
from protocols.blob_reference import BlobReference
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.token_source import MemoryTokenSource
from tests.unit.patch_endpoint.sample import NOW, at

KEY = Secret("bm9ib2R5J3Mga2V5")
DAY, SIX_HOURS, SIX_DAYS = timedelta(days=1), timedelta(hours=6), timedelta(days=6)
BASE = "https://models.blob.invalid"


def signer(
    lifetime: timedelta = DAY, renew_before: timedelta = SIX_HOURS, base: str = BASE
) -> tuple[Signer, MemoryTokenSource]:
    source = MemoryTokenSource(Calls())
    return Signer(base, source, lifetime, renew_before), source


def test_a_token_begins_a_quarter_of_an_hour_ago_and_lives_from_now() -> None:
    sign, source = signer()
    signed = sign.sign("models", "a b.ilearner", endpoint="census", now=at(microseconds=999_999))

    assert source.signed[0].start == NOW - timedelta(minutes=15)
    assert source.signed[0].expiry == signed.expires_at == NOW + DAY
    assert (source.signed[0].container, source.signed[0].name) == ("models", "a b.ilearner")
    assert signed.expiry_text == "2026-03-03T06:00:00Z"


def test_the_three_parts_concatenated_are_a_url() -> None:
    sign, _ = signer()
    reference = sign.sign("models", "a b#é/50%.ilearner", endpoint="e", now=NOW).reference

    assert reference.base_location == f"{BASE}/"
    assert reference.relative_location == "models/a%20b%23%C3%A9/50%25.ilearner"
    assert reference.sas_token.reveal().startswith("?st=")


@pytest.mark.parametrize(
    ("lifetime", "least"),
    [(DAY, timedelta(minutes=10)), (timedelta(seconds=90), timedelta(seconds=45))],
)
def test_at_sending_ten_minutes_or_half_the_lifetime_remain(
    lifetime: timedelta, least: timedelta
) -> None:
    sign, _ = signer(lifetime, lifetime / 2)
    signed = sign.sign("models", "a", endpoint="census", now=NOW)

    assert signed.expires_at - signed.send_by == least


def test_renewals_come_up_to_a_tenth_earlier_and_never_later() -> None:
    sign, _ = signer()
    latest = NOW + DAY - SIX_HOURS
    tenth = (DAY - SIX_HOURS) / 10
    instants = [
        sign.sign("models", "a", endpoint=f"e{number}", now=NOW).renew_at for number in range(300)
    ]

    assert all(latest - tenth <= instant <= latest for instant in instants)
    assert len(set(instants)) > 250
    assert min(instants) < latest - 0.9 * tenth
    assert max(instants) > latest - 0.1 * tenth


def test_one_endpoints_jitter_is_the_same_each_time() -> None:
    sign, _ = signer()
    first, second = (sign.sign("models", "a", endpoint="e", now=NOW).renew_at for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("base", "https_only"),
    [(BASE, True), ("http://127.0.0.1:10000/account", False), ("https://127.0.0.1:1/a", True)],
)
def test_a_token_is_for_https_except_for_an_emulator_on_this_machine(
    base: str, *, https_only: bool
) -> None:
    sign, source = signer(base=base)
    sign.sign("models", "a", endpoint="e", now=NOW)

    assert source.signed[0].https_only == https_only


def test_an_account_keys_token_reads_one_blob() -> None:
    token = AccountKeySource("account", KEY).token(
        "models", "a", start=NOW - BACK_DATED, expiry=NOW + DAY, https_only=True
    )

    said = {key: values[0] for key, values in parse_qs(token).items()}
    assert (said["sp"], said["sr"], said["spr"]) == ("r", "b", "https")
    assert (said["st"], said["se"]) == ("2026-03-02T05:45:00Z", "2026-03-03T06:00:00Z")
    assert "sig" in said


def test_no_signature_shows_when_what_was_signed_is_printed() -> None:
    sign = Signer(BASE, AccountKeySource("account", KEY), DAY, SIX_HOURS)
    signed = sign.sign("models", "a", endpoint="census", now=NOW)

    signature = parse_qs(signed.reference.sas_token.reveal())["sig"][0]
    for text in (repr(signed), str(signed.reference), repr(msgspec.structs.asdict(signed))):
        assert signature not in text
        assert "sig=" not in text


def located(expires_at: datetime) -> ResultLocation:
    """What a training service tells of a result, with its token."""
    text = expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    reference = BlobReference("https://studio.invalid/", "o/a", Secret(f"?sig=x&se={text}"))
    return ResultLocation(reference, "o/a", expires_at, text)


@pytest.mark.parametrize("left", [timedelta(0), timedelta(minutes=-1), timedelta(days=-3)])
def test_a_services_token_that_has_expired_is_not_sent(left: timedelta) -> None:
    sign, _ = signer()

    with pytest.raises(ResultUnavailableError, match="expired already"):
        sign.taken(located(NOW + left), endpoint="census", now=NOW)


@pytest.mark.parametrize(
    ("left", "least"),
    [(DAY, timedelta(minutes=10)), (timedelta(seconds=90), timedelta(seconds=45))],
)
def test_nor_is_one_of_which_ten_minutes_or_half_of_what_was_left_are_over(
    left: timedelta, least: timedelta
) -> None:
    sign, _ = signer()
    taken = sign.taken(located(NOW + left), endpoint="census", now=NOW)

    assert taken.expires_at - taken.send_by == least
    assert NOW < taken.renew_at < taken.expires_at


class KeyService:
    """What a blob service client does for the source, and how often it was asked."""

    account_name = "account"

    def __init__(self) -> None:
        self.spans: list[tuple[datetime, datetime]] = []

    def get_user_delegation_key(self, start: datetime, expiry: datetime) -> UserDelegationKey:
        """See `BlobServiceClient`."""
        self.spans.append((start, expiry))
        key = UserDelegationKey()  # type: ignore[no-untyped-call] # the SDK is not typed here
        key.signed_oid = key.signed_tid = "00000000-0000-0000-0000-000000000000"
        key.signed_start, key.signed_expiry = start.isoformat(), expiry.isoformat()
        key.signed_service, key.signed_version = "b", "2025-11-05"
        key.value = KEY.reveal()
        return key


def test_a_user_delegation_key_spans_at_most_seven_days_and_covers_a_token_of_six() -> None:
    service = KeyService()
    source = UserDelegationSource(service)  # type: ignore[arg-type] # what the source uses of it
    sign = Signer(BASE, source, SIX_DAYS, DAY)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    signed = sign.sign("models", "a", endpoint="census", now=now)

    (start, expiry) = service.spans[0]
    assert timedelta(days=6, minutes=15) <= expiry - start <= timedelta(days=7)
    assert start <= now - BACK_DATED
    assert expiry >= signed.expires_at


def test_one_key_signs_until_a_token_would_outlive_it() -> None:
    service = KeyService()
    source = UserDelegationSource(service)  # type: ignore[arg-type] # what the source uses of it
    sign = Signer(BASE, source, DAY, SIX_HOURS)
    tokens = [
        sign.sign("models", "a", endpoint="census", now=at(hours=hours)) for hours in range(24 * 12)
    ]

    usable = KEY_LIFETIME - DAY - BACK_DATED
    assert len(service.spans) == -(-timedelta(days=12) // (usable + timedelta(hours=1)))
    assert all(
        any(
            start <= one.expires_at - DAY - BACK_DATED and one.expires_at <= end
            for start, end in service.spans
        )
        for one in tokens
    )
