"""The modules of a tree as they are written, and what a name in one of them stands for.

Nothing is imported or run.  How much is read is bounded: a tree may be large, or made to be.
"""

from __future__ import annotations

import ast
import posixpath
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.python import UnreadableError, parse_text
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workflow.gates.interface import Tree

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"

_MAX_MODULES = 200
_MAX_BYTES = 4 * 1024 * 1024
_MAX_HOPS = 20
_MAX_PARTS = 20


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its dotted name, its file, and what its names are at its top.

    `imported` has the full dotted name behind each imported one, wherever in the file; `defined`
    the functions, classes and last values, and `values` all values that a name is given.
    """

    name: str
    path: RepoPath
    body: ast.Module
    imported: Mapping[str, str]
    defined: Mapping[str, ast.expr | ast.ClassDef | Function]
    values: Mapping[str, tuple[ast.expr, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """What a name stands for in the tree: the module, the name there, and its definition."""

    module: Module
    name: str
    node: ast.expr | ast.ClassDef | Function


def python_files(tree: Tree) -> frozenset[RepoPath]:
    """Return the regular Python files of a tree."""
    return frozenset(
        entry.path for entry in tree.entries if entry.path.endswith(".py") and entry.is_regular
    )


class Modules:
    """The modules of a tree that are imported from one folder, read when they are needed.

    `files` are the tree's Python files.
    """

    def __init__(self, tree: Tree, folder: str, files: frozenset[RepoPath]) -> None:
        self._tree = tree
        self._folder = folder
        self._files = files
        self._kept: dict[str, Module | None] = {}
        self._bytes = 0

    def get(self, name: str) -> Module | None:
        """Return a module by its dotted name, or `None` if the tree has none that can be read."""
        if name not in self._kept:
            if len(self._kept) > _MAX_MODULES * 10:
                return None
            self._kept[name] = self._read(name)
        return self._kept[name]

    def closure(self, name: str) -> tuple[Module, ...]:
        """Return a module and all of the tree that it imports, nearest first."""
        found: dict[str, Module] = {}
        queue = deque([name])
        while queue and len(found) < _MAX_MODULES:
            wanted = queue.popleft()
            module = None if wanted in found else self.get(wanted)
            if module is not None:
                found[wanted] = module
                queue.extend(_reached([*module.imported.values(), wanted]))
        return tuple(found.values())

    def find(self, module: Module, dotted: str) -> Place | str:
        """Return what a dotted name of a module stands for: a place, or a name outside the tree."""
        for _ in range(_MAX_HOPS):
            first, _, rest = dotted.partition(".")
            node = module.defined.get(first)
            if isinstance(node, ast.Name | ast.Attribute) and not rest:
                dotted = dotted_name(node)
                if dotted == first:
                    return Place(module, first, node)
                continue
            if node is not None:
                return dotted if rest else Place(module, first, node)
            if first not in module.imported:
                return dotted
            full = module.imported[first] + (f".{rest}" if rest else "")
            inner, left = self._split(full)
            if inner is None or not left:
                return full
            module, dotted = inner, left
        return dotted

    def _split(self, full: str) -> tuple[Module | None, str]:
        """Return the module at the start of a full name, and what follows."""
        parts = full.split(".")[:_MAX_PARTS]
        for end in range(len(parts), 0, -1):
            module = self.get(".".join(parts[:end]))
            if module is not None:
                return module, ".".join(parts[end:])
        return None, full

    def file(self, name: str) -> RepoPath | None:
        """Return the file of a module by its dotted name, be it readable or not."""
        place = posixpath.join(self._folder, name.replace(".", "/"))
        paths = (f"{place}/__init__.py", f"{place}.py")
        return next((RepoPath(path) for path in paths if path in self._files), None)

    def _read(self, name: str) -> Module | None:
        path = self.file(name)
        return self._parse(name, path) if path else None

    def _parse(self, name: str, path: RepoPath) -> Module | None:
        data = self._tree.read(path)
        self._bytes += len(data)
        if self._bytes > _MAX_BYTES:
            return None
        try:
            body = parse_text(data.decode("utf-8-sig"))
        except (UnreadableError, UnicodeDecodeError):
            return None
        package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
        imported = dict(_imported(body, package))
        values: dict[str, list[ast.expr]] = {}
        defined: dict[str, ast.expr | ast.ClassDef | Function] = {}
        for key, node in _top(body):
            defined[key] = node
            if isinstance(node, ast.expr):
                values.setdefault(key, []).append(node)
        given = {key: tuple(found) for key, found in values.items()}
        return Module(name, path, body, imported, defined, given)


def dotted_name(node: ast.AST) -> str:
    """Return a name with its attributes, such as `app.get`; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _MAX_PARTS:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))


def text_of(modules: Modules, module: Module, node: ast.AST | None) -> str | None:
    """Return the text that an expression is, by itself or by its name."""
    if isinstance(node, ast.Name | ast.Attribute):
        place = modules.find(module, dotted_name(node))
        node = None if isinstance(place, str) else place.node
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def binds(module: Module, name: str) -> bool:
    """Whether a module can have a name as it is written: bound anywhere, or taken from all of one.

    What is bound by its name as a text is not seen.
    """
    for node in ast.walk(module.body):
        match node:
            case ast.Name(id=bound, ctx=ast.Store()):
                names = {bound}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names = {node.name}
            case ast.alias():
                names = {node.asname or node.name.partition(".")[0]}
            case _:
                continue
        if not names.isdisjoint({name, "*", "__getattr__"}):
            return True
    return False


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return what a call is given by a keyword."""
    return next((word.value for word in call.keywords if word.arg == name), None)


def _reached(names: Iterable[str]) -> Iterator[str]:
    """Give each imported name and the packages around it: importing one runs them."""
    for name in names:
        parts = name.split(".")[:_MAX_PARTS]
        for end in range(1, len(parts) + 1):
            yield ".".join(parts[:end])


def _imported(body: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    (alias.asname or alias.name.partition(".")[0]),
                    (alias.name if alias.asname else alias.name.partition(".")[0]),
                )
                if not alias.asname and "." in alias.name:
                    # Not a name of its own, but a module that is imported.
                    yield f"{alias.name} ", alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            start = ".".join(above[: len(above) - node.level + 1]) if node.level else ""
            source = ".".join(filter(None, (start, node.module or "")))
            for alias in node.names:
                yield alias.asname or alias.name, f"{source}.{alias.name}"


def _top(body: ast.Module) -> Iterator[tuple[str, ast.expr | ast.ClassDef | Function]]:
    """Give what is defined at a module's top, under conditions as well, in order."""
    stack: list[ast.stmt] = body.body[::-1]
    while stack:
        match stack.pop():
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() as node:
                yield node.name, node
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield target.id, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.If(body=inner, orelse=other):
                stack += [*other[::-1], *inner[::-1]]
            case ast.Try(body=inner, orelse=other):
                stack += [*other[::-1], *inner[::-1]]
            case _:
                pass
