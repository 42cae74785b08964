"""The ``api-version`` that scoring and batch requests carry."""

from local_stack.http_service.call import Call
from local_stack.ml_service.errors import bad_argument, not_built


def require_api_version(call: Call) -> None:
    """Accept 2.0 alone; without one, the real service spoke an older protocol (not built).

    Raises:
        ServiceError: 501 where there is none, 400 ``BadVersionCall`` for any other.
    """
    version = call.query.get("api-version")
    if version is None:
        raise not_built("the protocol of 2015, which has no api-version; send api-version=2.0")
    if version != "2.0":
        raise bad_argument("BadVersionCall", version)
