"""What create and PATCH may set of an endpoint, beside its resources."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from local_stack.ml_service.blob_reference import BlobReference
from local_stack.ml_service.errors import bad_argument

_MOST_CALLS: Final = {"Low": 4, "High": 200}
type Description = Annotated[str, Meta(max_length=2000)]


class Settings(Struct, kw_only=True, rename="pascal"):
    """What create and PATCH may set beside the resources, with the documented defaults."""

    description: str = ""
    throttle_level: Literal["Low", "High"] = "Low"
    max_concurrent_calls: int = 4
    diagnostics_trace_level: Literal["None", "Error", "All"] = "None"
    prevent_update: bool = False


class ResourceUpdate(Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """One entry of ``Resources``."""

    name: str
    location: BlobReference


class Patch(Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    """The body of a PATCH; what is left out stays as it is."""

    resources: tuple[ResourceUpdate, ...] = ()
    description: Description | UnsetType = UNSET
    throttle_level: Literal["Low", "High"] | UnsetType = UNSET
    max_concurrent_calls: int | UnsetType = UNSET
    diagnostics_trace_level: Literal["None", "Error", "All"] | UnsetType = UNSET
    prevent_update: bool | UnsetType = UNSET


class Create(Struct, frozen=True, kw_only=True, rename="pascal", forbid_unknown_fields=True):
    """The body of a PUT; the two names repeat the address and may be left out."""

    web_service_id: str | None = None
    endpoint_name: str | None = None
    description: Description | None = None
    throttle_level: Literal["Low", "High"] = "Low"
    max_concurrent_calls: int | None = None
    diagnostics_trace_level: Literal["None", "Error", "All"] = "None"
    prevent_update: bool = False


def created(create: Create) -> Settings:
    """The settings of a new endpoint."""
    return Settings(
        description=create.description or "",
        throttle_level=create.throttle_level,
        max_concurrent_calls=_calls(create.throttle_level, create.max_concurrent_calls),
        diagnostics_trace_level=create.diagnostics_trace_level,
        prevent_update=create.prevent_update,
    )


def patched(settings: Settings, patch: Patch) -> Settings:
    """The settings after a PATCH: what it leaves out stays."""
    given = {
        name: value
        for name in ("description", "throttle_level", "diagnostics_trace_level", "prevent_update")
        if (value := getattr(patch, name)) is not UNSET
    }
    changed = msgspec.structs.replace(settings, **given)
    if patch.max_concurrent_calls is not UNSET or patch.throttle_level is not UNSET:
        asked = patch.max_concurrent_calls
        calls = settings.max_concurrent_calls if asked is UNSET else asked
        changed.max_concurrent_calls = _calls(changed.throttle_level, calls)
    return changed


def _calls(level: Literal["Low", "High"], asked: int | None) -> int:
    """Low: always 4. High: 1 to 200."""
    if level == "Low":
        return _MOST_CALLS["Low"]
    calls = _MOST_CALLS["Low"] if asked is None else asked
    if not 1 <= calls <= _MOST_CALLS["High"]:
        most = str(_MOST_CALLS["High"])
        raise bad_argument("WebServiceTooManyConcurrentRequestRequirement", most)
    return calls
