"""A fleet whose endpoints each misbehave in their own way, served by the app in this process.

Every endpoint is also retrained by a service of its own, on the same server, so that each exchange
that there is can be attacked: what the places are called is in `PLACES`.
"""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from local_stack.azurite import Azurite
from retrain_trigger.job import Job
from retrain_trigger.side_by_side import side_by_side
from retrain_trigger.sweep import sweep
from tests.chaos.hostile.hasty_wire import HastyWire
from tests.chaos.hostile.hostile_server import HostileServer, Misbehaviour, Request, http_answer
from tests.chaos.hostile.misbehaviours import HANGING, Attack
from tests.integration.app.running_app import RunningApp, request
from tests.integration.ml_service.wire import DrivenClock

KEY: Final = "k3y-of-the-fleet-0123456789abcdef"
PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "description": ("GET", "endpoint"),
    "patch": ("PATCH", "endpoint"),
    "score": ("POST", "score"),
    "submit": ("POST", "jobs"),
    "start": ("POST", "jobs/job/start"),
    "look": ("GET", "jobs/job"),
    "cancel": ("DELETE", "jobs/job"),
}
_RESULT: Final = {
    "BaseLocation": "https://service.invalid/",
    "RelativeLocation": "results/model.ilearner",
    "SasBlobToken": "?sv=2020&sr=b&sp=r&se=2099-01-01T00%3A00%3A00Z&sig=c2lnbmF0dXJl",
}
_BODIES: Final[Mapping[str, bytes]] = {
    "description": b'{"Resources": [{"Name": "Model"}]}',
    "patch": b"{}",
    "score": b'{"right": true}',
    "submit": b'"job"',
    "start": b"",
    "cancel": b"",
}


class Good:
    """Answers as well-behaved endpoints and training services do.

    Args:
        ends: Whether a job that was started ends by itself; one that does not runs until it is
            cancelled.
    """

    def __init__(self, *, ends: bool = True) -> None:
        self._ends = ends
        self._started: set[str] = set()
        self._cancelled: set[str] = set()

    def __call__(self, request: Request) -> bytes:
        """Give the answer to this request."""
        asked = (request.method, request.path)
        place = next((name for name, known in PLACES.items() if known == asked), "")
        self.notice(request)
        if place == "cancel":
            self._cancelled.add(request.name)
        body = self._job(request.name) if place == "look" else _BODIES.get(place)
        return http_answer("404 Not Found") if body is None else http_answer("200 OK", body)

    def notice(self, request: Request) -> None:
        """Have a start take effect, also where it is not answered as it should be."""
        if (request.method, request.path) == PLACES["start"]:
            self._started.add(request.name)

    def _job(self, name: str) -> bytes:
        if self._ends and name in self._started:
            return json.dumps({"StatusCode": "Finished", "Results": {"output1": _RESULT}}).encode()
        status = "Running" if name in self._started else "NotStarted"
        status = "Cancelled" if name in self._cancelled else status
        return json.dumps({"StatusCode": status}).encode()


class Siege:
    """Who is attacked where, and how often before all behave.

    Args:
        attacks: How each endpoint misbehaves, by its name.
        place: Which of its exchanges is attacked.
        times: How often.
        answers: Whoever answers where nobody misbehaves; it notices what is attacked as well.
    """

    def __init__(
        self,
        attacks: Mapping[str, Attack],
        place: str,
        times: int = 1,
        answers: Good | None = None,
    ) -> None:
        self._attacks, self._place = attacks, PLACES[place]
        self._answers = answers or Good()
        self._left = dict.fromkeys(attacks, times)

    def __call__(self, request: Request) -> Misbehaviour | None:
        """Give what this request meets with; the server asks for one at a time."""
        self._answers.notice(request)
        attack = self._attacks.get(request.name)
        if attack is None or (request.method, request.path) != self._place:
            return None
        if self._left[request.name] == 0:
            return None
        self._left[request.name] -= 1
        return attack.act

    def lift(self) -> None:
        """Have all behave from now on."""
        self._left = dict.fromkeys(self._attacks, 0)


