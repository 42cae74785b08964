"""A protocol that nobody speaks, as an exercise: all of it is here, and in one line of a table.

A shelf has slots. A model is put into a slot of its own, which takes some looks to load it by the
shelf's own rights; it can be tried there, and then is put in front. Only what is in front serves.
"""

import json
from datetime import timedelta
from typing import Any, Final, override

import msgspec
from azure.core.exceptions import ResourceNotFoundError

from protocols.blob_reference import BlobReference
from protocols.expectation import UNREADABLE, holds
from protocols.protocol import Abilities, Accepted, Answer, Refused, Served, Underway, Unsettled
from protocols.table import Kind
from protocols.wire import HttpAnswer, NoAnswerError, Wire
from settings.retraining import safe_url
from settings.scoring_endpoint import ProtocolKeys, ScoringEndpoint, Surroundings
from settings.secret import Secret
from settings.table import Table
from tests.integration.protocols.known_servers import KnownServer, loaded
from tests.integration.protocols.model_server import Received, Reply

NAME: Final = "shelf"
SPARE_FOR: Final = timedelta(hours=1)
_LOOKS: Final = 2


class ShelfKeys(ProtocolKeys, frozen=True, kw_only=True):
    """The keys of one endpoint: the shelf's address and its key."""

    url: str
    key: Secret


def read_shelf_keys(table: Table, smoke_test: Table | None, around: Surroundings) -> ShelfKeys:
    """Read the keys of one endpoint's table."""
    del smoke_test
    return ShelfKeys(
        url=table.required("url", safe_url, instead=""),
        key=table.required("key", around.secret, instead=Secret("")),
    )


