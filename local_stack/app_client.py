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
    error: str | None = None


class Serving(msgspec.Struct, frozen=True):
    """What an endpoint serves."""

    model: ModelName | None = None
    confirmed_by: str | None = None


class EndpointDocument(msgspec.Struct, frozen=True):
    """The members of an endpoint's document that the story follows."""

    name: str
    fault: str | list[str] | None = None
    desired: Desired | None = None
    serving: Serving | None = None

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
        response = requests.get(
            f"{self._url}/api/endpoints/{name}",
            headers=self._headers,
            timeout=_ANSWER_WITHIN,
            allow_redirects=False,
        )
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=EndpointDocument)
