"""Makes a value that an annotation should take: guesses, for a service to accept or to refuse.

Patterns of the project are not run, only looked at: a regular expression can be made to take for
ever.
"""

from __future__ import annotations

import ast
import re
from itertools import chain
from typing import TYPE_CHECKING, Final

from workflow.gates.service.modules import Place, dotted_name, keyword
from workflow.semantics.python import UnreadableError, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.service.answers import Json
    from workflow.gates.service.modules import Module, Modules

URL: Final = "https://example.test/"
_TEXTS = {
    **dict.fromkeys(("HttpUrl", "AnyUrl", "AnyHttpUrl", "Url"), URL),
    "EmailStr": "ada@example.test",
    "UUID": "00000000-0000-4000-8000-000000000000",
    "UUID4": "00000000-0000-4000-8000-000000000000",
    "datetime": "2026-01-02T03:04:05Z",
    "AwareDatetime": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05",
    "timedelta": "PT1S",
    "Decimal": "1",
    **dict.fromkeys(("IPv4Address", "IPvAnyAddress"), "127.0.0.1"),
    "SecretStr": "text",
    "bytes": "text",
    "Path": "file.txt",
    **dict.fromkeys(("Any", "object", "JsonValue"), "text"),
}
_NUMBERS = {"int", "PositiveInt", "NonNegativeInt", "StrictInt", "conint"}
_FLOATS = {"float", "PositiveFloat", "NonNegativeFloat", "StrictFloat"}
_LISTS = {"list", "List", "set", "Set", "frozenset", "Sequence", "Iterable", "tuple", "Tuple"}
_TABLES = {"dict", "Dict", "Mapping"}
_MODELS = {"BaseModel", "TypedDict", "SQLModel", "Struct", "BaseSettings"}
_NAMED = (("url", URL), ("link", URL), ("mail", "ada@example.test"), ("date", "2026-01-02"))
_MAX_DEPTH = 8
_MAX_FIELDS = 60
_MAX_KINDS = 4
_MAX_TEXT = 4096
_MAX_VALUES = 2000
_MAX_IN_ALL = 40_000
_MOST = 2**53


class NoSampleError(ValueError):
    """An annotation that says nothing about what it takes."""


