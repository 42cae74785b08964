"""The models of a PATCH: whether the endpoint may have them, and fetching them."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import IO

from local_stack.ml_service.blob_reference import BlobReference
from local_stack.ml_service.blob_transfer import TooLarge, Transfer, TransferFailed, Unanswered
from local_stack.ml_service.endpoint_settings import ResourceUpdate
from local_stack.ml_service.errors import ServiceError, bad_argument
from local_stack.ml_service.model_file import Model, NotAModelError, load
from local_stack.ml_service.state import EndpointState


def require_updatable(endpoint: EndpointState, updates: Sequence[ResourceUpdate]) -> None:
    """Refuse what cannot be updated.

    No source shows the codes for these. Chosen: ``InvalidOperation`` with the help page's sentence
    where there are no resources, the code seen for deleting the default endpoint,
    ``UserParameterInvalid`` for a wrong name, the blob codes for a wrong location.

    Raises:
        ServiceError: A 400 with the cause.
    """
    if not updates:
        return
    if not endpoint.resources:
        raise ServiceError("InvalidOperation", "InvalidWebServiceResources")
    if endpoint.seed.default:
        raise ServiceError("UnauthorizedRequest", None, "update")
    known = {resource.name for resource in endpoint.resources}
    for update in updates:
        _require_name(update.name, known)
        update.location.require_url()
        update.location.require_extension(".ilearner")
    if len({update.name for update in updates}) != len(updates):
        raise bad_argument("RequestBodyInvalid", hint="a resource is named twice")


def fetched_model(location: BlobReference, transfer: Transfer) -> Model:
    """Fetch a model through the token that came with it, and load it.

    Raises:
        ServiceError: ``BlobNotFound`` (404 from storage), ``InvalidBlob`` (anything else that
            storage refuses, or no model), 413 (too long), 500 (storage does not answer).
    """
    with _fetched(location, transfer) as file:
        try:
            return load(file)
        except NotAModelError as exc:
            raise bad_argument("InvalidBlob", location.name, hint=str(exc)) from exc


def _fetched(location: BlobReference, transfer: Transfer) -> IO[bytes]:
    try:
        return transfer.fetch(location.url)
    except TooLarge as exc:
        limit = str(transfer.limit // 1024**2)
        raise ServiceError("MemoryQuotaViolation", "OutOfMemoryLimit", limit) from exc
    except Unanswered as exc:
        raise ServiceError("InternalError", "ResourceDownload", hint=exc.reason) from exc
    except TransferFailed as exc:
        raise _refused(location, exc) from exc


def _require_name(name: str, known: set[str]) -> None:
    if not name:
        raise bad_argument("UserParameterInvalid", "Resource name is empty string")
    if name not in known:
        text = f"The resource name {name} is not one of: {', '.join(sorted(known))}."
        raise bad_argument("UserParameterInvalid", text)


def _refused(location: BlobReference, failure: TransferFailed) -> ServiceError:
    if failure.status == HTTPStatus.NOT_FOUND:
        return bad_argument("BlobNotFound", location.name, failure.reason)
    answered = f"storage answered {failure.status} " if failure.status else ""
    return bad_argument("InvalidBlob", location.name, hint=f"{answered}{failure.reason}")
