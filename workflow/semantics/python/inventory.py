"""Takes the inventory of a file of tests: what is tested, how often, and what is skipped.

The rules of collection are pytest's defaults: functions `test*`, in classes `Test*` or in classes
with bases, such as those of unittest.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from workflow.semantics.python.assertions import (
    Definition,
    Guard,
    count_assertions,
    digest,
    is_generator,
)
from workflow.semantics.python.names import Names, names_of, targets
from workflow.semantics.python.source import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONDITION = "a condition around it"
# More does not tell more, and a list of lists of lists could have no end.
_MAX_SKIPS = 1000
_MAX_CASES = 1_000_000
# No file is read that has more; it is above what `parse` takes, in characters of four bytes.
_MAX_BYTES = 2 * 1024 * 1024
_IGNORED = frozenset({"collect_ignore", "collect_ignore_glob", "pytest_plugins"})
# What reaches names by text, so that which ones it takes away cannot be told.
_BY_TEXT = frozenset(
    {"globals", "locals", "vars", "setattr", "delattr", "exec", "eval", "__import__"}
)
_BY_ATTRIBUTE = frozenset({"modules", "__dict__"})
# Names that mean something to what collects and runs tests, also where another file gives them.
_WATCHED = re.compile(r"pytest_\w+|load_tests|\*")
# Marks that say who runs a coroutine.
_RUNNERS = frozenset({"asyncio", "anyio", "trio", "gen_test"})
# A function under one of these is no test, whatever its name.
_NO_TEST = frozenset({"pytest.fixture", "pytest_asyncio.fixture", "property"})
_WORDS = [word.encode() for word in _BY_TEXT | _BY_ATTRIBUTE]
_WEIGHED = re.compile(rb"\w+|[^\s\w]")


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method of a file.

    `name` is dotted, with the classes around it.  `assertions` can fail, `idle` ones are always
    true or never reached.  `skips` are the full names of what skips it or expects it to fail, its
    classes' included.  `cases` is how often it runs, `None` where that cannot be told.
    `is_loose` is a coroutine with no mark that says who runs it.  `guards` are what decides whether
    its assertions run.  `is_for_all` is a fixture that tests use without naming it.
    """

    name: str
    is_test: bool
    assertions: int
    idle: int
    skips: tuple[str, ...]
    cases: int | None
    is_loose: bool
    is_for_all: bool
    guards: tuple[Guard, ...] = field(compare=False, repr=False)
    definition: Definition = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Inventory:
    """A file of tests.

    `skips` are what skips all of it; `ignored` are digests of its statements on what is not to be
    collected, and on plugins, which can do the same.  `given` has the hooks, and `*`, that an
    import or an assignment at its top gives, and a digest of that statement.  `by_text` are the
    words with which it reaches names by text when it is loaded, such as `globals`.  `exits` are the
    names of what ends the program that loads it.
    """

    functions: tuple[Function, ...]
    skips: tuple[str, ...]
    ignored: tuple[str, ...]
    given: tuple[tuple[str, str], ...] = ()
    by_text: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()


def take_inventory(data: bytes) -> Inventory:
    """What a file of tests holds.  Raises `UnreadableError` for what cannot be read."""
    module = parse(data)
    census = _Census(names_of(module), any(map(data.__contains__, _WORDS)))
    census.take(module.body, _Around())
    return Inventory(
        tuple(census.functions.values()),
        tuple(census.skips),
        tuple(census.ignored),
        tuple(census.given.items()),
        tuple(census.by_text),
        tuple(census.exits),
    )


def weight(data: bytes) -> int:
    """How many words and signs a file has: what taking its inventory costs, whatever they are.

    A file that is too large to be read weighs nothing.
    """
    if len(data) > _MAX_BYTES:
        return 0
    return sum(1 for _ in _WEIGHED.finditer(data))


def fingerprint(function: Function) -> str:
    """The same for functions that differ in name and place only."""
    node = function.definition
    return digest(node.args, *node.decorator_list, *node.body)


