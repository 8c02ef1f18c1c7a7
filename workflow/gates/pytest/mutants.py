"""Breaks on purpose what a patch changes: tests that speak for the change must notice.

A mutant runs all that the patch wrote and spoils only what comes of it, and only while a test runs:
code that takes the verdict into its own hands does so in a mutant as well, and the tests that it
made pass go on passing, which gives it away.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from workflow.gates.pytest.guard import infrastructure
from workflow.gates.pytest.report import Ended
from workflow.sandbox import Laid
from workflow.semantics.neutral import is_same
from workflow.semantics.python import UnreadableError, parse_text, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.gates.interface import Case
    from workflow.gates.pytest.report import Report
    from workflow.sandbox import Scratch
    from workflow.types import FileChange, RepoPath

    _Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_REGULAR = ("100644", "100755")
_MAX_FILES = 100
# Words and signs of all files of a patch together: about 6 s of reading and writing.
_MAX_WEIGHT = 100_000
# Set by pytest during each phase of each test, and for the programs that a test starts.
_TESTING = "'PYTEST_CURRENT_TEST' in __import__('os').environ"
_RAISE = f"if {_TESTING}:\n    raise RuntimeError('broken on purpose')\n"
_NOTHING = f"(lambda value: None if {_TESTING} else value)(it)"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_DEFINITIONS, ast.ClassDef, ast.Lambda)
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)
_FAULTS = (UnreadableError, RecursionError, MemoryError, ValueError)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A tree in which everything `names` (`file.py: name`) does one thing wrong: `what`, a verb."""

    what: str
    scratch: Scratch
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mutants:
    """What can be broken on purpose of a patch; `sources` are its changed files that are no tests.

    `left` are those that mean something else now, and in which nothing could be broken.
    """

    mutants: tuple[Mutant, ...] = ()
    sources: tuple[RepoPath, ...] = ()
    left: tuple[RepoPath, ...] = ()


def mutants(case: Case, under: Scratch) -> Mutants:
    """Return the mutants of a patch, at most two, laid over `under`, which has its sources.

    In the first, every function of the base that changed raises an error when it is done, and
    constants have another value in a file where they alone changed.  New functions stay as they are
    unless there are no others: what takes the verdict into its hands is likely among them.  In the
    second, every function that is new or changed returns or yields nothing, where it gives
    anything.  Of a file in which something else changed, every function counts as changed.
    """
    tests = frozenset(infrastructure(case))
    files = [
        file for file in case.change.files if file.path.endswith(".py") and file.path not in tests
    ]
    there = [file for file in files if file.new_mode in _REGULAR]
    sources = [source for file in there[:_MAX_FILES] if (source := _source(case, file))]
    candidates = [source.path for source in sources] + [file.path for file in there[_MAX_FILES:]]
    so_far = accumulate(weight(source.new) for source in sources)
    bounded = [one for one, total in zip(sources, so_far, strict=True) if total <= _MAX_WEIGHT]
    made = (_broken(under, bounded), _mute(under, bounded))
    found = tuple(one for one in made if one)
    broken = {name.rpartition(": ")[0] for one in found for name in one.names}
    return Mutants(
        found,
        tuple(file.path for file in files),
        tuple(path for path in candidates if path not in broken),
    )


def noticed(before: Report, mutant: Report) -> bool:
    """Whether a test that passed before fails in a mutant's run, or never ends there.

    A run that contradicts itself shows nothing, and neither does one that cannot load the tests.
    """
    if mutant.problem and not mutant.broken:
        return False
    passed = before.names(Ended.PASSED)
    return mutant.timed_out or not passed.isdisjoint(mutant.names(Ended.FAILED))


@dataclass(frozen=True, slots=True)
class _Source:
    """A changed file as it is now, and what its functions and constants said before."""

    path: RepoPath
    mode: str
    new: bytes
    known: frozenset[tuple[str, str]] = field(repr=False)


