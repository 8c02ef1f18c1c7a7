"""What Python files import of the repository's own, and what their strings name; nothing is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.semantics.python import UnreadableError, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.gather.shelf import Shelf
    from workflow.types import RepoPath

_MAX_IMPORTS = 1000
_MAX_STRING = 1000
_MAX_STRINGS = 5000
_MAX_ROOTS = 8
# Reading a syntax tree takes about a second for each 2 MiB.
_MAX_PARSED = 2 * 1024 * 1024
_SOURCES = ("src", "lib", "python")
_START = "__init__.py"
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Import:
    """One import: how many dots, the module behind them, and a name taken from it or nothing."""

    level: int
    module: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """What of a file may lead to others; `fixtures` are the names of its pytest fixtures."""

    imports: tuple[Import, ...] = ()
    strings: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    fault: str = ""


@dataclass(slots=True)
class Sources:
    """The Python files of a tree, each read at most once, 2 MiB of text together."""

    shelf: Shelf
    paths: Mapping[str, RepoPath]
    _modules: dict[RepoPath, Module] = field(default_factory=dict)
    _roots: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _room: int = _MAX_PARSED

    def module(self, path: RepoPath) -> Module:
        """What a file imports and names; `fault` says why one was not read."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def imported(self, path: RepoPath) -> tuple[RepoPath, ...]:
        """The files of the repository that a file imports, each once, in the file's order."""
        found = (self._find(path, one) for one in self.module(path).imports)
        return tuple(dict.fromkeys(other for other in found if other and other != path))

    def dotted(self, path: RepoPath) -> str:
        """A module's full name as others import it, such as `app.main`."""
        root = self.roots(path)[0]
        inner = path.removeprefix(f"{root}/" if root else "")
        return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def roots(self, path: RepoPath) -> tuple[str, ...]:
        """The folders that a file's imports may count from, the likeliest first.

        The one around its outermost package, those around that, and the usual ones at the top.
        """
        folder = path.rpartition("/")[0]
        if folder not in self._roots:
            root = folder
            while root and f"{root}/{_START}" in self.paths:
                root = root.rpartition("/")[0]
            parts = root.split("/") if root else []
            above = ["/".join(parts[:end]) for end in range(len(parts), -1, -1)]
            self._roots[folder] = tuple(dict.fromkeys((*above[:_MAX_ROOTS], "", *_SOURCES)))
        return self._roots[folder]

    def _find(self, path: RepoPath, one: Import) -> RepoPath | None:
        """The file behind an import: the module's, or that of the name taken from it."""
        if one.level > len(path.parts):
            return None
        roots = self.roots(path)
        if one.level:
            roots = ("/".join(path.parts[: -one.level]),)
        module = one.module.replace(".", "/")
        places = (f"{module}/{one.name}".strip("/"), module) if one.name else (module,)
        for root in roots:
            for place in places:
                stem = "/".join(part for part in (root, place) if part)
                package = f"{stem}/{_START}".lstrip("/")
                file = f"{stem}.py" if place else package
                if file in self.paths or package in self.paths:
                    return self.paths.get(file) or self.paths[package]
        return None

    def _read(self, path: RepoPath) -> Module:
        if self.shelf.fault(path):
            return Module()
        text = self.shelf.text(path).removeprefix(_MARK)
        if len(text) > self._room:
            return Module(fault="there is too much Python")
        self._room -= len(text)
        try:
            tree = parse_text(text)
        except UnreadableError as error:
            return Module(fault=str(error))
        return _read(tree)


def _read(tree: ast.Module) -> Module:
    imports: dict[Import, None] = {}
    strings: dict[str, None] = {}
    fixtures: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom() if len(imports) < _MAX_IMPORTS:
                imports.update(dict.fromkeys(_imports(node)))
            case ast.Constant(value=str(text)) if len(strings) < _MAX_STRINGS:
                if len(text) <= _MAX_STRING:
                    strings[text] = None
            case ast.FunctionDef() | ast.AsyncFunctionDef() if _is_fixture(node):
                fixtures.append(node.name)
            case _:
                pass
    return Module(tuple(imports)[:_MAX_IMPORTS], tuple(strings), tuple(fixtures))


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(0, alias.name) for alias in node.names)
    else:
        yield from (
            Import(node.level, node.module or "", alias.name if alias.name != "*" else "")
            for alias in node.names
        )


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name == "fixture":
            return True
    return False
