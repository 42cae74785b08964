"""Blob names of every kind, end to end: landed in real storage, sent, fetched by the service.

A name that storage takes is served, or refused with a reason; nothing raises, and the three parts
of the reference, concatenated as they stand, are an address that gives exactly these bytes
(invariants 2 and 5, and the design's contract on the wire).
"""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.training import train
from tests.chaos.conftest import Figures
from tests.integration.app.running_app import RunningApp

SUFFIX = ".ilearner"
LONGEST = 1_024
SPECIAL = " %#+?&'\"`;:=@,!$*()[]{}|^~<>\\._-/"
PIECES = st.one_of(
    st.sampled_from(
        ["a", "B", "0", "/", "//", "/a/", ".", "..a", "%", "%2F", "%00", "?sig=x&se=y"]
    ),
    st.sampled_from(
        ["é", "e\u0301", "Ω", "ﬁ", "İ", "ß", "数字", "\u200d", "\u202e", "\ufeff", "\u3000"]
    ),
    st.sampled_from(
        ["😀", "👩\u200d🔬", "\U0010fffd", "\U00020000", "🏳\ufe0f", "\t", "\n", "\x7f", "\x85"]
    ),
    st.sampled_from([*SPECIAL]),
    st.text(max_size=6),
)
# What no XML can hold, Azure's listings encode; the emulator's fail.
UNLISTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
STEMS = (
    st.one_of(
        st.lists(PIECES, min_size=1, max_size=12).map("".join),
        st.builds(lambda piece, times: piece * times, PIECES, st.integers(1, LONGEST)),
    )
    .map(lambda stem: UNLISTED.sub("", stem)[: LONGEST - len(SUFFIX)])
    .filter(bool)
)


type Land = Callable[[], tuple[RunningApp, MlService]]


@pytest.fixture
def fresh(azurite: Azurite, tmp_path: Path) -> Iterator[Land]:
    """Makes an app with a container of its own, beside the one local service that fetches.

    Storage counts in seconds and of one second the greater name wins, so each name gets an app.
    """
    studio = msgspec.structs.replace(
        sample_studio(azurite.connection_string), takes_effect_after=timedelta()
    )
    with MlService.start(studio) as service:
        endpoints = {"digits": {"patch_url": service.patch_url("digits"), "api_key": "%KEY%"}}
        keys = {"KEY": service.key("digits")}

        def make() -> tuple[RunningApp, MlService]:
            container = f"fuzzed-{uuid.uuid4().hex}"
            limit = timedelta(seconds=30)
            app = RunningApp(azurite, container, tmp_path, endpoints, keys=keys, limit=limit)
            return app, service

        yield make


@pytest.mark.timeout(900)
def test_a_name_that_storage_takes_is_served_or_refused_with_a_reason(
    fresh: Land, azurite: Azurite, *, full: bool, figures: Figures
) -> None:
    model = train(dataset.rows("little"))
    counted = Counter[str]()
    reasons = Counter[str]()

    @settings(
        max_examples=600 if full else 40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(STEMS)
    @example("ü" * (LONGEST - len(SUFFIX)))
    @example("n" * (LONGEST - len(SUFFIX)))
    @example("a/" * 253)
    @example("a/../b")
    @example("./a")
    @example("a\\b")
    @example("trailing./dots.")
    def attack(stem: str) -> None:
        name = stem + SUFFIX
        app, service = fresh()
        counted["names"] += 1
        try:
            app.put(name, model)
        except (HttpResponseError, ValueError):
            counted["refused_by_storage"] += 1
            app.announce(name)  # an event that lies
            assert app.document()["desired"] is None
            return
        name = _as_listed(azurite, app.container)
        app.announce(name)

        desired = app.document()["desired"]
        if desired is None:
            counted["no_address_leads_to_it"] += 1
            assert not {".", ".."}.isdisjoint(name.split("/")), name
        elif desired["state"] == "refused":
            counted["refused_with_a_reason"] += 1
            reason = desired["error"].partition(":")[0]
            reasons[reason] += 1
            assert not reason.startswith("http_"), (name, desired)  # the address led nowhere
        else:
            assert (desired["state"], desired["error"]) == ("patched", None), name
            assert desired["model"]["name"] == name
            counted["served"] += 1
            assert _fetched(service) == model

    attack()
    figures(**counted, reasons=dict(reasons))
    assert counted["served"] > counted["names"] // 3


def _as_listed(azurite: Azurite, container: str) -> str:
    """The one blob's name as storage has it, and as the trigger is told: no backslash is left."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as storage:
        (blob,) = storage.get_container_client(container).list_blobs()
        return str(blob.name)


def _fetched(service: MlService) -> bytes:
    """What the address gives that the service was told, put together as it stands."""
    body = [one.body for one in service.requests if one.method == "PATCH"][-1]
    assert isinstance(body, dict)
    location = body["Resources"][0]["Location"]
    url = location["BaseLocation"] + location["RelativeLocation"] + location["SasBlobToken"]
    return requests.get(url, timeout=30).content
