"""What names in a file of tests stand for: which of them skip a test, and which assert."""

from __future__ import annotations

import ast
from collections import ChainMap, Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping, Sequence

_MAX_MARKS = 100
_SKIPS = frozenset(
    {
        *("pytest.skip", "pytest.xfail", "pytest.importorskip", "pytest.exit"),
        *("pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"),
        *("unittest.skip", "unittest.skipIf", "unittest.skipUnless", "unittest.expectedFailure"),
        *("unittest.SkipTest", "unittest.case.SkipTest", "self.skipTest", "cls.skipTest"),
        *("os._exit", "os.abort"),
        # Of something that is reached without its name, as in `__import__("pytest").mark.skip`.
        *("mark.skip", "mark.skipif", "mark.xfail"),
    }
)
# What ends pytest itself, where a file is loaded.
_EXITS = frozenset({"sys.exit", "exit", "quit", "SystemExit", "KeyboardInterrupt"})
_CATCH_ALL = frozenset({"AssertionError", "Exception", "BaseException"})
# Names that stand for what they are given, and what they are given.
_ALIASED = frozenset({"pytest", "pytest.mark", "unittest", "unittest.case"}) | _CATCH_ALL | _EXITS
# Calls without arguments that give something empty, and those that keep what they are given.
EMPTY = frozenset({"list", "tuple", "set", "dict", "frozenset", "str", "bytes"})
_KEEPING = frozenset(
    {"list", "tuple", "set", "frozenset", "enumerate", "sorted", "reversed", "iter"}
)
_VIEWS = frozenset({"items", "keys", "values"})
# A chain of calls longer than this is not looked through.
_MAX_LOOKED_THROUGH = 20
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
    lengths: MutableMapping[str, int | None]

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
                    elif isinstance(inner, ast.Attribute) and _is_reached_by_text(inner):
                        yield f"__import__ with .{inner.attr}"
                    elif isinstance(inner, ast.Name):
                        yield from self.skips.get(inner.id, ())
                elif isinstance(inner, ast.Call) and self._gets_by_text(inner):
                    yield f"getattr of {self.dotted(inner.args[0])}"

    def _gets_by_text(self, call: ast.Call) -> bool:
        """Whether a call takes from pytest or unittest what no tree names."""
        if self.dotted(call.func) not in {"getattr", "builtins.getattr", "operator.attrgetter"}:
            return False
        return bool(call.args) and self.dotted(call.args[0]) in _ALIASED - _CATCH_ALL - _EXITS

    def exits(self, statement: ast.stmt) -> Iterator[str]:
        """What of a statement ends the program that loads the file."""
        match statement:
            case ast.Expr(value=ast.Call(func=function)) | ast.Raise(exc=ast.Call(func=function)):
                name = self.dotted(function)
            case ast.Raise(exc=ast.expr() as kind):
                name = self.dotted(kind)
            case _:
                return
        if name in _EXITS:
            yield name

    def is_failure(self, kind: ast.expr) -> bool:
        """Whether a failed assertion is among some kinds of exceptions."""
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        return any(self.dotted(one).rpartition(".")[2] in _CATCH_ALL for one in kinds)

    def are_kinds(self, kind: ast.expr) -> bool:
        """Whether kinds of exceptions are given by their names."""
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        return all(isinstance(one, ast.Name | ast.Attribute) for one in kinds)

    def inside(self, definition: ast.FunctionDef | ast.AsyncFunctionDef) -> Names:
        """The same names as they are in a function: its own lists, and none that it hides."""
        found: dict[str, int | None] = {}
        given: Counter[str] = Counter()
        for node in ast.walk(definition):
            if isinstance(node, ast.arg):
                given[node.arg] += 2
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                given[node.id] += 1
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    # What is empty at first may be filled later.
                    found[name] = int(self.repeats(value) or 0) or None
                case _:
                    pass
        own = {name: found.get(name) if times == 1 else None for name, times in given.items()}
        return replace(self, lengths=ChainMap(own, self.lengths)) if own else self

    def is_assertion(self, call: ast.Call) -> bool:
        """Whether a call fails the test when something is not as it must be."""
        name = self.dotted(call.func)
        return name in _RAISES or name.rpartition(".")[2].lower().startswith("assert")

    def is_skip(self, call: ast.Call) -> bool:
        """Whether a call ends the test here."""
        return self.dotted(call.func) in _SKIPS | {"pytest.fail", "self.fail"}

    def repeats(self, node: ast.expr) -> bool | None:
        """Whether a loop over something runs its body; `None`: cannot tell."""
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and not all(
            isinstance(item, ast.Starred) for item in node.elts
        ):
            return True
        length = self.length(node)
        return None if length is None else length > 0

    def length(self, node: ast.AST | None) -> int | None:
        """How many items a literal has, also by a name given to it; `None`: cannot tell."""
        for _ in range(_MAX_LOOKED_THROUGH):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _KEEPING:
                    node = inner
                case ast.Call(
                    func=ast.Attribute(value=ast.Dict() as inner, attr=name), args=[]
                ) if name in _VIEWS:
                    node = inner
                case _:
                    break
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return _display_length(items)
            case ast.Dict(keys=keys):
                return None if None in keys else len(keys)
            case ast.Constant(value=str() | bytes() as text):
                return len(text)
            case ast.Name(id=name):
                return self.lengths.get(name)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return 0 if name in EMPTY and not args else _range_length(name, args)
            case _:
                return None


