"""Which declaration a name means, in one client file or in several that import each other."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.client.syntax import Node

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function",
        "generator_function_declaration",
    }
)
_SCOPES = FUNCTIONS | {
    *("program", "statement_block", "for_statement", "for_in_statement", "catch_clause"),
    *("class_declaration", "class", "switch_body"),
}
_PATTERNS = frozenset({"object_pattern", "array_pattern"})
_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})


class How(StrEnum):
    """How a place comes by a value."""

    SET = "set"
    PUSH = "push"
    """The value is a further element of an array."""
    ELEMENT = "element"
    """The value is an array, of which this is an element."""
    MERGE = "merge"
    """The properties of the value are copied."""
    DELETE = "delete"
    OTHER = "other"
    """Something is computed, which is not followed."""


@dataclass(frozen=True, slots=True)
class Write:
    """One way in which a place gets a value.

    `node` is the expression, `None` for nothing at all; `path` are the properties to go down in its
    value, as a pattern does, and `default` is what the pattern says for one that is missing.
    `site` is where it happens.
    """

    node: Node | None
    site: Node
    how: How = How.SET
    path: tuple[str, ...] = ()
    default: Node | None = None


@dataclass(slots=True, eq=False)
class Binding:
    """A declared name: what it is set to, or of which function it is a parameter.

    `imported` has the path of a module as it is written, and the name there.
    """

    name: str
    node: Node
    writes: list[Write] = field(default_factory=list)
    function: Node | None = None
    index: int = 0
    path: tuple[str, ...] = ()
    default: Node | None = None
    is_rest: bool = False
    imported: tuple[str, str] | None = None


class Scopes:
    """The declarations of all files."""

    def __init__(self, roots: tuple[Node, ...]) -> None:
        """Collect them."""
        self._names: dict[Node, dict[str, Binding]] = {}
        self._roots = {root.source.path: root for root in roots}
        for root in roots:
            for node in root.walk():
                self._declare(node)

    def resolve(self, node: Node) -> Binding | None:
        """The declaration of an identifier, or `None` for a global name."""
        found = self._nearest(node, node.text)
        return self._exported(node, found) if found is not None and found.imported else found

    def _nearest(self, node: Node, name: str) -> Binding | None:
        for scope in node.above():
            if scope.kind in _SCOPES and name in self._names.get(scope, {}):
                return self._names[scope][name]
        return None

    def _exported(self, node: Node, binding: Binding) -> Binding:
        """What an imported name is in its own file; the import itself if there is no such file."""
        module, name = binding.imported or ("", "")
        folder = posixpath.dirname(node.source.path)
        path = posixpath.normpath(posixpath.join(folder, module))
        for candidate in (path, f"{path}.js", f"{path}.mjs", f"{path}/index.js"):
            root = self._roots.get(candidate)
            if root is not None and root.source is not node.source:
                return self._names.get(root, {}).get(name, binding)
        return binding

    # --- declaring ------------------------------------------------------------------------------

    def _declare(self, node: Node) -> None:
        match node.kind:
            case "variable_declarator":
                self._variable(node)
            case "class_declaration" | "function_declaration" | "generator_function_declaration":
                name = node.get("name")
                if name is not None:
                    self._add(self._block(node), Binding(name.text, name, [Write(node, node)]))
            case "import_statement":
                self._imports(node)
            case "for_in_statement":
                self._loop(node)
            case "export_statement" if node.get("value") is not None:
                value = node.get("value")
                self._add(self._block(node), Binding("default", node, [Write(value, node)]))
            case _:
                pass
        if node.kind in FUNCTIONS:
            self._parameters(node)

    def _add(self, scope: Node, binding: Binding) -> Binding:
        return self._names.setdefault(scope, {}).setdefault(binding.name, binding)

    def _block(self, node: Node) -> Node:
        return next(scope for scope in node.above() if scope.kind in _SCOPES)

    def _variable(self, node: Node) -> None:
        name, value = node.get("name"), node.get("value")
        if name is None or node.parent is None:
            return
        scope = self._block(node)
        if node.parent.kind == "variable_declaration":
            homes = FUNCTIONS | {"program"}
            scope = next(one for one in node.above() if one.kind in homes)
        for leaf, path, default, _ in leaves(name):
            write = Write(value, node, path=path, default=default)
            before = self._add(scope, Binding(leaf.text, leaf))
            # `var x;` a second time sets nothing.
            if value is not None or not before.writes:
                before.writes.append(write)

    def _loop(self, node: Node) -> None:
        left, right = node.get("left"), node.get("right")
        operator = node.get("operator")
        if left is None or right is None or node.get("kind") is None:
            return
        how = How.ELEMENT if operator is not None and operator.text == "of" else How.OTHER
        for leaf, path, default, _ in leaves(left):
            write = Write(right, node, how, path, default)
            self._add(node, Binding(leaf.text, leaf, [write]))

    def _parameters(self, function: Node) -> None:
        listed = function.get("parameters") or function.get("parameter")
        if listed is None:
            return
        given = listed.children if listed.kind == "formal_parameters" else [listed]
        for index, parameter in enumerate(given):
            for leaf, path, default, is_rest in leaves(parameter):
                binding = Binding(
                    leaf.text,
                    leaf,
                    function=function,
                    index=index,
                    path=path,
                    default=default,
                    is_rest=is_rest,
                )
                self._add(function, binding)

    def _imports(self, node: Node) -> None:
        source = node.get("source")
        if source is None:
            return
        module = source.text[1:-1]
        for part in node.walk():
            if part.kind == "import_specifier":
                name = part.get("name")
                local = part.get("alias") or name
            elif part.kind == "identifier" and part.parent and part.parent.kind == "import_clause":
                name, local = None, part
            else:
                continue
            if local is not None:
                imported = (module, name.text if name is not None else "default")
                self._add(self._block(node), Binding(local.text, local, imported=imported))


def leaves(pattern: Node) -> Iterator[tuple[Node, tuple[str, ...], Node | None, bool]]:
    """The names in a pattern: each with its way down, its default, and whether it takes the rest.

    A default of a pattern inside a pattern is left out.
    """
    stack: list[tuple[Node, tuple[str, ...], Node | None, bool]] = [(pattern, (), None, False)]
    while stack:
        node, path, default, is_rest = stack.pop()
        if node.kind in _NAMES:
            own = node.kind == "shorthand_property_identifier_pattern"
            yield node, (*path, node.text) if own else path, default, is_rest
        elif node.kind == "rest_pattern":
            stack.extend((child, path, None, True) for child in node.children)
        elif node.kind in {"assignment_pattern", "object_assignment_pattern"}:
            left = node.get("left") or (node.children[0] if node.children else None)
            if left is not None:
                stack.append((left, path, node.get("right"), is_rest))
        elif node.kind == "pair_pattern":
            key, value = node.get("key"), node.get("value")
            if key is not None and value is not None:
                stack.append((value, (*path, key.text.strip("'\"")), None, False))
        elif node.kind in _PATTERNS:
            inside = (*path, "[]") if node.kind == "array_pattern" else path
            stack.extend((child, inside, None, False) for child in reversed(node.children))