def _mentions_ignored(statement: ast.stmt) -> bool:
    names = (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
    return any(name in _IGNORED for name in names)


def _given(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that statements give or take away, by `:=` as well."""
    for statement in statements:
        yield from targets(statement)
        if isinstance(statement, ast.Expr | ast.Assign | ast.Assert):
            for node in ast.walk(statement):
                if isinstance(node, ast.NamedExpr):
                    yield node.target.id


def _headers(node: ast.stmt) -> Iterator[ast.AST]:
    """What of a compound statement is evaluated before its blocks, or of a definition at once."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler):
            yield child


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a definition: the classes' names, marks, and ways of being collected."""

    prefix: str = ""
    skips: tuple[str, ...] = ()
    decorators: tuple[ast.expr, ...] = ()
    is_collected: bool = True
    is_main: bool = False


def _under_condition(around: _Around) -> _Around:
    return replace(around, skips=(*around.skips, CONDITION))


def _blocks(
    node: ast.If | ast.While | ast.For | ast.Try | ast.TryStar | ast.With, names: Names
) -> Iterator[tuple[Sequence[ast.stmt], bool]]:
    """The blocks of a compound statement, in order, and whether each is run only under conditions.

    What a `try` or `with` leaves out is taken as run.
    """
    is_loop = isinstance(node, ast.While) or (
        isinstance(node, ast.For) and not names.repeats(node.iter)
    )
    yield node.body, is_loop or isinstance(node, ast.If)
    if isinstance(node, ast.Try | ast.TryStar):
        yield from ((handler.body, True) for handler in node.handlers)
    if not isinstance(node, ast.With):
        yield node.orelse, isinstance(node, ast.If | ast.While | ast.For)
    if isinstance(node, ast.Try | ast.TryStar):
        yield node.finalbody, False


def _is_main(node: ast.stmt) -> bool:
    """Whether a statement asks by which name the file runs: pytest never runs it as the program."""
    match node:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()])):
            return True
        case _:
            return False