class Samples:
    """Makes values from the annotations of a tree's modules."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._left = _MAX_IN_ALL
        self._made = 0

    def models(self, module: Module, node: ast.expr) -> tuple[tuple[str, Json], ...]:
        """Return a name and a value for each model that an annotation can be; none if it has none.

        Of `Annotated` only what it annotates counts, and what is hidden behind a name is looked up.
        """
        found: list[tuple[str, Json]] = []
        self._made = 0
        for place in {one.node: one for one in self._models(module, node, _MAX_DEPTH)}.values():
            try:
                value = self._fields(place, _MAX_DEPTH)
            except NoSampleError:
                continue
            found.append((place.name, value))
        return tuple(dict(found[:_MAX_KINDS]).items())

    def value(self, module: Module, node: ast.expr, name: str = "") -> Json:
        """Return a value for an annotation; raises `NoSampleError`."""
        self._made = 0
        return self._value(module, node, name, (), _MAX_DEPTH)

    def _is_spent(self) -> bool:
        """Count one step; whether there were too many, for one value or in all."""
        self._made += 1
        self._left -= 1
        return self._made > _MAX_VALUES or self._left < 0

    def _models(self, module: Module, node: ast.expr, depth: int) -> Iterator[Place]:
        if not depth:
            return
        for kind in _kinds(node):
            if self._is_spent():
                return
            match kind:
                case ast.Subscript(value=outer, slice=inner) if _last(outer) == "Annotated":
                    yield from self._models(module, _first(inner), depth - 1)
                case ast.Name() | ast.Attribute():
                    place = self._modules.find(module, dotted_name(kind))
                    if isinstance(place, str):
                        continue
                    if isinstance(place.node, ast.ClassDef):
                        if self._is_model(place):
                            yield place
                    elif isinstance(place.node, ast.expr):
                        yield from self._models(place.module, place.node, depth - 1)
                case _:
                    pass

    def _is_model(self, place: Place) -> bool:
        return any(
            not _MODELS.isdisjoint(_last(base) for base in node.bases)
            or any("dataclass" in _last(_called(one)) for one in node.decorator_list)
            for node, _ in self._line(place)
        )

    def _line(self, place: Place) -> Iterator[tuple[ast.ClassDef, Module]]:
        """Give a class and its bases in the tree, the class first."""
        stack = [place]
        seen: set[int] = set()
        while stack and len(seen) < _MAX_DEPTH:
            here = stack.pop()
            if not isinstance(here.node, ast.ClassDef) or id(here.node) in seen:
                continue
            seen.add(id(here.node))
            yield here.node, here.module
            bases = (self._modules.find(here.module, dotted_name(base)) for base in here.node.bases)
            stack += [base for base in bases if isinstance(base, Place)]

    def _fields(self, place: Place, depth: int) -> Json:
        found: dict[str, Json] = {}
        for node, module in reversed(list(self._line(place))):
            for statement in node.body[: _MAX_FIELDS * 4]:
                if not isinstance(statement, ast.AnnAssign) or len(found) >= _MAX_FIELDS:
                    continue
                target = statement.target
                if not isinstance(target, ast.Name) or target.id.startswith(("_", "model_config")):
                    continue
                if _last(_outer(statement.annotation)) == "ClassVar":
                    continue
                name, limits = target.id, _limits([statement.value] if statement.value else [])
                alias = _alias(statement.value)
                try:
                    value = self._value(module, statement.annotation, name, limits, depth - 1)
                except NoSampleError:
                    if statement.value is not None:
                        continue
                    raise
                found[alias or name] = value
        return found

    def _value(
        self, module: Module, node: ast.expr, name: str, limits: Sequence[ast.Call], depth: int
    ) -> Json:
        if not depth or self._is_spent():
            raise NoSampleError
        kinds = _kinds(node)
        kind = next((one for one in kinds if _last(one) != "None"), None)
        match kind:
            case ast.Subscript(value=outer, slice=inner):
                return self._subscript(module, _last(outer), inner, (name, limits), depth)
            case ast.Call():
                return _text_or_number(_last(kind.func), name, [kind, *limits])
            case ast.Name() | ast.Attribute():
                place = self._modules.find(module, dotted_name(kind))
            case _:
                raise NoSampleError
        if isinstance(place, str):
            return _text_or_number(place.rpartition(".")[2], name, limits)
        if not isinstance(place.node, ast.ClassDef):
            if isinstance(place.node, ast.expr):
                return self._value(place.module, place.node, name, limits, depth - 1)
            raise NoSampleError
        member = self._member(place)
        return self._fields(place, depth - 1) if member is None else member

    def _member(self, place: Place) -> Json:
        """Return the first value of an enumeration; `None` for any other class."""
        for node, _ in self._line(place):
            if any(_last(base).endswith(("Enum", "Flag")) for base in node.bases):
                for statement in node.body:
                    match statement:
                        case ast.Assign(value=ast.Constant(value=str() | int() as value)):
                            return value
                        case _:
                            pass
        return None

    def _subscript(
        self,
        module: Module,
        outer: str,
        inner: ast.expr,
        about: tuple[str, Sequence[ast.Call]],
        depth: int,
    ) -> Json:
        name, limits = about
        first = _first(inner)
        if outer == "Annotated":
            extra = inner.elts[1:] if isinstance(inner, ast.Tuple) else []
            return self._value(module, first, name, [*limits, *_limits(extra)], depth - 1)
        if outer == "Literal" and isinstance(first, ast.Constant):
            value = first.value
            if value is None or isinstance(value, str | int | float):
                return value
        if outer in {"Optional", "Union", "Required", "Final"}:
            return self._value(module, first, name, limits, depth - 1)
        if outer in _LISTS:
            return [self._value(module, first, name.removesuffix("s"), (), depth - 1)]
        if outer in _TABLES:
            last = inner.elts[-1] if isinstance(inner, ast.Tuple) else inner
            return {"key": self._value(module, last, "", (), depth - 1)}
        raise NoSampleError


def _text_or_number(kind: str, name: str, limits: Sequence[ast.Call]) -> Json:
    if kind in {"bool", "StrictBool"}:
        return True
    if kind in _NUMBERS or kind in _FLOATS:
        least = _bound(limits, "ge", 0) if _has(limits, "ge") else _bound(limits, "gt", 0) + 1
        most = _bound(limits, "le", least) if _has(limits, "le") else least
        return min(least, most)
    if kind in {"str", "constr", "StrictStr"}:
        return _text(name, limits)
    if kind in _LISTS:
        return []
    if kind in _TABLES:
        return {}
    if kind not in _TEXTS:
        raise NoSampleError
    return _TEXTS[kind]


def _text(name: str, limits: Sequence[ast.Call]) -> str:
    """Return a text that fits the name of a field and the looks of its pattern."""
    given = (keyword(call, key) for call in limits for key in ("pattern", "regex"))
    patterns = [one.value for one in given if isinstance(one, ast.Constant)]
    pattern = next((one for one in patterns if isinstance(one, str)), "")
    if re.match(r"\^?\(?(?:\?:)?https?", pattern):
        text = URL
    elif "@" in pattern:
        text = "ada@example.test"
    elif pattern.startswith((r"^\d", "^[0-9]")):
        text = "1"
    elif pattern.startswith("^[A-Z]"):
        text = "A"
    elif pattern:
        text = "a"
    else:
        text = next((value for part, value in _NAMED if part in name.lower()), "text")
    least = min(max(_bound(limits, "min_length", 0), 0), _MAX_TEXT)
    most = min(_bound(limits, "max_length", _MAX_TEXT), _MAX_TEXT)
    return text.ljust(least, "a")[: max(most, 0)]


def _limits(nodes: Sequence[ast.expr]) -> list[ast.Call]:
    return [node for node in nodes if isinstance(node, ast.Call)]


def _has(limits: Sequence[ast.Call], name: str) -> bool:
    return any(keyword(call, name) is not None for call in limits)


def _bound(limits: Sequence[ast.Call], name: str, otherwise: int) -> int:
    for call in limits:
        given, sign = keyword(call, name), 1
        if isinstance(given, ast.UnaryOp) and isinstance(given.op, ast.USub):
            given, sign = given.operand, -1
        if isinstance(given, ast.Constant) and isinstance(given.value, int | float):
            # A float can be without end.
            return int(max(min(sign * given.value, _MOST), -_MOST))
    return otherwise


def _alias(value: ast.expr | None) -> str:
    given = keyword(value, "alias") if isinstance(value, ast.Call) else None
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        return given.value
    return ""


def _kinds(node: ast.expr) -> list[ast.expr]:
    """Return the members of a union, in order; a stack, for it nests as deep as it is long."""
    found: list[ast.expr] = []
    stack = [node]
    while stack and len(found) < _MAX_FIELDS:
        here = stack.pop()
        match here:
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                stack += [right, left]
            case ast.Subscript(value=outer, slice=ast.Tuple(elts=items)) if _last(outer) == "Union":
                stack += items[::-1]
            case ast.Constant(value=str() as text) if len(text) < _MAX_TEXT:
                stack += _parsed(text)
            case _:
                found.append(here)
    return found


def _parsed(text: str) -> list[ast.expr]:
    """Return the annotation that stands in a string."""
    try:
        body = parse_text(text).body
    except UnreadableError:
        return []
    values = [one.value for one in body if isinstance(one, ast.Expr)]
    return [one for one in values if not isinstance(one, ast.Constant)][:1]


def _outer(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _first(node: ast.expr) -> ast.expr:
    return next(chain(node.elts if isinstance(node, ast.Tuple) else [], [node]))


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name; `None` is written as it is."""
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return dotted_name(node).rpartition(".")[2]