class ShelfProtocol:
    """See `protocols.protocol.AsynchronousProtocol`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
        """See `ScoringProtocol`."""
        del endpoint
        return Abilities(
            reads_by="identity",
            replaces="blue_green",
            is_asynchronous=True,
            tells_served=True,
            spare_for=SPARE_FOR,
        )

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """See `ScoringProtocol`."""
        del endpoint
        return ""

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """Put the model into a slot."""
        del resource
        body = {"location": model.relative_location, "version": model.etag, "name": model.name}
        answer = self._send(endpoint, "PUT", f"/slots/{_slot(model)}", body)
        return Underway(stage="loading") if isinstance(answer, HttpAnswer) else answer

    def advance(
        self, endpoint: ScoringEndpoint, model: BlobReference, underway: Underway, waited: timedelta
    ) -> Answer:
        """Look at the slot; once it is loaded, try it and put it in front."""
        del underway, waited
        looked = self._send(endpoint, "GET", f"/slots/{_slot(model)}")
        if not isinstance(looked, HttpAnswer):
            return looked
        state = json.loads(looked.body)["state"]
        if state == "loading":
            return Underway(stage="loading")
        if state == "broken":
            return Refused("broken", "the shelf could not load it", about_model=True)
        tried = self._scored(endpoint, f"/slots/{_slot(model)}/score")
        if tried is not True:
            return tried or Refused("smoke_test_failed", "it answers wrong", about_model=True)
        answer = self._send(endpoint, "PUT", "/front", {"slot": _slot(model)})
        return Accepted() if isinstance(answer, HttpAnswer) else answer

    def tidy(self, endpoint: ScoringEndpoint) -> Accepted | Refused | Unsettled:
        """Empty all slots but the one in front."""
        answer = self._send(endpoint, "DELETE", "/slots")
        return Accepted() if isinstance(answer, HttpAnswer) else answer

    def served(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> Served | bool | Refused | Unsettled | None:
        """Ask which slot is in front."""
        del resource
        answer = self._send(endpoint, "GET", "/front")
        if not isinstance(answer, HttpAnswer):
            return answer
        return bool(json.loads(answer.body)["slot"] == _slot(model))

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """Make the smoke test at what is in front."""
        return self._scored(endpoint, "/score")

    def request_plan(self, endpoint: ScoringEndpoint, model: BlobReference) -> dict[str, object]:
        """See `ScoringProtocol`."""
        return {"url": f"{_keys(endpoint).url}/slots/{_slot(model)}"}

    def _scored(self, endpoint: ScoringEndpoint, path: str) -> bool | Refused | Unsettled:
        if endpoint.smoke_test is None:
            return True
        answer = self._send(endpoint, "POST", path, json.loads(endpoint.smoke_test.request))
        if not isinstance(answer, HttpAnswer):
            return answer
        found = holds(endpoint.smoke_test.expect, answer.body)
        return Unsettled("smoke_test_unreadable", UNREADABLE) if found is None else found

    def _send(
        self, endpoint: ScoringEndpoint, method: str, path: str, body: object = None
    ) -> HttpAnswer | Refused | Unsettled:
        keys, content = _keys(endpoint), None if body is None else json.dumps(body).encode()
        try:
            answer = self._wire.send(method, f"{keys.url}{path}", key=keys.key, body=content)
        except NoAnswerError as error:
            return Unsettled("no_answer", str(error), maybe_applied=error.sent)
        if answer.status < 300:
            return answer
        if answer.status >= 500:
            return Unsettled(f"http_{answer.status}", "the shelf is ill", maybe_applied=True)
        return Refused(f"http_{answer.status}", "the shelf says no")


SHELF: Final = Kind(read_shelf_keys, lambda wire, _: ShelfProtocol(wire))


class _Slot(msgspec.Struct):
    name: str
    answer: Any
    looks: int = 0


class ShelfServer(KnownServer):
    """A shelf on a real socket.

    Attributes:
        slots: What is in each slot.
        front: The slot in front.
    """

    def __init__(self, connection_string: str) -> None:
        super().__init__(connection_string)
        self.slots: dict[str, _Slot] = {}
        self.front: str | None = None

    @override
    def serves(self) -> Any:
        return self.slots[self.front].name if self.front else None

    @override
    def answer(self, request: Received) -> Reply:
        match (request.method, request.path.strip("/").split("/")):
            case ("PUT", ["slots", slot]):
                return self._put(slot, request.json())
            case ("GET", ["slots", slot]) if slot in self.slots:
                return self._look(self.slots[slot])
            case ("POST", ["slots", slot, "score"]) if slot in self.slots:
                return 200, {"said": self.slots[slot].answer}
            case ("DELETE", ["slots"]):
                self.slots = {name: one for name, one in self.slots.items() if name == self.front}
                return 204, None
        return self._in_front(request)

    def _in_front(self, request: Received) -> Reply:
        match (request.method, request.path.strip("/").split("/")):
            case ("PUT", ["front"]) if request.json()["slot"] in self.slots:
                self.front = request.json()["slot"]
                return 200, {}
            case ("GET", ["front"]):
                return 200, {"slot": self.front}
            case ("POST", ["score"]) if self.front:
                return 200, {"said": self.slots[self.front].answer}
        return 404, {}

    def _put(self, slot: str, said: dict[str, str]) -> Reply:
        if slot in self.slots:
            return 200, {}
        container, _, blob = said["location"].partition("/")
        try:
            self.slots[slot] = _Slot(said["name"], loaded(self.read_by_own_rights(container, blob)))
        except (ResourceNotFoundError, ValueError):
            self.slots[slot] = _Slot(said["name"], None)
        return 202, {}

    def _look(self, slot: _Slot) -> Reply:
        slot.looks += 1
        if slot.looks <= _LOOKS:
            return 200, {"state": "loading"}
        return 200, {"state": "broken" if slot.answer is None else "ready"}


def _slot(model: BlobReference) -> str:
    return "".join(sign for sign in model.etag if sign.isalnum())


def _keys(endpoint: ScoringEndpoint) -> ShelfKeys:
    if not isinstance(endpoint.keys, ShelfKeys):
        raise TypeError(f"{endpoint.name} is no shelf")
    return endpoint.keys
