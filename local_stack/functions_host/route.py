"""Route templates of HTTP functions, matched as ASP.NET does.

`endpoints/{endpoint}/redeploy`: literals in any case, `{name}`, `{name?}` at the end, `{*rest}` for
the remainder. A percent-encoded slash does not separate segments.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from local_stack.functions_host.definition import FunctionFaultError

_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_][A-Za-z0-9_]*)(\??)\}")


class RouteError(FunctionFaultError):
    """A route template that this host does not know."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a template: a literal, or a parameter."""

    text: str
    is_parameter: bool = False
    is_optional: bool = False
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A parsed template."""

    template: str
    segments: tuple[Segment, ...]

    @property
    def rank(self) -> tuple[int, ...]:
        """Sorting key: literals before parameters before the remainder."""
        return tuple(s.is_parameter + s.is_rest for s in self.segments)

    def match(self, raw_path: str) -> dict[str, str] | None:
        """Parameters of a path that is still percent-encoded; None if it does not match."""
        parts = raw_path.strip("/").split("/") if raw_path.strip("/") else []
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.is_rest:
                values[segment.text] = unquote("/".join(parts[index:]))
                return values
            if index >= len(parts):
                return values if segment.is_optional else None
            part = unquote(parts[index])
            if segment.is_parameter:
                values[segment.text] = part
            elif segment.text.lower() != part.lower():
                return None
        return values if len(parts) <= len(self.segments) else None


def parse_route(template: str) -> Route:
    """Parse a template.

    Raises:
        RouteError: a constraint, a parameter beside a literal, or a misplaced optional part.
    """
    segments = tuple(_segment(part, template) for part in template.strip("/").split("/") if part)
    if any(s.is_optional or s.is_rest for s in segments[:-1]):
        raise RouteError(f"route {template!r}: only the last parameter may be optional or a rest")
    if segments and segments[0].text.lower() in {"admin", "runtime"}:
        raise RouteError(f"route {template!r}: /admin and /runtime belong to the host")
    return Route(template.strip("/"), segments)


def _segment(part: str, template: str) -> Segment:
    match = _PARAMETER.fullmatch(part)
    if match:
        return Segment(
            match[2],
            is_parameter=True,
            is_optional=bool(match[3]),
            is_rest=bool(match[1]),
        )
    if "{" in part or "}" in part:
        raise RouteError(
            f"route {template!r}: {part!r} is neither a literal nor one plain parameter",
        )
    return Segment(part)
