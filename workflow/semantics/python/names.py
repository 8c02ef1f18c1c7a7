"""What names in a file of tests stand for: which of them skip a test, and which assert."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_MARKS = 100
_SKIPS = frozenset(
    {
        *("pytest.skip", "pytest.xfail", "pytest.importorskip", "pytest.exit"),
        *("pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"),
        *("unittest.skip", "unittest.skipIf", "unittest.skipUnless", "unittest.expectedFailure"),
        *("unittest.SkipTest", "unittest.case.SkipTest", "self.skipTest", "cls.skipTest"),
        *("os._exit", "os.abort"),
    }
)
_RAISES = frozenset(
    {
        *("pytest.raises", "pytest.warns", "pytest.deprecated_call", "pytest.fail"),
        *("pytest.RaisesGroup", "self.fail", "cls.fail", "AssertionError"),
    }
)


@dataclass(frozen=True, slots=True)
class Names:
    """What a file's own names stand for.

    `imported` has the dotted name behind each imported one; `skips` has, for each name given at
    module level to a mark or a list with marks, the marks that skip; `lengths` the lengths of
    lists.
    """

    imported: Mapping[str, str]
    skips: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, int]

    def dotted(self, node: ast.AST) -> str:
        """The full name of a name or attribute, such as `pytest.mark.skip`; else empty."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ".".join(reversed(parts))
        first = self.imported.get(node.id, node.id)
        return ".".join((first, *reversed(parts)))

    def skipping(self, *nodes: ast.AST) -> Iterator[str]:
        """Everything below some nodes that skips a test or expects it to fail."""
        for node in nodes:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute | ast.Name):
                    name = self.dotted(inner)
                    if name in _SKIPS:
                        yield name
                    elif isinstance(inner, ast.Name):
                        yield from self.skips.get(inner.id, ())

    def is_assertion(self, call: ast.Call) -> bool:
        """Whether a call fails the test when something is not as it must be."""
        name = self.dotted(call.func)
        return name in _RAISES or name.rpartition(".")[2].lower().startswith("assert")

    def is_skip(self, call: ast.Call) -> bool:
        """Whether a call ends the test here."""
        return self.dotted(call.func) in _SKIPS | {"pytest.fail", "self.fail"}

    def length(self, node: ast.AST | None) -> int | None:
        """How many items a literal list has, also by a name given to it; `None`: cannot tell."""
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            starred = any(isinstance(item, ast.Starred) for item in node.elts)
            return None if starred else len(node.elts)
        return self.lengths.get(node.id) if isinstance(node, ast.Name) else None


def names_of(module: ast.Module) -> Names:
    """The names that a file imports and gives at its top."""
    imported: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            imported |= {item.asname: item.name for item in node.names if item.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for item in node.names:
                imported[item.asname or item.name] = f"{node.module}.{item.name}"
    skips: dict[str, tuple[str, ...]] = {}
    lengths: dict[str, int] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            known = Names(imported, skips, lengths)
            # A list of lists of lists could have no end.
            marks = tuple(islice(known.skipping(statement.value), _MAX_MARKS))
            length = known.length(statement.value)
            for name in targets(statement):
                skips[name] = marks
                lengths.pop(name, None)
                if length is not None:
                    lengths[name] = length
    return Names(imported, skips, lengths)


def targets(statement: ast.stmt) -> Iterator[str]:
    """The plain names that a statement gives or takes away, and `x.y` for an attribute of one.

    Names that an import gives are among them; of `from x import *` that is `*`.
    """
    found: list[ast.expr] = []
    match statement:
        case ast.Assign() | ast.Delete():
            found = list(statement.targets)
        case ast.AnnAssign() | ast.AugAssign() | ast.For() | ast.AsyncFor():
            found = [statement.target]
        case ast.With() | ast.AsyncWith():
            found = [item.optional_vars for item in statement.items if item.optional_vars]
        case ast.Import() | ast.ImportFrom():
            yield from (item.asname or item.name.partition(".")[0] for item in statement.names)
        case _:
            pass
    while found:
        target = found.pop()
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            yield f"{target.value.id}.{target.attr}"
        elif isinstance(target, ast.Starred):
            found.append(target.value)
        elif isinstance(target, ast.Tuple | ast.List):
            found += target.elts
