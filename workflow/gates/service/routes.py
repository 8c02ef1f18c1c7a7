"""The routes of an app as they are written: method, path, and the function behind each."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.service.modules import dotted_name, keyword, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.service.detect import App
    from workflow.gates.service.modules import Function, Module, Modules

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_VERBS = {method.lower(): method for method in METHODS}
_ROUTERS = re.compile(r"(?:^|\.)(?:APIRouter|Router|FastAPI|Starlette|Blueprint)\Z")
_CLEAN = re.compile(r"/[!-~]{0,300}|")
_MAX_ROUTES = 300
_MAX_PREFIXES = 8
_MAX_STEPS = 200
_MAX_PATH = 300


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path (with `{name}` for what varies), and the function that answers it."""

    method: str
    path: str
    module: Module
    function: Function | None


@dataclass(frozen=True, slots=True)
class _Router:
    """Something that routes are added to: where it is, and what it is called there."""

    module: str
    name: str


def routes(app: App) -> tuple[Route, ...]:
    """Return the routes that the modules of an app declare, each once, by path and method."""
    found: dict[tuple[str, str], Route] = {}
    prefixes = _Prefixes(app)
    for module in app.closure:
        for router, methods, path, function in _declared(app.modules, module):
            for prefix in prefixes.of(router):
                whole = prefix + path
                if not _CLEAN.fullmatch(whole) or len(found) >= _MAX_ROUTES:
                    continue
                for method in methods:
                    route = Route(method, whole or "/", module, function)
                    found.setdefault((route.path, method), route)
    return tuple(found[key] for key in sorted(found))


def _declared(
    modules: Modules, module: Module
) -> Iterator[tuple[_Router | None, tuple[str, ...], str, Function | None]]:
    """Give what each declaration in a module adds: to what, methods, path, function."""
    for node in ast.walk(module.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    methods = _methods(call, call.func.attr)
                    path = text_of(modules, module, _path(call))
                    if methods and path is not None:
                        yield _router(modules, module, call.func.value), methods, path, node
        elif isinstance(node, ast.Call) and dotted_name(node.func).rpartition(".")[2] == "Route":
            path = text_of(modules, module, _path(node))
            if path is not None:
                yield None, _methods(node, "route"), path, None


def _path(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else keyword(call, "path")


def _methods(call: ast.Call, verb: str) -> tuple[str, ...]:
    if verb in _VERBS:
        return (_VERBS[verb],)
    if verb not in {"route", "api_route"}:
        return ()
    given = keyword(call, "methods")
    items = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else []
    named = [item.value for item in items if isinstance(item, ast.Constant)]
    return tuple(method for method in METHODS if method in named) or ("GET",)


def _router(modules: Modules, module: Module, node: ast.expr) -> _Router:
    dotted = dotted_name(node)
    place = modules.find(module, dotted)
    if isinstance(place, str):
        # A name inside a function, such as the app that a factory makes.
        return _Router(module.name, dotted)
    return _Router(place.module.name, place.name)


class _Prefixes:
    """What stands before the paths of each router, by where it is included."""

    def __init__(self, app: App) -> None:
        self._own: dict[_Router, str] = {}
        self._around: dict[_Router, list[tuple[_Router, str]]] = {}
        for module in app.closure:
            for node in ast.walk(module.body):
                if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
                    node.value, ast.Call
                ):
                    self._take_router(app.modules, module, node, node.value)
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    self._take_inclusion(app.modules, module, node, node.func)

    def of(self, router: _Router | None) -> tuple[str, ...]:
        """Return every prefix of a router's paths; one that is not included has its own alone."""
        if router is None:
            return ("",)
        found: list[str] = []
        stack: list[tuple[_Router, str, int]] = [(router, self._own.get(router, ""), 0)]
        for _ in range(_MAX_STEPS):
            if not stack or len(found) >= _MAX_PREFIXES:
                break
            here, path, depth = stack.pop()
            around = self._around.get(here, [])
            if not around or depth > _MAX_PREFIXES or len(path) > _MAX_PATH:
                found.append(path)
                continue
            stack += [
                (outer, self._own.get(outer, "") + given + path, depth + 1)
                for outer, given in around[:_MAX_PREFIXES]
            ]
        return tuple(dict.fromkeys(found))

    def _take_router(
        self, modules: Modules, module: Module, node: ast.Assign | ast.AnnAssign, call: ast.Call
    ) -> None:
        if not _ROUTERS.search(dotted_name(call.func)):
            return
        prefix = text_of(modules, module, keyword(call, "prefix")) or ""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                self._own[_Router(module.name, target.id)] = prefix

    def _take_inclusion(
        self, modules: Modules, module: Module, call: ast.Call, function: ast.Attribute
    ) -> None:
        if function.attr == "include_router" and call.args:
            inner, prefix = call.args[0], text_of(modules, module, keyword(call, "prefix"))
        elif function.attr == "mount" and len(call.args) > 1:
            inner, prefix = call.args[1], text_of(modules, module, call.args[0])
        else:
            return
        outer = _router(modules, module, function.value)
        around = self._around.setdefault(_router(modules, module, inner), [])
        around.append((outer, prefix or ""))
