"""The table of functions: what triggers each, and the one call that it makes.

Nothing here can raise at import, and nothing heavy is imported before it is needed: an error at
import means an app without functions, and hardly a trace of why.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import azure.functions as func
from azurefunctions.extensions.bindings import blob

from settings.bindings import binding, is_event_grid, process_environment
from telemetry.invocation import invoked

if TYPE_CHECKING:
    from http_api.routes import Routes
    from retrain_trigger.engine import App

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
_SOURCE = func.BlobSource.EVENT_GRID if is_event_grid() else func.BlobSource.LOGS_AND_CONTAINER_SCAN


@functools.cache
def _app() -> "App":
    from retrain_trigger.engine import App
    from telemetry.events import quieten_sdks

    quieten_sdks()
    return App(process_environment(), Path(__file__).parent)


@functools.cache
def _routes() -> "Routes":
    from http_api.routes import Routes

    return Routes(_app)


@app.function_name("model_landed")
@app.blob_trigger(
    arg_name="model", path=binding("MODEL_BLOBS"), connection="ModelStorage", source=_SOURCE
)
def model_landed(model: blob.BlobClient, context: func.Context) -> None:
    """A trained model landed: deploy it wherever it is for. Its bytes are never read."""
    from retrain_trigger.landed import model_landed as land

    with invoked(context):
        land(_app().engine, model.blob_name)


@app.function_name("watch")
@app.timer_trigger(arg_name="timer", schedule=binding("WATCH_SCHEDULE"))
def watch(timer: func.TimerRequest, context: func.Context) -> None:
    """Retry, confirm and renew what is due; follow jobs, and begin those that are scheduled."""
    from retrain_trigger.watch import watch as work_off

    del timer
    with invoked(context):
        work_off(_app().engine)


@app.function_name("sweep")
@app.timer_trigger(arg_name="timer", schedule=binding("SWEEP_SCHEDULE"))
def sweep(timer: func.TimerRequest, context: func.Context) -> None:
    """Find the models that no event announced."""
    from retrain_trigger.sweep import sweep as find_missed

    del timer
    with invoked(context):
        find_missed(_app().engine)


@app.function_name("redeploy")
@app.route("endpoints/{endpoint}/redeploy", methods=[func.HttpMethod.POST])
def redeploy(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A person has a model deployed."""
    with invoked(context):
        return _routes().redeploy(req)


@app.function_name("rollback")
@app.route("endpoints/{endpoint}/rollback", methods=[func.HttpMethod.POST])
def rollback(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A person goes back to the model that was live before."""
    with invoked(context):
        return _routes().rollback(req)


@app.function_name("release")
@app.route("endpoints/{endpoint}/release", methods=[func.HttpMethod.POST])
def release(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A person ends a hold."""
    with invoked(context):
        return _routes().release(req)


@app.function_name("retrain")
@app.route("endpoints/{endpoint}/retrain", methods=[func.HttpMethod.POST])
def retrain(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A person has an endpoint's model trained anew."""
    with invoked(context):
        return _routes().retrain(req)


@app.function_name("create_endpoint")
@app.route("endpoints/{endpoint}/create", methods=[func.HttpMethod.POST])
def create_endpoint(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A person has a scoring endpoint added to its web service."""
    with invoked(context):
        return _routes().create_endpoint(req)


@app.function_name("list_jobs")
@app.route("jobs", methods=[func.HttpMethod.GET])
def list_jobs(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The retraining jobs, in short."""
    with invoked(context):
        return _routes().list_jobs(req)


@app.function_name("get_job")
@app.route("jobs/{job}", methods=[func.HttpMethod.GET])
def get_job(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """One retraining job: state, times, cause, failure."""
    with invoked(context):
        return _routes().get_job(req)


@app.function_name("cancel_job")
@app.route("jobs/{job}/cancel", methods=[func.HttpMethod.POST])
def cancel_job(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A person has a retraining job cancelled."""
    with invoked(context):
        return _routes().cancel_job(req)


@app.function_name("list_endpoints")
@app.route("endpoints", methods=[func.HttpMethod.GET])
def list_endpoints(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What serves where."""
    with invoked(context):
        return _routes().list_endpoints(req)


@app.function_name("get_endpoint")
@app.route("endpoints/{endpoint}", methods=[func.HttpMethod.GET])
def get_endpoint(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What one endpoint serves, since when, why, confirmed how."""
    with invoked(context):
        return _routes().get_endpoint(req)


@app.function_name("status")
@app.route("status", methods=[func.HttpMethod.GET])
def status(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Every fault by name, and how the timers are."""
    with invoked(context):
        return _routes().status(req)


@app.function_name("openapi")
@app.route("openapi.json", methods=[func.HttpMethod.GET])
def openapi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What this API takes and answers, as an OpenAPI document."""
    with invoked(context):
        return _routes().openapi(req)


@app.function_name("health")
@app.route("health", methods=[func.HttpMethod.GET], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Whether anything can be deployed, in one word."""
    with invoked(context):
        return _routes().health(req)
