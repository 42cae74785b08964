"""Which blobs are models: the container and the pattern of MODEL_BLOBS."""

import re

import msgspec

_CONTAINER = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}")
_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")


class ModelBlobs(msgspec.Struct, frozen=True):
    """A container and the names in it that are models.

    Attributes:
        container: The container that models land in.
        pattern: A regular expression for the whole name within the container.
        prefix: What every such name begins with; listings start there.
    """

    container: str
    pattern: str
    prefix: str

    def matches(self, name: str) -> bool:
        """Say whether the blob *name* within the container is a model."""
        return re.fullmatch(self.pattern, name, re.DOTALL) is not None


def parse_model_blobs(text: str) -> ModelBlobs:
    """Read a blob trigger's path, such as `experimentoutput/{name}.ilearner`.

    A token matches across slashes, as it does in Azure Functions; `{{` and `}}` are braces.

    Raises:
        ValueError: It names no container or no pattern.
    """
    container, slash, name = text.partition("/")
    if not _CONTAINER.fullmatch(container):
        raise ValueError("must begin with a container's name, without tokens")
    if not slash or not name:
        raise ValueError("needs a pattern after the container, as in models/{name}.onnx")
    pattern, prefix, position = "", None, 0
    for match in _TOKEN.finditer(name):
        literal = name[position : match.start()]
        position = match.end()
        pattern += re.escape(literal)
        if match[0] in {"{", "}"}:
            raise ValueError("has a brace without its pair")
        if match[1]:
            prefix = _first_literal(name, match.start()) if prefix is None else prefix
            pattern += "(?:.+)"
        else:
            pattern += re.escape(match[0][0])
    pattern += re.escape(name[position:])
    whole = _first_literal(name, len(name)) if prefix is None else prefix
    return ModelBlobs(container=container, pattern=pattern, prefix=whole)


def _first_literal(name: str, end: int) -> str:
    return name[:end].replace("{{", "{").replace("}}", "}")
