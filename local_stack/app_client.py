"""A caller of the app's HTTP functions, as a person with a function key is one."""

from http import HTTPStatus

import msgspec
import requests

_ANSWER_WITHIN = 30  # seconds


class ModelName(msgspec.Struct, frozen=True):
    """The model of a document."""

    name: str


class Desired(msgspec.Struct, frozen=True):
    """What an endpoint should serve, and how far that is."""

    model: ModelName | None = None
    state: str | None = None
    cause: str | None = None
    error: str | None = None


class Serving(msgspec.Struct, frozen=True):
    """What an endpoint serves."""

    model: ModelName | None = None
    confirmed_by: str | None = None


class Rollout(msgspec.Struct, frozen=True):
    """How far an endpoint is that takes a model step by step."""

    stage: str


class EndpointDocument(msgspec.Struct, frozen=True):
    """The members of an endpoint's document that the story follows."""

    name: str
    held: bool = False
    fault: str | list[str] | None = None
    desired: Desired | None = None
    waiting: Desired | None = None
    serving: Serving | None = None
    rollout: Rollout | None = None

    def wants(self, model: str) -> bool:
        """Whether a model is what the endpoint should serve."""
        return bool(self.desired and self.desired.model and self.desired.model.name == model)

    def has_confirmed(self, model: str) -> bool:
        """Whether the app itself saw the endpoint answer with a model, by a scoring call."""
        return bool(
            self.wants(model)
            and self.desired
            and self.desired.state == "live"
            and self.serving
            and self.serving.confirmed_by == "smoke_test"
            and self.serving.model
            and self.serving.model.name == model
        )


class Job(msgspec.Struct, frozen=True):
    """The members of a retraining job that the story follows."""

    id: str
    state: str
    cause: str
    error: str | None = None

    @property
    def model(self) -> str:
        """The blob that the demo's endpoints file has it write, by its name in the container."""
        return f"digits/{self.id}.ilearner"


class JobList(msgspec.Struct, frozen=True):
    """A page of jobs."""

    value: list[Job]


class PlannedModel(msgspec.Struct, frozen=True):
    """The answer to a dry run, as far as the story tells it."""

    decision: str
    cause: str | None = None
    model: ModelName | None = None
    replaces: str | None = None


class AppClient:
    """Asks the app."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"x-functions-key": key}

    def endpoint(self, name: str) -> EndpointDocument | None:
        """The document of an endpoint; None while the app cannot give one.

        Raises:
            requests.HTTPError: the request was refused.
        """
        response = self._asked("GET", f"endpoints/{name}")
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=EndpointDocument)

    def take_over(self, endpoint: str, verb: str, reason: str) -> None:
        """Have the app `redeploy`, `rollback` or `release`, as a person.

        Raises:
            requests.HTTPError: it was refused.
        """
        self._asked("POST", f"endpoints/{endpoint}/{verb}", {"reason": reason}).raise_for_status()

    def plan(self, endpoint: str, verb: str) -> PlannedModel:
        """What that would do; nothing is changed.

        Raises:
            requests.HTTPError: it cannot be done.
        """
        response = self._asked("POST", f"endpoints/{endpoint}/{verb}?dry_run=true", {})
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=PlannedModel)

    def retrain(self, endpoint: str, reason: str) -> Job:
        """Have the app begin a job, as a person.

        Raises:
            requests.HTTPError: it was refused.
        """
        response = self._asked("POST", f"endpoints/{endpoint}/retrain", {"reason": reason})
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=Job)

    def jobs(self, endpoint: str) -> list[Job]:
        """The jobs of an endpoint.

        Raises:
            requests.HTTPError: the request was refused.
        """
        response = self._asked("GET", f"jobs?endpoint={endpoint}")
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=JobList).value

    def job(self, job_id: str) -> Job:
        """One job.

        Raises:
            requests.HTTPError: the request was refused.
        """
        response = self._asked("GET", f"jobs/{job_id}")
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=Job)

    def _asked(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(
            method,
            f"{self._url}/api/{path}",
            json=body,
            headers=self._headers,
            timeout=_ANSWER_WITHIN,
            allow_redirects=False,
        )
