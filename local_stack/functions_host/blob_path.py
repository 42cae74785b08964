"""Path pattern of a blob trigger: which blobs are meant, and what their tokens stand for."""

import re
from dataclasses import dataclass

from local_stack.functions_host.definition import FunctionFaultError

_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|([{}])")


class BlobPathError(FunctionFaultError):
    """The path of a blob trigger is no valid pattern."""


@dataclass(frozen=True, slots=True)
class BlobPath:
    """A container and a pattern for names in it: `{token}` matches anything, also slashes."""

    container: str
    prefix: str
    pattern: re.Pattern[str]

    def tokens(self, name: str) -> dict[str, str] | None:
        """What the tokens stand for in a blob's name; None if the name does not match."""
        match = self.pattern.fullmatch(name)
        return None if match is None else match.groupdict()


def parse_blob_path(path: str) -> BlobPath:
    """Parse `container/pattern`; braces are escaped by doubling, a bare container means all.

    Raises:
        BlobPathError: a token in the container, an unmatched brace, or a token used twice.
    """
    container, _, names = path.partition("/")
    if not re.fullmatch(r"[a-z0-9$][a-z0-9-]*", container):
        raise BlobPathError(f"blob path {path!r}: the container must be a plain container name")
    regex, literal, end = "", "", 0
    prefix: str | None = None
    for match in _TOKEN.finditer(names := names or "{name}"):
        literal += names[end : match.start()]
        end = match.end()
        if match[2]:
            raise BlobPathError(f"blob path {path!r}: unmatched {match[2]}")
        if match[1] is None:
            literal += match[0][0]
            continue
        prefix = literal if prefix is None else prefix
        regex += f"{re.escape(literal)}(?P<{match[1]}>.*)"
        literal = ""
    literal += names[end:]
    try:
        pattern = re.compile(regex + re.escape(literal), re.DOTALL)
    except re.error as error:
        raise BlobPathError(f"blob path {path!r}: {error}") from None
    return BlobPath(container, literal if prefix is None else prefix, pattern)
