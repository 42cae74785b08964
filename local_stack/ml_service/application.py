"""The protocol put together: state, handlers, addresses."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_stack.http_service.http_answer import http_answer
from local_stack.ml_service.batch import Batch
from local_stack.ml_service.blob_transfer import Transfer
from local_stack.ml_service.errors import ServiceError
from local_stack.ml_service.management import Management
from local_stack.ml_service.routes import routes
from local_stack.ml_service.scoring import Scoring
from local_stack.ml_service.state import State
from local_stack.ml_service.swagger import Swagger


def application(state: State, batch: Batch, transfer: Transfer, local: list[Route]) -> Starlette:
    """The ASGI application of both hosts.

    Args:
        state: The workspace.
        batch: The batch API, which its maker closes.
        transfer: How models are fetched.
        local: Addresses that are no part of the protocol and go before it.
    """
    protocol = routes(Management(state, transfer), batch, Scoring(state), Swagger(state))
    return Starlette(routes=[*local, *protocol], exception_handlers={Exception: _internal_error})


async def _internal_error(request: Request, exc: Exception) -> Response:  # noqa: ARG001 - Starlette's form
    error = ServiceError("InternalError", "UnknownError", hint=type(exc).__name__)
    return http_answer(error.answer())
