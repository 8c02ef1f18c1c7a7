"""Finds the ASGI app around a change, as it is written; nothing of it is imported."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from workflow.gates.service.exchange import Target
from workflow.gates.service.modules import (
    Function,
    Module,
    Modules,
    Place,
    binds,
    dotted_name,
    python_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.interface import Tree
    from workflow.types import RepoPath

_APPS = frozenset(
    {
        *("fastapi.FastAPI", "fastapi.applications.FastAPI"),
        *("starlette.applications.Starlette", "quart.Quart", "quart.app.Quart"),
        *("litestar.Litestar", "litestar.app.Litestar", "django.core.asgi.get_asgi_application"),
    }
)
_FILES = ("main", "app", "asgi", "api", "server", "service", "application", "web", "__init__")
_RANKED = re.compile(rf"(?:\A|/)(?:{'|'.join(_FILES)})\.py\Z")
_NAMES = ("app", "application", "api", "asgi")
_FACTORIES = ("create_app", "make_app", "build_app", "get_app", "app_factory")
_HINTS = re.compile(rb"FastAPI|Starlette|Quart|Litestar|asgi|_app\b")
_REQUIREMENTS = re.compile(r"(?:pyproject\.toml|requirements[^/]*\.txt|[^/]*\.lock|setup\.cfg)\Z")
_MAX_FILES = 200
_MAX_DEPTH = 5
_MAX_LOOKED = 64 * 1024
_MAX_NAMES = 200
_MAX_VALUES = 20


@dataclass(frozen=True, slots=True)
class App:
    """An app of a tree, and the modules of the tree that it imports."""

    target: Target
    modules: Modules
    closure: tuple[Module, ...]

    @property
    def has_name(self) -> bool:
        """Whether its module is there, and what is started can be in it; unread, it can."""
        place, _, name = self.target.app.partition(":")
        module = self.modules.get(place)
        if module is None:
            return self.modules.file(place) is not None
        return binds(module, name.partition(".")[0])

    def concerns(self, changed: Sequence[RepoPath]) -> bool:
        """Whether a change can be about this app.

        It is when it changes a module that the app imports, a file in the same package, or what
        is required around it.
        """
        paths = {module.path for module in self.closure}
        package = posixpath.join(self.target.folder, self.target.app.split(":")[0].split(".")[0])
        around = tuple(_folders(package))
        return any(
            path in paths
            or path.startswith(f"{package}/")
            or (_REQUIREMENTS.search(path) and posixpath.dirname(path) in around)
            for path in changed
        )


def app_of(tree: Tree, target: Target) -> App:
    """Return the app of a target; one that the tree does not have has no modules."""
    modules = Modules(tree, target.folder, python_files(tree))
    return App(target, modules, modules.closure(target.app.partition(":")[0]))


def find(tree: Tree, changed: Sequence[RepoPath]) -> tuple[App, ...]:
    """Return the apps that a change can be about, the likeliest first."""
    files = python_files(tree)
    likely = [path for path in _candidates(files, changed) if _HINTS.search(tree.read(path))]
    if not likely:
        return ()
    found: dict[Target, App] = {}
    sources = _Sources.of(files)
    for path in likely:
        folder, name = sources.imported_as(path, tree.read(path))
        modules = Modules(tree, folder, files)
        module = modules.get(name)
        target = _target(modules, module, folder) if module else None
        if target and target not in found:
            app = App(target, modules, modules.closure(name))
            if app.concerns(changed):
                found[target] = app
    return tuple(sorted(found.values(), key=lambda app: app.target.is_factory))


def _candidates(files: frozenset[RepoPath], changed: Sequence[RepoPath]) -> list[RepoPath]:
    """Return files that may make an app, those nearest to the change first.

    They are in a folder around a changed file, or at most two folders below one.
    """
    above = {folder for path in changed for folder in _folders(posixpath.dirname(path))}
    ranked = []
    for path in files.intersection(changed).union(filter(_RANKED.search, files)):
        folder = posixpath.dirname(path)
        # `src/app/main.py` is two folders below the one that holds it all.
        near = [n for n, place in enumerate(islice(_folders(folder), 3)) if place in above]
        if near:
            depth = folder.count("/") + 1 if folder else 0
            stem = path.name.removesuffix(".py")
            rank = _FILES.index(stem) if stem in _FILES else len(_FILES)
            ranked.append((near[0] - depth, rank, path))
    return [path for _, _, path in sorted(ranked)[:_MAX_FILES]]


def _folders(folder: str) -> Iterator[str]:
    """Give a folder and those around it, up to the tree's top, which is the empty name."""
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


