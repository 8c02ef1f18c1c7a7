"""Makes checks from the routes of both trees: what they should take, and what they should not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from workflow.gates.service.checks import JSON_TYPE, NOWHERE, Check, Kind
from workflow.gates.service.modules import dotted_name
from workflow.gates.service.routes import METHODS, Route, routes
from workflow.gates.service.samples import NoSampleError, Samples

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

    from workflow.gates.service.answers import Json
    from workflow.gates.service.detect import App
    from workflow.gates.service.modules import Function

MAX_DERIVED = 60
_TOO_LARGE = 2 * 1024 * 1024
"""Bytes; twice what nginx passes on by itself (`client_max_body_size`)."""
_MAX_BODY = 256 * 1024
_WITH_BODY = {"POST", "PUT", "PATCH"}
_VARYING = re.compile(r"\{(\w+)(?::(\w+))?\}")
_ORIGIN = "https://example.test"
_FORM = "application/x-www-form-urlencoded"
_SIMPLE = {"int", "float", "str", "bool", "UUID", "date", "datetime"}


def derived(base: App | None, patched: App | None) -> tuple[tuple[Check, ...], int]:
    """Return checks for the routes of either tree, and how many there were too many.

    Routes that only one tree has come first.  What the base's model describes is asked as well as
    what the patched one's does: a field that became required shows in what it refuses.
    """
    sides = [(app, routes(app)) for app in (patched, base) if app is not None]
    known = [{(route.path, route.method) for route in found} for _, found in sides]
    common = set.intersection(*known) if known else set()
    fitting: dict[Check, bool] = {}
    unfit: dict[Check, bool] = {}
    for app, found in sides:
        samples = Samples(app.modules)
        for route in found:
            is_common = (route.path, route.method) in common
            for check in _fitting(samples, route):
                # The same model on both trees makes the same check.
                if check not in fitting:
                    is_other = any(check.name == one.name for one in fitting)
                    name = f"{check.name}, as on the base" if is_other else check.name
                    fitting[replace(check, name=name)] = is_common
    methods: dict[str, set[str]] = {}
    for path, method in chain.from_iterable(known):
        methods.setdefault(path, set()).add(method)
    both = {path for path, _ in common} if len(sides) > 1 else set(methods)
    for check in chain(_unfit(fitting), _elsewhere(methods, both)):
        unfit.setdefault(check, False)
    ordered = [*sorted(fitting, key=lambda one: fitting[one]), *unfit]
    return tuple(_named(ordered[:MAX_DERIVED])), max(len(ordered) - MAX_DERIVED, 0)


def _named(checks: Iterable[Check]) -> Iterator[Check]:
    """Give each check a name of its own."""
    seen: dict[str, int] = {}
    for check in checks:
        seen[check.name] = number = seen.get(check.name, 0) + 1
        yield check if number == 1 else replace(check, name=f"{check.name} ({number})")


def _fitting(samples: Samples, route: Route) -> Iterator[Check]:
    """Give the requests that a route should take: one for each model that its body can be."""
    path = _filled(samples, route)
    name = f"{route.method} {route.path}"
    if route.method not in _WITH_BODY:
        yield Check(name, route.method, path, kind=Kind.FITTING)
        return
    bodies = _bodies(samples, route)
    for said, value in bodies:
        body = json.dumps(value).encode()
        if len(body) <= _MAX_BODY:
            headers = (("Content-Type", JSON_TYPE),)
            made = f"{name} with {said}"
            yield Check(made, route.method, path, headers, body, kind=Kind.FITTING)
    if not bodies:
        yield Check(f"{name} without a body", route.method, path, kind=Kind.FITTING)


def _unfit(fitting: Iterable[Check]) -> Iterator[Check]:
    """Give the requests that should be refused for their bodies."""
    seen = set()
    for check in fitting:
        place = check.method, check.path
        if check.method not in _WITH_BODY or not check.body or place in seen:
            continue
        seen.add(place)
        start = f"{check.method} {check.name.split(' ')[1]}"
        bad = replace(check, kind=Kind.UNFIT)
        yield replace(bad, name=f"{start} with a body of 2 MiB", pad=_TOO_LARGE - len(bad.body))
        yield replace(
            bad,
            name=f"{start} with 2 MiB of undeclared length",
            pad=_TOO_LARGE - len(bad.body),
            is_chunked=True,
        )
        yield replace(bad, name=f"{start} as a form", headers=(("Content-Type", _FORM),))
        yield replace(bad, name=f"{start} with broken JSON", body=b'{"')
        yield replace(bad, name=f"{start} with an empty table", body=b"{}")


def _elsewhere(methods: dict[str, set[str]], paths: set[str]) -> Iterator[Check]:
    """Give the requests that should be refused for their method, origin or path."""
    for path, known in sorted(methods.items()):
        if path not in paths:
            continue
        wrong = next((one for one in ("DELETE", "PUT", "POST", "GET") if one not in known), None)
        filled = _VARYING.sub("1", path)
        if wrong:
            yield Check(f"{wrong} {path}, which is not its method", wrong, filled, kind=Kind.UNFIT)
        asked = next(method for method in METHODS if method in known)
        headers = (("Origin", _ORIGIN), ("Access-Control-Request-Method", asked))
        name = f"OPTIONS {path} from another origin"
        yield Check(name, "OPTIONS", filled, headers, kind=Kind.UNFIT)
    if methods:
        yield Check("GET of a path that is not there", "GET", NOWHERE, kind=Kind.UNFIT)


def _filled(samples: Samples, route: Route) -> str:
    """Return a route's path with values for what varies, and the query that it needs."""
    arguments = {arg.arg: arg.annotation for arg in _arguments(route.function)}

    def value(found: re.Match[str]) -> str:
        if found[2] in {"int", "float"}:
            return "1"
        return quote(_simple(samples, route, arguments.get(found[1])) or "a", safe="")

    path = _VARYING.sub(value, route.path)
    varying = {found[1] for found in _VARYING.finditer(route.path)}
    query = {
        name: given
        for name, annotation in _required(route.function)
        if name not in varying and (given := _simple(samples, route, annotation))
    }
    return f"{path}?{urlencode(query)}" if query else path


def _simple(samples: Samples, route: Route, annotation: ast.expr | None) -> str:
    """Return a value for a plain annotation as text; empty if it is none."""
    if annotation is None or dotted_name(annotation).rpartition(".")[2] not in _SIMPLE:
        return ""
    try:
        made = samples.value(route.module, annotation)
    except NoSampleError:
        return ""
    return str(made).lower() if isinstance(made, bool) else str(made)


def _bodies(samples: Samples, route: Route) -> list[tuple[str, Json]]:
    """Return the bodies that a route's parameters describe: of several models one table."""
    found = []
    for arg in _arguments(route.function):
        if arg.annotation is not None:
            made = samples.models(route.module, arg.annotation)
            if made:
                found.append((arg.arg, made))
    if len(found) == 1:
        return [(_a(name), value) for name, value in found[0][1]]
    if found:
        return [("a body", {arg: made[0][1] for arg, made in found})]
    return []


def _a(name: str) -> str:
    return f"{'an' if name[:1].upper() in set('AEIOU') else 'a'} {name}"


def _arguments(function: Function | None) -> list[ast.arg]:
    if function is None:
        return []
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs][:50]


def _required(function: Function | None) -> Iterator[tuple[str, ast.expr | None]]:
    """Give the parameters that have no default and come from nowhere else."""
    if function is None:
        return
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    pairs = [*zip(positional, defaults, strict=True)]
    pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
    for arg, default in pairs[:50]:
        if default is None:
            yield arg.arg, arg.annotation
