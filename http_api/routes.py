"""The routes: each translates a request, makes one call and translates what came of it."""

import logging
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import azure.functions as func

from http_api import creation, retraining, takeover
from http_api.answers import ProblemError, answer, problem
from http_api.app_status import Health, status_document
from http_api.documents import endpoint_document
from http_api.listing import PAGE_SIZE, list_endpoints
from http_api.openapi import openapi_document
from http_api.seen_models import seen_models
from retrain_trigger.engine import App, Engine
from settings.endpoints_file import is_endpoint_name
from settings.fault import SettingsError
from settings.scoring_endpoint import ScoringEndpoint
from state.storage_errors import StorageError
from telemetry.events import emit

_log = logging.getLogger(__name__)
_NO_NAME: Final = "is no name: names are up to 63 of a-z, 0-9 and hyphens, no hyphen first"

type Work = Callable[[], func.HttpResponse]


class Routes:
    """The HTTP functions of an app.

    Args:
        app: Gives the app; it is called at the first request.
        page_size: How many endpoints or jobs one answer lists.
    """

    def __init__(self, app: Callable[[], App], page_size: int = PAGE_SIZE) -> None:
        self._app, self._page_size = app, page_size

    def redeploy(self, req: func.HttpRequest) -> func.HttpResponse:
        """Have a model deployed."""
        return _guarded(lambda: takeover.redeploy(self._engine, self._endpoint(req), req))

    def rollback(self, req: func.HttpRequest) -> func.HttpResponse:
        """Go back to the model that was live before."""
        return _guarded(lambda: takeover.rollback(self._engine, self._endpoint(req), req))

    def release(self, req: func.HttpRequest) -> func.HttpResponse:
        """End a hold."""
        return _guarded(lambda: takeover.release(self._engine, self._endpoint(req), req))

    def retrain(self, req: func.HttpRequest) -> func.HttpResponse:
        """Begin a retraining job."""
        return _guarded(lambda: retraining.retrain(self._engine, self._endpoint(req), req))

    def list_jobs(self, req: func.HttpRequest) -> func.HttpResponse:
        """List the retraining jobs, a page at a time and out of one listing."""
        return _guarded(lambda: retraining.list_jobs(self._engine, req, self._page_size))

    def get_job(self, req: func.HttpRequest) -> func.HttpResponse:
        """Say how a job is."""
        return _guarded(lambda: retraining.get_job(self._engine, req))

    def cancel_job(self, req: func.HttpRequest) -> func.HttpResponse:
        """Have a job cancelled."""
        return _guarded(lambda: retraining.cancel_job(self._engine, req))

    def create_endpoint(self, req: func.HttpRequest) -> func.HttpResponse:
        """Add a scoring endpoint to its web service."""
        return _guarded(lambda: creation.create_endpoint(self._engine, self._endpoint(req), req))

    def get_endpoint(self, req: func.HttpRequest) -> func.HttpResponse:
        """Say what one endpoint serves, and should."""

        def work() -> func.HttpResponse:
            endpoint = self._endpoint(req)
            record = self._engine.records.read(endpoint.name).record
            return answer(endpoint_document(endpoint, record, seen_models(self._engine, record)))

        return _guarded(work)

    def list_endpoints(self, req: func.HttpRequest) -> func.HttpResponse:
        """Say it of all, a page at a time and out of one listing."""
        return _guarded(lambda: list_endpoints(self._engine, req, self._page_size))

    def status(self, req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG002 - nothing is asked
        """Say how the app is."""
        return _guarded(lambda: answer(status_document(self._app())))

    def openapi(self, req: func.HttpRequest) -> func.HttpResponse:
        """Describe this API."""
        return answer(openapi_document(urlsplit(req.url).path.rpartition("/")[0]))

    def health(self, req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG002 - as above
        """Say in one word whether anything can be deployed."""
        well = self._health.is_well()
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        word = "healthy" if well else "unhealthy"
        return func.HttpResponse(word, status_code=status, mimetype="text/plain")

    @cached_property
    def _health(self) -> Health:
        return Health(self._app())

    @property
    def _engine(self) -> Engine:
        return self._app().engine

    def _endpoint(self, req: func.HttpRequest) -> ScoringEndpoint:
        name = req.route_params.get("endpoint", "")
        endpoint = self._engine.endpoints.endpoint(name)
        if endpoint is None:
            known = "is not in the endpoints file" if is_endpoint_name(name) else _NO_NAME
            raise ProblemError(HTTPStatus.NOT_FOUND, f"the endpoint {known}")
        return endpoint


def _guarded(work: Work) -> func.HttpResponse:
    """Answer with a problem where *work* says that there is one."""
    try:
        return work()
    except ProblemError as error:
        return problem(error)
    except SettingsError as error:
        detail = "the app cannot do this while its settings are wrong"
        return problem(ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, error.faults))
    except StorageError as error:
        emit(_log, "http.storage_failed", level=logging.WARNING, error=error)
        return problem(ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)))