@dataclass(frozen=True, slots=True)
class _Sources:
    """The Python files of a tree, and all folders that have one somewhere in them."""

    files: frozenset[RepoPath]
    folders: frozenset[str]

    @classmethod
    def of(cls, files: frozenset[RepoPath]) -> _Sources:
        direct = {posixpath.dirname(path) for path in files}
        folders = {folder for place in direct for folder in _folders(place)}
        return cls(files, frozenset(folders))

    def imported_as(self, path: RepoPath, data: bytes) -> tuple[str, str]:
        """Return the folder that a file's module is imported from, and its dotted name there."""
        folder = posixpath.dirname(path)
        if posixpath.join(folder, "__init__.py") in self.files:
            while folder and posixpath.join(folder, "__init__.py") in self.files:
                folder = posixpath.dirname(folder)
        else:
            # No package says where it begins: the imports do, and the nearest folder before others.
            found = re.findall(
                rb"(?m)^(?:from|import)[ \t]+([A-Za-z_]\w{0,60})", data[:_MAX_LOOKED]
            )
            names = {one.decode() for one in found[:_MAX_NAMES]}
            folder = max(_folders(folder), key=lambda place: self._resolved(names, place))
        inner = posixpath.relpath(path, folder or ".").removesuffix(".py").removesuffix("/__init__")
        return folder, inner.replace("/", ".")

    def _resolved(self, names: set[str], folder: str) -> int:
        places = [posixpath.join(folder, name) for name in names]
        return sum(f"{place}.py" in self.files or place in self.folders for place in places)


def _target(modules: Modules, module: Module, folder: str) -> Target | None:
    """Return what uvicorn is told to start what a module makes; `None` if it makes no app."""
    looked = _Makers(modules)
    made = [
        name
        for name, values in module.values.items()
        if any(looked.makes(module, value) for value in values[:_MAX_VALUES])
    ]
    if made:
        ranked = sorted(made, key=lambda name: (name not in _NAMES, name))
        return Target(f"{module.name}:{ranked[0]}", folder)
    for name in _FACTORIES:
        node = module.defined.get(name)
        if not isinstance(node, ast.FunctionDef) or _required(node):
            continue
        if looked.returns_app(module, node):
            return Target(f"{module.name}:{name}", folder, is_factory=True)
    return None


def _required(node: Function) -> bool:
    """Whether a function cannot be called without arguments."""
    given = node.args
    positional = len(given.posonlyargs) + len(given.args) - len(given.defaults)
    return positional > 0 or any(default is None for default in given.kw_defaults)


class _Makers:
    """Tells what makes an app; each function and class is looked at once."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._known: dict[ast.AST, bool] = {}

    def makes(self, module: Module, node: ast.expr, depth: int = _MAX_DEPTH) -> bool:
        """Whether an expression is a new app."""
        return isinstance(node, ast.Call) and self._is_app(module, node.func, depth)

    def returns_app(self, module: Module, node: Function, depth: int = _MAX_DEPTH) -> bool:
        """Whether a function returns an app, by its annotation or by what it makes."""
        if node.returns is not None and self._is_app(module, node.returns, depth):
            return True
        inside = list(ast.walk(node))
        made = {
            target.id
            for inner in inside
            if isinstance(inner, ast.Assign) and self.makes(module, inner.value, depth)
            for target in inner.targets
            if isinstance(target, ast.Name)
        }
        values = [inner.value for inner in inside if isinstance(inner, ast.Return) and inner.value]
        named = any(isinstance(value, ast.Name) and value.id in made for value in values)
        return named or any(self.makes(module, value, depth) for value in values)

    def _is_app(self, module: Module, node: ast.expr, depth: int) -> bool:
        """Whether what is called is an app's class, or a function that returns one."""
        place = self._modules.find(module, dotted_name(node))
        if isinstance(place, str):
            return place in _APPS
        if not depth or isinstance(place.node, ast.expr):
            return False
        if place.node not in self._known:
            # Until it is known: whoever leads back to itself makes nothing.
            self._known[place.node] = False
            self._known[place.node] = self._look(place, depth - 1)
        return self._known[place.node]

    def _look(self, place: Place, depth: int) -> bool:
        match place.node:
            case ast.ClassDef(bases=bases):
                return any(self._is_app(place.module, base, depth) for base in bases[:10])
            case ast.FunctionDef() as function:
                return self.returns_app(place.module, function, depth)
            case _:
                return False