def _source(case: Case, file: FileChange) -> _Source | None:
    """Return a changed file; `None` where it means the same as before."""
    old = case.base.read(file.path) if file.old_mode in _REGULAR else b""
    new = case.patched.read(file.path)
    if file.old_mode in _REGULAR and is_same(file.path, old, new):
        return None
    try:
        known = frozenset(_things(_parsed(old)))
    except _FAULTS:
        known = frozenset()
    return _Source(file.path, file.new_mode or "", new, known)


def _broken(under: Scratch, sources: list[_Source]) -> Mutant | None:
    names, scratch = _laid(under, sources, _spoiled_known)
    if not names:
        names, scratch = _laid(under, sources, _spoiled_all)
    are = "is" if len(names) == 1 else "are"
    return Mutant(f"{are} broken on purpose", scratch, names) if names else None


def _mute(under: Scratch, sources: list[_Source]) -> Mutant | None:
    names, scratch = _laid(under, sources, _muted)
    what = "returns nothing" if len(names) == 1 else "return nothing"
    return Mutant(what, scratch, names) if names else None


def _laid(
    under: Scratch,
    sources: list[_Source],
    spoil: Callable[[ast.Module, _Source], list[str]],
) -> tuple[tuple[str, ...], Scratch]:
    """Return what was spoiled, as `file: name`, and the tree with it."""
    laid: list[Laid] = []
    names: list[str] = []
    for source in sources:
        try:
            module = _parsed(source.new)
            found = spoil(module, source)
            text = _written(module) if found else b""
        except _FAULTS:
            continue
        if text:
            laid.append(Laid(source.path, source.mode, text))
            names += [f"{source.path}: {name}" for name in found]
    return tuple(names), under.laid(*laid)


def _parsed(data: bytes) -> ast.Module:
    return parse_text(data.decode("utf-8-sig"))


def _written(module: ast.Module) -> bytes:
    """Return a module as text; empty where that cannot be read again."""
    text = ast.unparse(ast.fix_missing_locations(module))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError:
        return b""
    return text.encode("utf-8", "surrogateescape")


# --- what changed ---------------------------------------------------------------------------------