class Fleet:
    """The app, with an endpoint for each name.

    Args:
        azurite: Storage.
        container: Where models land.
        folder: Where the app is.
        server: Who all the endpoints are.
        names: Theirs.
        limit: How long an exchange may take with one of *hanging*; see `HastyWire`.
        hanging: Those that go on until their caller leaves.
        authorities: The certificate authorities to trust.

    Attributes:
        app: The app.
        names: The endpoints.
        clock: What all but storage go by.
    """

    def __init__(  # noqa: PLR0913 - each says one thing of a fleet
        self,
        azurite: Azurite,
        container: str,
        folder: Path,
        server: HostileServer,
        names: list[str],
        *,
        limit: timedelta,
        hanging: Collection[str] = tuple(HANGING),
        authorities: Path | None = None,
    ) -> None:
        self.names, self.clock = names, DrivenClock()
        (folder / "smoke.json").write_text("{}")
        endpoints = {name: _endpoint(f"{server.url}/{name}", name) for name in names}
        self.app = RunningApp(
            azurite,
            container,
            folder,
            endpoints,
            keys={"KEY": KEY},
            now=self.clock,
            wire=HastyWire(limit, hanging, authorities),
        )
        with (folder / "endpoints.toml").open("a") as file:
            file.writelines(_service(f"{server.url}/{name}", name) for name in names)

    def land(self, model: str) -> None:
        """Have one model land for all endpoints at once."""
        self.app.land(f"{model}.ilearner")

    def retrain(self) -> None:
        """A person has every endpoint retrained, all at once."""

        def begin(name: str) -> None:
            answer = self.app.routes.retrain(request("POST", name))
            assert answer.status_code == 202, answer.get_body()

        assert side_by_side(begin, self.names) == []

    def cancel(self) -> None:
        """A person has every job cancelled, all at once."""

        def cancel(name: str) -> None:
            self.app.app.engine.jobs.cancel(self.job(name).id, by="a person")

        assert side_by_side(cancel, self.names) == []

    def job(self, name: str) -> Job:
        """The last job of an endpoint."""
        job = self.app.app.engine.jobs.records.latest(name)
        assert job is not None
        return job

    def job_states(self) -> dict[str, str]:
        """What each endpoint's last job is in."""
        return {name: self.job(name).state for name in self.names}

    def tick(self, minutes: float) -> None:
        """Let time pass, and `watch` run."""
        self.clock.advance(minutes=minutes)
        self.app.tick()

    def sweep(self) -> int:
        """Have `sweep` run."""
        return sweep(self.app.app.engine)

    def states(self) -> dict[str, str]:
        """What each endpoint's desired model is in."""
        records = {one.endpoint: one.fields for one in self.app.app.engine.records.summaries()}
        return {name: records.get(name, {}).get("state", "none") for name in self.names}

    def settle(self, states: Callable[[], dict[str, str]], *ends: str) -> dict[str, str]:
        """Let time pass until all *states* are among *ends*, four hours at most."""
        for _ in range(48):
            if set((now := states()).values()) <= set(ends):
                return now
            self.tick(5)
        return states()

    def error(self, name: str) -> str:
        """Why an endpoint's model is where it is."""
        return str(self.app.desired(name)["error"])


def _endpoint(url: str, name: str) -> dict[str, object]:
    smoke_test = {"score_url": f"{url}/score", "request": "smoke.json", "expect": "right"}
    return {
        "patch_url": f"{url}/endpoint",
        "api_key": "%KEY%",
        "models": "**/*.ilearner",
        "keep": 0,
        "smoke_test": smoke_test,
        "retrain": {"service": name},
    }


def _service(url: str, name: str) -> str:
    return f'\n[training_services."{name}"]\njobs_url = "{url}/jobs"\napi_key = "%KEY%"\n'