def _display_length(items: Sequence[ast.expr]) -> int | None:
    """How many items a display has, with those of displays in it that have a star."""
    total = 0
    pending = list(items)
    while pending:
        match pending.pop():
            case ast.Starred(value=ast.List(elts=own) | ast.Tuple(elts=own) | ast.Set(elts=own)):
                pending += own
            case ast.Starred(value=ast.Constant(value=str() | bytes() as text)):
                total += len(text)
            case ast.Starred():
                return None
            case _:
                total += 1
    return total


def _range_length(name: str, args: Sequence[ast.expr]) -> int | None:
    """How many numbers a call of `range` gives whose bounds are written out."""
    if name != "range":
        return None
    bounds = []
    for arg in args:
        is_negative = isinstance(arg, ast.UnaryOp) and isinstance(arg.op, ast.USub)
        number = arg.operand if isinstance(arg, ast.UnaryOp) and is_negative else arg
        if not isinstance(number, ast.Constant) or not isinstance(number.value, int):
            return None
        bounds.append(-number.value if is_negative else number.value)
    try:
        return len(range(*bounds))
    except (TypeError, ValueError, OverflowError):
        return None


def _is_reached_by_text(node: ast.Attribute) -> bool:
    """Whether something that skips is taken from `__import__(...)` or `import_module(...)`."""
    if node.attr not in {"skip", "xfail", "exit", "importorskip", "mark", "SkipTest"}:
        return False
    match node.value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in {"__import__", "import_module"}
        case _:
            return False


def names_of(module: ast.Module) -> Names:
    """The names that a file imports and gives at its top."""
    imported = _imported(module)
    skips: dict[str, tuple[str, ...]] = {}
    lengths: dict[str, int | None] = {}
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


def _imported(module: ast.Module) -> dict[str, str]:
    """The dotted name behind each name that is imported, or given to something of note."""
    imported: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            imported |= {item.asname: item.name for item in node.names if item.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for item in node.names:
                imported[item.asname or item.name] = f"{node.module}.{item.name}"
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            _take_alias(node, imported)
    return imported


def _take_alias(node: ast.Assign, imported: dict[str, str]) -> None:
    """Note a name that is given to something of which rules are told by its own name."""
    known = Names(imported, {}, {})
    value = known.dotted(node.value)
    if isinstance(node.value, ast.Tuple) and known.is_failure(node.value):
        value = "Exception"
    if value in _ALIASED:
        imported |= {name: value for name in targets(node) if name != value}


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
