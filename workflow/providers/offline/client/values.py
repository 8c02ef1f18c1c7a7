"""What an expression of a client can be, as far as its text tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflow.providers.offline.client.syntax import Node

MAX_CHOICES = 16
MAX_FIELDS = 200
MAX_TEXT = 8192


class Kind(StrEnum):
    """Kinds of single values; `UNDEFINED` is what JSON leaves out."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    MOMENT = "moment"
    NULL = "null"
    UNDEFINED = "undefined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value of which the kind is known, or not even that."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a text that is only known when the client runs; `name` is for people.

    `fields` are set for one that is a query, as `URLSearchParams` writes it.
    """

    name: str
    kind: Kind
    fields: Record | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text of which some parts are known."""

    parts: tuple[str | Hole, ...]

    @property
    def constant(self) -> str | None:
        """The whole text if all of it is known."""
        known = [part for part in self.parts if isinstance(part, str)]
        return "".join(known) if len(known) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A property of an object; an optional one is not always sent."""

    name: str
    value: Value
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An object; an open one has properties whose names are not known."""

    entries: tuple[Entry, ...]
    is_open: bool = False

    def get(self, name: str) -> Value | None:
        """The value of a property."""
        return next((entry.value for entry in self.entries if entry.name == name), None)


@dataclass(frozen=True, slots=True)
class Items:
    """An array of such elements."""

    element: Value


class How(StrEnum):
    """How a value is written into a body or an address."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    BLOB = "blob"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value in writing; `media` is the content type that goes with it, or empty."""

    value: Value
    how: How
    media: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and what the names of the functions around it stand for."""

    node: Node
    env: Env


@dataclass(frozen=True, slots=True)
class Made:
    """What `new NAME(...)` or a call of a library makes, with the place where it is made."""

    maker: str
    node: Node
    env: Env


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    options: tuple[Value, ...]


Value: TypeAlias = "Scalar | Text | Record | Items | Encoded | Function | Made | Choice"


@dataclass(frozen=True, slots=True)
class Env:
    """What the parameters of functions stand for in one chain of calls.

    `bound` has, for each function by its place in the file, the arguments of the call.
    """

    bound: tuple[tuple[Node, Call], ...] = ()

    def get(self, function: Node) -> Call | None:
        """The call that a function's parameters are bound to."""
        return next((call for node, call in self.bound if node is function), None)

    def binding(self, function: Node, call: Call) -> Env:
        """The same, with one function's parameters bound."""
        kept = tuple(pair for pair in self.bound if pair[0] is not function)
        return Env((*kept, (function, call)))


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of a call, to be read in the surroundings of the call."""

    arguments: tuple[Node, ...]
    env: Env


UNKNOWN = Scalar(Kind.UNKNOWN)
UNDEFINED = Scalar(Kind.UNDEFINED)
NULL = Scalar(Kind.NULL)
STR = Scalar(Kind.STR)
INT = Scalar(Kind.INT)
FLOAT = Scalar(Kind.FLOAT)
BOOL = Scalar(Kind.BOOL)
MOMENT = Scalar(Kind.MOMENT)
NO_ENV = Env()


def options(value: Value) -> tuple[Value, ...]:
    """The values that it can be: itself, or those of a choice."""
    return value.options if isinstance(value, Choice) else (value,)


def either(values: Iterable[Value]) -> Value:
    """One of these; each only once, `UNKNOWN` if they are too many."""
    found = tuple(dict.fromkeys(one for value in values for one in options(value)))
    if not found:
        return UNKNOWN
    if len(found) > MAX_CHOICES:
        return UNKNOWN
    return found[0] if len(found) == 1 else Choice(found)


def text(parts: Iterable[str | Hole]) -> Value:
    """A text of these parts, with known ones put together; `STR` if it is very long."""
    joined: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    size = sum(len(part) if isinstance(part, str) else 1 for part in joined)
    return Text(tuple(joined) or ("",)) if size <= MAX_TEXT else STR


def is_textual(value: Value) -> bool:
    """Whether it is a string, as far as known."""
    if isinstance(value, Choice):
        return all(map(is_textual, value.options))
    strings = (Kind.STR, Kind.MOMENT)
    return isinstance(value, Text) or (isinstance(value, Scalar) and value.kind in strings)


def can_be_undefined(value: Value) -> bool:
    """Whether JSON may leave it out."""
    return UNDEFINED in options(value)


def without_undefined(value: Value) -> Value:
    """The same, when it is there."""
    return either(one for one in options(value) if one != UNDEFINED)


def record(entries: Mapping[str, Entry], *, is_open: bool = False) -> Record:
    """An object of these; with too many properties it is an open one."""
    kept = tuple(entries.values())
    return Record(kept[:MAX_FIELDS], is_open or len(kept) > MAX_FIELDS)


def merged(first: Record, second: Record, *, is_sure: bool = True) -> Record:
    """What `{...first, ...second}` is; with `is_sure` false the second is not always spread."""
    entries = {entry.name: entry for entry in first.entries}
    for entry in second.entries:
        before = entries.get(entry.name)
        is_optional = entry.is_optional or not is_sure
        if before is None:
            entries[entry.name] = Entry(entry.name, entry.value, is_optional)
        elif is_optional:
            value = either((before.value, entry.value))
            entries[entry.name] = Entry(entry.name, value, before.is_optional)
        else:
            entries[entry.name] = entry
    return record(entries, is_open=first.is_open or second.is_open)


def spread(base: Record, value: Value) -> Record:
    """The object with another spread into it; one that may be nothing makes optional."""
    found = options(value)
    records = [one for one in found if isinstance(one, Record)]
    nothing = (UNDEFINED, NULL, BOOL)
    is_sure = len(records) == 1 and all(one in records for one in found)
    for one in records:
        base = merged(base, one, is_sure=is_sure)
    if any(one not in records and one not in nothing for one in found):
        base = Record(base.entries, is_open=True)
    return base
