"""Routes of web applications as they are written: FastAPI, Starlette, Flask and Django."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace", "websocket"}
_ANY = {"route", "api_route", "add_api_route", "add_url_rule", "add_route"}
_CALLS = {"Route": "", "WebSocketRoute": "WEBSOCKET", "Mount": "MOUNT", "path": "", "re_path": ""}
_ROUTERS = {"APIRouter": "prefix", "Blueprint": "url_prefix"}


def prefixes(tree: ast.Module) -> dict[str, str]:
    """Return what comes before the paths of each router that a file makes, by its name."""
    found = {}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        key = _ROUTERS.get(_name(node.value.func))
        given = {keyword.arg: keyword.value for keyword in node.value.keywords}
        prefix = _text(given.get(key)) if key else None
        if prefix and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = prefix
    return found


def routes_of_decorators(
    node: ast.FunctionDef | ast.AsyncFunctionDef, known: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Give each route that a function answers, with the function and what is said beside it."""
    for mark in node.decorator_list:
        if not (isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute)):
            continue
        method, path = mark.func.attr, _path(mark)
        if path is None or method not in _METHODS | _ANY:
            continue
        place = _name(mark.func.value)
        words = [node.name, *_said(mark, {"methods", "path", "rule"})]
        for name in _methods(mark, method):
            yield f"{name} {known.get(place, '')}{path}", " ".join(words)


def routes_of_call(call: ast.Call, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Give each route that a call makes, such as one in a list of `Route(…)`."""
    name, path = _name(call.func), _path(call)
    if path is None:
        return
    if isinstance(call.func, ast.Attribute) and name in _ANY:
        prefix, methods = known.get(_name(call.func.value), ""), _methods(call, name)
    elif name in _CALLS:
        prefix, methods = "", [_CALLS[name]] if _CALLS[name] else _methods(call, "route")
    else:
        return
    view = [ast.unparse(one) for one in call.args[1:2]]
    for method in methods:
        yield f"{method} {prefix}{path}", " ".join([*view, *_said(call, {"methods", "path"})])


def _methods(call: ast.Call, name: str) -> Sequence[str]:
    if name in _METHODS:
        return [name.upper()]
    given = {keyword.arg: keyword.value for keyword in call.keywords}.get("methods")
    if isinstance(given, ast.List | ast.Tuple | ast.Set):
        found = [text for item in given.elts if (text := _text(item))]
        return found or ["ANY"]
    return ["ANY"]


def _path(call: ast.Call) -> str | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    first = call.args[0] if call.args else named.get("path", named.get("rule"))
    return _text(first)


def _said(call: ast.Call, known: set[str]) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg and keyword.arg not in known:
            yield f"{keyword.arg}={ast.unparse(keyword.value)}"


def _text(node: ast.expr | None) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[union-attr]  # told on the line before


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