def _things(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield every function and constant of a module, by name and what it says."""
    for name, node, _ in _definitions(module):
        yield name, _said(node)
    for name, statement in _constants(module):
        yield name, ast.dump(statement)


def _definitions(
    module: ast.Module,
) -> Iterator[tuple[str, _Definition, tuple[str, ...]]]:
    """Yield each function with its dotted name, and the names of the functions around it."""
    stack: list[tuple[ast.AST, str, tuple[str, ...]]] = [(module, "", ())]
    while stack:
        node, prefix, around = stack.pop()
        if isinstance(node, (*_DEFINITIONS, ast.ClassDef)):
            name = prefix + node.name
            if isinstance(node, _DEFINITIONS):
                yield name, node, around
                around = (*around, name)
            prefix = f"{name}."
        blocks = [child for child in ast.iter_child_nodes(node) if isinstance(child, _BLOCKS)]
        stack += [(child, prefix, around) for child in reversed(blocks)]


def _said(node: _Definition) -> str:
    """What a function says, but for its first words on itself, and what functions in it say."""
    inner = [one for one in _inner(node) if isinstance(one, _DEFINITIONS)]
    bodies = [one.body for one in inner]
    for one in inner:
        one.body = []
    try:
        parts = (node.args, *node.decorator_list, *_after_docstring(node))
        return repr([type(node).__name__, *map(ast.dump, parts)])
    finally:
        for one, body in zip(inner, bodies, strict=True):
            one.body = body


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node, at any depth."""
    stack = [node]
    while stack:
        blocks = [one for one in ast.iter_child_nodes(stack.pop()) if isinstance(one, _BLOCKS)]
        yield from blocks
        stack += blocks


def _after_docstring(node: _Definition) -> list[ast.stmt]:
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
        case body:
            return body


def _constants(module: ast.Module) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    """Yield what is written out and given a name, in the module and its classes."""
    stack: list[tuple[ast.stmt, str]] = [(one, "") for one in reversed(module.body)]
    while stack:
        node, prefix = stack.pop()
        match node:
            case ast.ClassDef(name=name, body=body):
                stack += [(one, f"{prefix}{name}.") for one in reversed(body)]
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name, node
            case _:
                pass


# --- what is spoiled ------------------------------------------------------------------------------


def _spoiled_known(module: ast.Module, source: _Source) -> list[str]:
    """Break what changed of a file, and was there before; return the names."""
    known = {name for name, _ in source.known}
    chosen = _chosen(module, source)
    found = [name for name, node in chosen if name in known and _raise(node)]
    return found or ([] if chosen else _other_values(module, source))


def _spoiled_all(module: ast.Module, source: _Source) -> list[str]:
    """Break what is new of a file; return the names."""
    return [name for name, node in _chosen(module, source) if _raise(node)]


def _muted(module: ast.Module, source: _Source) -> list[str]:
    """Silence what changed of a file, or is new; return the names."""
    return [name for name, node in _chosen(module, source) if _return_nothing(node)]


def _chosen(module: ast.Module, source: _Source) -> list[tuple[str, _Definition]]:
    """Return the functions that changed, with those in them; of a file where else all of them.

    None in a file where constants changed, and can be given another value.
    """
    every = list(_definitions(module))
    changed = {name for name, node, _ in every if (name, _said(node)) not in source.known}
    if not changed and not _can_change(module, source):
        changed = {name for name, _, _ in every}
    return [(name, node) for name, node, around in every if not changed.isdisjoint((name, *around))]


def _raise(node: _Definition) -> bool:
    """Let a function raise an error when all that it does is done."""
    body = _after_docstring(node)
    first = node.body[: len(node.body) - len(body)]
    last = ast.parse(_RAISE).body
    node.body = [*first, ast.Try(body or [ast.Pass()], [], [], last)]
    return True


def _return_nothing(node: _Definition) -> bool:
    """Let a function give nothing where it gives something; whether it does anywhere."""
    found = False
    stack: list[ast.AST] = [*node.body]
    while stack:
        inner = stack.pop()
        if isinstance(inner, _SCOPES):
            continue
        stack += ast.iter_child_nodes(inner)
        match inner:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                if not (isinstance(value, ast.Constant) and value.value is None):
                    inner.value = _nothing(value)
                    found = True
            case _:
                pass
    return found


def _nothing(value: ast.expr) -> ast.expr:
    call = ast.parse(_NOTHING, mode="eval").body
    if isinstance(call, ast.Call):
        call.args = [value]
    return call


def _can_change(module: ast.Module, source: _Source) -> bool:
    return any(
        statement.value is not None and _other(statement.value) is not None
        for name, statement in _constants(module)
        if (name, ast.dump(statement)) not in source.known
    )


def _other_values(module: ast.Module, source: _Source) -> list[str]:
    """Give each constant that changed another value, where it is written out; return the names."""
    found = []
    for name, statement in _constants(module):
        if (name, ast.dump(statement)) in source.known or statement.value is None:
            continue
        other = _other(statement.value)
        if other is not None:
            statement.value = other
            found.append(name)
    return found


def _other(value: ast.expr) -> ast.expr | None:
    other: ast.expr | None = None
    match value:
        case ast.Constant(value=bool() as known):
            other = ast.Constant(not known)
        case ast.Constant(value=int() | float() as known):
            other = ast.Constant(known + 1)
        case ast.Constant(value=str() as text):
            other = ast.Constant(f"{text}x")
        case ast.Constant(value=bytes() as data):
            other = ast.Constant(data + b"x")
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            other = value.operand
        case ast.List(elts=[_, *_]):
            other = ast.List([], ast.Load())
        case ast.Tuple(elts=[_, *_]):
            other = ast.Tuple([], ast.Load())
        case ast.Set(elts=[_, *_]):
            other = ast.Set([])
        case ast.Dict(keys=[_, *_]):
            other = ast.Dict([], [])
        case _:
            pass
    return other