@dataclass(slots=True)
class _Census:
    """Walks the statements of a module and its classes in order; the last definition counts."""

    names: Names
    is_by_text: bool
    functions: dict[str, Function] = field(default_factory=dict)
    skips: list[str] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    by_text: list[str] = field(default_factory=list)
    # The functions in each class, those of its inner classes included.
    _members: dict[str, list[str]] = field(default_factory=dict)

    def take(self, body: Sequence[ast.stmt], around: _Around) -> None:
        """Take in what a block defines."""
        # A stack and not recursion: an `elif` chain nests as deep as it is long.
        stack = [(iter(body), around)]
        while stack:
            statements, here = stack[-1]
            match next(statements, None):
                case None:
                    stack.pop()
                case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
                    self._function(node, here)
                case ast.ClassDef() as node:
                    stack.append((iter(node.body), self._class(node, here)))
                case (
                    ast.If()
                    | ast.While()
                    | ast.For()
                    | ast.Try()
                    | ast.TryStar()
                    | ast.With() as node
                ):
                    self._look_at_names(*_headers(node))
                    for name in targets(node):
                        self._take_away(here.prefix + name)
                    inner = replace(here, is_main=here.is_main or _is_main(node))
                    doubtful = _under_condition(inner)
                    stack += [
                        (iter(block), doubtful if is_doubtful else inner)
                        for block, is_doubtful in reversed(tuple(_blocks(node, self.names)))
                    ]
                case node:
                    self._other(node, here)

    def _function(self, node: Definition, around: _Around) -> None:
        found = count_assertions(node, self.names)
        skips = self.names.skipping(*node.decorator_list, *node.body)
        name = around.prefix + node.name
        marks = [self._dotted(decorator) for decorator in node.decorator_list]
        is_run = not is_generator(node) and _NO_TEST.isdisjoint(marks)
        self._look_at_names(*_headers(node))
        for end in (place for place, char in enumerate(name) if char == "."):
            self._members.setdefault(name[:end], []).append(name)
        self.functions[name] = Function(
            name=name,
            is_test=node.name.startswith("test") and around.is_collected and is_run,
            assertions=found.live,
            idle=found.idle,
            skips=(*around.skips, *islice(skips, _MAX_SKIPS)),
            cases=_cases((*around.decorators, *node.decorator_list), self.names),
            is_loose=isinstance(node, ast.AsyncFunctionDef)
            and not any(mark.rpartition(".")[2] in _RUNNERS for mark in marks),
            is_for_all=any(map(_is_for_all, node.decorator_list)),
            guards=found.guards,
            definition=node,
        )

    def _dotted(self, decorator: ast.expr) -> str:
        return self.names.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)

    def _look_at_names(self, *nodes: ast.AST) -> None:
        """Keep what in an expression or a simple statement reaches names by text."""
        if self.is_by_text:
            for inner in (inner for node in nodes for inner in ast.walk(node)):
                match inner:
                    case ast.Name(id=name) if name in _BY_TEXT:
                        self.by_text.append(name)
                    case ast.Attribute(attr=name) if name in _BY_ATTRIBUTE:
                        self.by_text.append(name)
                    case ast.Attribute(value=ast.Name(id="builtins"), attr=name) if (
                        name in _BY_TEXT
                    ):
                        self.by_text.append(name)
                    case _:
                        pass

    def _class(self, node: ast.ClassDef, around: _Around) -> _Around:
        prefix = f"{around.prefix}{node.name}."
        self._take_away(around.prefix + node.name)
        self._members[around.prefix + node.name] = []
        self._look_at_names(*_headers(node))
        own = [item for item in node.body if "pytestmark" in targets(item)]
        skips = self.names.skipping(*node.decorator_list, *own)
        made = (item.name for item in node.body if isinstance(item, ast.FunctionDef))
        makes = not {"__init__", "__new__"}.isdisjoint((*made, *_given(node.body)))
        is_kind = bool(node.bases) or (node.name.startswith("Test") and not makes)
        return _Around(
            prefix,
            (*around.skips, *islice(skips, _MAX_SKIPS)),
            (*around.decorators, *node.decorator_list),
            around.is_collected and is_kind,
        )

    def _other(self, statement: ast.stmt, around: _Around) -> None:
        found = list(_given([statement]))
        is_import = isinstance(statement, ast.Import | ast.ImportFrom)
        watched = [name for name in found if not around.prefix and _WATCHED.fullmatch(name)]
        if is_import and "pytestmark" in found:
            watched.append("pytestmark")
        if watched:
            self.given |= dict.fromkeys(watched, digest(statement))
        for name in found:
            self._take_away(around.prefix + name)
            if name.rpartition(".")[2] == "__test__":
                self.skips.append(f"{around.prefix}{name} = …")
        is_mark = "pytestmark" in found
        if not around.prefix and _mentions_ignored(statement):
            self.ignored.append(digest(statement))
        self._look_at_names(statement)
        if not around.prefix and (is_mark or not found or is_import):
            self.skips += islice(self.names.skipping(statement), _MAX_SKIPS)
            if not around.is_main:
                self.exits += self.names.exits(statement)

    def _take_away(self, name: str) -> None:
        """Forget a function, or a class with all of its methods, that a name meant until now."""
        self.functions.pop(name, None)
        for inner in self._members.pop(name, ()):
            self.functions.pop(inner, None)


def _is_for_all(decorator: ast.expr) -> bool:
    """Whether a fixture is used without being named, or may be."""
    return isinstance(decorator, ast.Call) and any(
        word.arg == "autouse"
        and not (isinstance(word.value, ast.Constant) and not word.value.value)
        for word in decorator.keywords
    )


def _cases(decorators: Sequence[ast.expr], names: Names) -> int | None:
    """How often a test runs: the product of its literal lists of cases."""
    total = 1
    for decorator in decorators:
        if not isinstance(decorator, ast.Call):
            continue
        if names.dotted(decorator.func) != "pytest.mark.parametrize":
            continue
        given = [word.value for word in decorator.keywords if word.arg == "argvalues"]
        length = names.length((*decorator.args[1:2], *given, None)[0])
        if length is None:
            return None
        total = min(total * length, _MAX_CASES)
    return total
