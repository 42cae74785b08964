"""A request body, decoded into the type that says what it may hold."""

import msgspec

from local_stack.ml_service.errors import bad_argument


def decode[T](body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode UTF-8 JSON.

    Raises:
        ServiceError: ``RequestBodyInvalid``; the hint names the member at fault.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise bad_argument("RequestBodyInvalid", hint=str(exc)) from exc
