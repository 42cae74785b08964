"""Reads Bicep files: what they declare, and what their expressions come to.

Bicep's compiler is no Python package. This knows what the files in infra/ use and fails
at anything else, so that nothing goes unchecked unseen. What only Azure can know is an `Unknown`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.unit.infra.bicep_functions import FUNCTIONS, Unknown

_PARSER = Parser(Language(tree_sitter_bicep.language()))
_ESCAPES = {r"\'": "'", r"\n": "\n", r"\\": "\\", r"\$": "$"}

type Scope = Mapping[str, Any]
"""What the names in an expression stand for."""


class Declaration(msgspec.Struct, frozen=True):
    """One declaration.

    Attributes:
        kind: `parameter`, `variable`, `module`, `resource` or `output`.
        name: Its symbolic name.
        source: The type of a resource, the path of a module; "" of others.
        value: What it is; None: a parameter without a default.
        decorators: The names of what decorates it.
        is_existing: Whether it is a resource that others make.
    """

    kind: str
    name: str
    source: str
    value: Any
    decorators: tuple[str, ...]
    is_existing: bool


class BicepFile:
    """What a Bicep file declares, in its order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text("utf-8")
        root = _PARSER.parse(self.text.encode()).root_node
        assert not root.has_error, f"{path.name}: {_first_error(root)}"
        self.declarations = list(_declarations(root))

    def of_kind(self, kind: str) -> list[Declaration]:
        """The declarations of one kind."""
        return [one for one in self.declarations if one.kind == kind]

    def identifiers(self) -> list[str]:
        """Every name that is used in an expression or declared."""
        root = _PARSER.parse(self.text.encode()).root_node
        return [text_of(node) for node in _walk(root) if node.type in _NAMES]


_NAMES = {"identifier", "loop_variable", "loop_enumerator"}


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _first_error(root: Node) -> str:
    bad = next(node for node in _walk(root) if node.is_error or node.is_missing)
    return f"line {bad.start_point.row + 1}: {text_of(bad)[:60]!r}"


def _declarations(root: Node) -> Iterator[Declaration]:
    decorators: tuple[str, ...] = ()
    for node in root.named_children:
        kind = node.type.removesuffix("_declaration")
        if node.type == "decorators":
            decorators = tuple(
                text_of(one.named_children[0].named_children[0]) for one in node.named_children
            )
        elif kind in {"parameter", "variable", "module", "resource", "output"}:
            yield _declared(node, kind, decorators)
            decorators = ()
        else:
            assert node.type in {"target_scope_assignment", "comment"}, node.type


def _declared(node: Node, kind: str, decorators: tuple[str, ...]) -> Declaration:
    name, *others = [one for one in node.named_children if one.type != "comment"]
    has_source = kind in {"module", "resource"}
    source = text_of(others.pop(0)).strip("'") if has_source else ""
    values = [one for one in others if one.type != "type"]
    is_existing = any(one.type == "existing" for one in node.children)
    value = values[0] if values else None
    return Declaration(kind, text_of(name), source, value, decorators, is_existing)


def text_of(node: Node) -> str:
    """The source of a node."""
    assert node.text is not None
    return node.text.decode()


class Expression:
    """Works out expressions in a scope; *folder* is what paths to files start from."""

    def __init__(self, scope: Scope, folder: Path) -> None:
        self._scope, self._folder = scope, folder

    def within(self, more: Scope) -> Self:
        """The same, with more names."""
        return type(self)({**self._scope, **more}, self._folder)

    def value(self, node: Node) -> Any:
        """Work *node* out.

        Raises:
            KeyError: A name in it is not declared, or a function is not known here.
        """
        work: Callable[[Node], Any] = getattr(self, f"_{node.type}")
        return work(node)

    def _parts(self, node: Node) -> list[Node]:
        return [one for one in node.named_children if one.type != "comment"]

    def _string(self, node: Node) -> str:
        parts = [self._in_string(one) for one in node.named_children]
        whole = "".join(str(part) for part in parts)
        is_unknown = len(parts) == 1 and isinstance(parts[0], Unknown)
        return Unknown(whole) if is_unknown else whole

    def _in_string(self, node: Node) -> str:
        if node.type == "interpolation":
            return str(self.value(node.named_children[0]))
        return _ESCAPES[text_of(node)] if node.type == "escape_sequence" else text_of(node)

    def _number(self, node: Node) -> int:
        return int(text_of(node))

    def _boolean(self, node: Node) -> bool:
        return text_of(node) == "true"

    def _null(self, _: Node) -> None:
        return None

    def _identifier(self, node: Node) -> Any:
        return self._scope[text_of(node)]

    def _parenthesized_expression(self, node: Node) -> Any:
        return self.value(node.named_children[0])

    def _nullable_type(self, node: Node) -> Any:
        # So the grammar reads `value!` at the end of a property.
        assert text_of(node).endswith("!"), text_of(node)
        return self.value(node.named_children[0])

    def _array(self, node: Node) -> list[Any]:
        return [self.value(one) for one in self._parts(node)]

    def _object(self, node: Node) -> dict[str, Any]:
        pairs = (self._parts(one) for one in self._parts(node))
        return {self._key(key): self.value(value) for key, value in pairs}

    def _key(self, node: Node) -> str:
        return self._string(node) if node.type == "string" else text_of(node)

    def _member_expression(self, node: Node) -> Any:
        whole, part = node.named_children
        found = self.value(whole)
        if callable(found):  # so the grammar reads the body of `one => one.part`
            return lambda item: _part(found(item), text_of(part))
        return _part(found, text_of(part))

    def _subscript_expression(self, node: Node) -> Any:
        whole, index = node.named_children
        return _part(self.value(whole), self.value(index))

    def _ternary_expression(self, node: Node) -> Any:
        condition, then, otherwise = self._parts(node)
        return self.value(then if self.value(condition) else otherwise)

    def _unary_expression(self, node: Node) -> bool:
        assert text_of(node).startswith("!"), text_of(node)
        return not self.value(node.named_children[0])

    def _binary_expression(self, node: Node) -> bool:
        left, sign, right = node.children
        assert text_of(sign) == "==", f"{text_of(sign)} is not known here"
        return bool(self.value(left) == self.value(right))

    def _if_statement(self, node: Node) -> Any:
        condition, body = self._parts(node)
        return self.value(body) if self.value(condition) else None

    def _for_statement(self, node: Node) -> list[Any]:
        names, items, body = self._parts(node)
        known = [text_of(one) for one in names.named_children] or [text_of(names)]
        found = []
        for index, item in enumerate(self.value(items)):
            bound = dict(zip(known, (item, index), strict=False))
            found.append(self.within(bound).value(body))
        return found

    def _lambda_expression(self, node: Node) -> Callable[[Any], Any]:
        name, body = node.named_children
        return lambda item: self.within({text_of(name): item}).value(body)

    def _call_expression(self, node: Node) -> Any:
        name, arguments = node.named_children
        values = [self.value(one) for one in self._parts(arguments)]
        if text_of(name).startswith("load"):
            values.insert(0, self._folder)
        return FUNCTIONS[text_of(name)](*values)


def _part(whole: Any, part: Any) -> Any:
    if isinstance(whole, Unknown):
        return Unknown(f"{whole}.{part}")
    return whole[part]
