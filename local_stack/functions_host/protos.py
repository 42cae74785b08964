"""The messages that the worker library exchanges with its host, as plain attribute holders.

`azure-functions-runtime` takes its message classes from the module that its host passes in, so
neither protobuf nor gRPC is needed. The names and enum values are those of `FunctionRpc.proto`
(Azure/azure-functions-language-worker-protobuf); a holder keeps what its constructor was given.
"""

from types import SimpleNamespace
from typing import ClassVar


class _OneOf(SimpleNamespace):
    """A message with a `oneof`: exactly one field is set, and it can be asked which."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's own spelling
        """Name of the field that is set; None for an empty message."""
        del group  # each of these messages has one group only
        return next(iter(vars(self)), None)


class StatusResult(SimpleNamespace):
    """How a request ended."""

    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1
    Cancelled: ClassVar[int] = 2


class BindingInfo(SimpleNamespace):
    """Type, data type and direction of one binding."""

    undefined: ClassVar[int] = 0
    out: ClassVar[int] = 1
    inout: ClassVar[int] = 2


setattr(BindingInfo, "in", 0)  # a keyword, so it cannot be written as an attribute


class TypedData(_OneOf):
    """One value on its way in or out: `string`, `json`, `bytes`, `http`, `model_binding_data`."""


class ParameterBinding(SimpleNamespace):
    """A named argument; `data` is its `TypedData`."""

    def WhichOneof(self, group: str) -> str:  # noqa: N802 - protobuf's own spelling
        """Name of the field that is set: always `data`, as shared memory is never used."""
        del group
        return "data"


class RpcHttpCookie(SimpleNamespace):
    """A cookie of an HTTP answer."""

    class SameSite:
        """Values of the `SameSite` attribute."""

        Lax: ClassVar[int] = 1
        Strict: ClassVar[int] = 2
        ExplicitNone: ClassVar[int] = 3


setattr(RpcHttpCookie.SameSite, "None", 0)  # a keyword again


class RpcException(SimpleNamespace):
    """An error with its message and stack trace."""


class WorkerMetadata(SimpleNamespace):
    """Version of the worker library."""


class WorkerInitResponse(SimpleNamespace):
    """Answer to the first request: indexing happened, or why not."""


class FunctionMetadataResponse(SimpleNamespace):
    """The functions that were found."""


class RpcFunctionMetadata(SimpleNamespace):
    """One function with its bindings."""


class RpcRetryOptions(SimpleNamespace):
    """A function's retry policy."""


class FunctionLoadResponse(SimpleNamespace):
    """Answer to a load request."""


class FunctionEnvironmentReloadResponse(SimpleNamespace):
    """Answer to an environment reload."""


class InvocationResponse(SimpleNamespace):
    """How an invocation ended, with its return value."""


class RpcHttp(SimpleNamespace):
    """An HTTP request or answer."""


class NullableString(SimpleNamespace):
    """A string that may be unset."""


class NullableBool(SimpleNamespace):
    """A truth value that may be unset."""


class NullableDouble(SimpleNamespace):
    """A number that may be unset."""


class NullableTimestamp(SimpleNamespace):
    """An instant that may be unset."""


class Timestamp(SimpleNamespace):
    """An instant in seconds since 1970."""
