"""Which blobs are models: the container and the pattern of MODEL_BLOBS."""

import re
from collections.abc import Iterator

import msgspec

from settings.container import KEEPS_COPIES, is_blob_name, is_container_name, is_ours_alone

_PIECE = re.compile(r"(?P<brace>\{\{|\}\})|(?P<token>\{[A-Za-z_][A-Za-z0-9_]*\})|[^{}]+|[{}]")
_ANY_TEXT = "example"  # what a token of an example stands for


class ModelBlobs(msgspec.Struct, frozen=True):
    """A container and the names in it that are models.

    Attributes:
        container: The container that models land in.
        pattern: A regular expression for the whole name within the container.
        prefix: What every such name begins with; listings start there.
        example: A name that matches. Asking for it is the cheapest question to the container.
    """

    container: str
    pattern: str
    prefix: str
    example: str

    def matches(self, name: str) -> bool:
        """Say whether the blob *name* within the container is a model."""
        return is_blob_name(name) and re.fullmatch(self.pattern, name, re.DOTALL) is not None


def parse_model_blobs(text: str) -> ModelBlobs:
    """Read a blob trigger's path, such as `experimentoutput/{name}.ilearner`.

    A token matches anything, slashes and nothing at all included, as it does in Azure Functions
    (azure-webjobs-sdk, BindingTemplateSource); `{{` and `}}` are braces.

    Raises:
        ValueError: It names no container, or no pattern that a blob's name can match.
    """
    container, _, name = text.partition("/")
    if not is_container_name(container):
        raise ValueError("must begin with a container's name, without tokens")
    if is_ours_alone(container):
        raise ValueError(f"must name another container: {KEEPS_COPIES}")
    if not name:
        raise ValueError("needs a pattern after the container, as in models/{name}.onnx")
    pieces = list(_pieces(name))
    example = "".join(_ANY_TEXT if piece is None else piece for piece in pieces)
    if not is_blob_name(example):
        raise ValueError(r"matches no name that a blob can have: mind \ and . between slashes")
    first_token = pieces.index(None) if None in pieces else len(pieces)
    return ModelBlobs(
        container=container,
        pattern="".join(".*" if piece is None else re.escape(piece) for piece in pieces),
        prefix="".join(piece for piece in pieces[:first_token] if piece is not None),
        example=example,
    )


def _pieces(name: str) -> Iterator[str | None]:
    """Give what *name* is made of: texts as they stand, and None for a token."""
    for piece in _PIECE.finditer(name):
        if piece[0] in {"{", "}"}:
            raise ValueError("has a brace without its pair")
        if piece["token"]:
            yield None
        else:
            yield piece[0][0] if piece["brace"] else piece[0]
