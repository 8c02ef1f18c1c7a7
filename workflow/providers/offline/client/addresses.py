"""Takes an address of a client apart: whose it is, the path, its parameters and the query."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from workflow.providers.offline.client import known
from workflow.providers.offline.client.values import (
    Entry,
    Hole,
    Kind,
    Record,
    Scalar,
    Text,
    merged,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# One character of the private use area stands for each hole while the text is taken apart.
_FIRST = 0xE000
_LAST = 0xF8FF
_HOLES = f"[{chr(_FIRST)}-{chr(_LAST)}]"
_AUTHORITY = re.compile(r"[^/?]{0,300}//(?P<host>[^/?]*)")
_BASE = re.compile(rf"(?P<base>{_HOLES}+)(?P<slash>/|(?=\?)|\Z)?")
_SEGMENT = re.compile(rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@%-]|{_HOLES})+\Z")
_WORD = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TAKEN = frozenset({"app", "keep", "models", "os", "payload", "query", "request", "self"})
_MAX_PATH = 200
_MAX_SEGMENTS = 20
SAME = ""
SCRIPT = "the script's own origin"
ASSUMED = "an address that the client is given"


class AddressError(Exception):
    """The address cannot be told; the message says why."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of a path that is filled in."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes.

    `origin` is a host, `SAME` for the page's own, `SCRIPT` or `ASSUMED`; `path` has its parameters
    in braces; `query` has the fields of the query, `None` without one.
    """

    origin: str
    path: str
    parameters: tuple[Parameter, ...]
    query: Record | None
    notes: tuple[str, ...] = ()


def snake(name: str, fallback: str = "value") -> str:
    """A name for Python, in its own style."""
    words = _WORD.findall(_HUMP.sub(" ", name))
    found = "_".join(word.lower() for word in words)[:40].strip("_") or fallback
    if found[0].isdigit():
        found = f"{fallback}_{found}"
    return f"{found}_" if keyword.iskeyword(found) or found in _TAKEN else found


def address(value: Text) -> Address:
    """Take an address apart.

    Raises `AddressError` for one of which not even the path is known.
    """
    holes = [part for part in value.parts if isinstance(part, Hole)]
    if len(holes) > _LAST - _FIRST:
        message = "it has too many parts"
        raise AddressError(message)
    written, count = [], 0
    for part in value.parts:
        if isinstance(part, Hole):
            written.append(chr(_FIRST + count))
            count += 1
        else:
            written.append(re.sub(_HOLES, "\ufffd", part))
    whole, _, _ = "".join(written).strip().partition("#")
    rest, _, query = whole.partition("?")
    origin, path, notes = _origin(rest, holes)
    path, trailing = _without_query_holes(path, holes)
    fields = _query(query, trailing, holes)
    path, parameters = _path(path, holes)
    return Address(origin, path, parameters, fields, tuple(notes))


def _origin(  # noqa: PLR0911 - one return for each way of writing an origin
    rest: str, holes: Sequence[Hole]
) -> tuple[str, str, list[str]]:
    """Whose it is, and the path as it is written."""
    found = _AUTHORITY.match(rest)
    if found is not None:
        path = rest[found.end() :] or "/"
        host = found["host"]
        if re.search(_HOLES, host):
            names = [holes[ord(char) - _FIRST].name for char in host if _is_hole(char)]
            own = all(name in known.ORIGINS or name in {"host", "hostname"} for name in names)
            return SAME if own else ASSUMED, path, []
        return host.lower(), path, []
    base = _BASE.match(rest)
    if base is None:
        if rest.startswith("/"):
            return SAME, rest, []
        while rest.startswith(("./", "../")):
            rest = rest.partition("/")[2]
        note = f"/{rest} is written relative to the page and is taken from the root"
        return SAME, f"/{rest}", [note] if rest else []
    hole = holes[ord(base["base"][-1]) - _FIRST]
    path = rest[base.end() :]
    if not path and base["slash"] != "/" and hole.fields is None:
        message = "nothing of it is written in the file"
        raise AddressError(message)
    if hole.name in known.ORIGINS or hole.name == "origin":
        return SAME, f"/{path}", []
    if hole.name == "document.currentScript.src":
        return SCRIPT, f"/{path}", []
    note = f"`{hole.name}` before /{_shown(path)} is taken for the origin of this service"
    return ASSUMED, f"/{path}", [note]


def _is_hole(char: str) -> bool:
    return _FIRST <= ord(char) <= _LAST


def _shown(path: str) -> str:
    return re.sub(_HOLES, "…", path)[:80]


def _without_query_holes(path: str, holes: Sequence[Hole]) -> tuple[str, list[Hole]]:
    """The path without a hole at its end that is a query: `"/x" + params`."""
    found: list[Hole] = []
    while path and _is_hole(path[-1]):
        hole = holes[ord(path[-1]) - _FIRST]
        is_query = hole.fields is not None or re.search(
            r"(?i)query|search|params|\bqs\b", hole.name
        )
        if not is_query or path[:-1].endswith("/"):
            break
        found.append(hole)
        path = path[:-1]
    return path, found


def _query(query: str, trailing: list[Hole], holes: Sequence[Hole]) -> Record | None:
    """The fields of the query; an open one has fields that are not known."""
    if not query and not trailing:
        return None
    fields = Record(())
    for hole in trailing:
        fields = merged(fields, hole.fields or Record((), is_open=True))
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if not equals and name and all(map(_is_hole, name)):
            hole = holes[ord(name[0]) - _FIRST]
            fields = merged(fields, hole.fields or Record((), is_open=True))
        elif name and not re.search(_HOLES, name):
            kinds = [holes[ord(char) - _FIRST].kind for char in value if _is_hole(char)]
            kind = kinds[0] if len(kinds) == 1 == len(value) else Kind.STR
            kind = Kind.STR if kind in {Kind.UNKNOWN, Kind.NULL, Kind.UNDEFINED} else kind
            fields = merged(fields, Record((Entry(unquote(name), Scalar(kind)),)))
        elif name:
            fields = Record(fields.entries, is_open=True)
    return fields


def _path(path: str, holes: Sequence[Hole]) -> tuple[str, tuple[Parameter, ...]]:
    """The path with its parameters in braces, and the parameters."""
    if len(path) > _MAX_PATH or path.count("/") > _MAX_SEGMENTS:
        message = "its path is too long"
        raise AddressError(message)
    parameters: list[Parameter] = []
    segments: list[str] = []
    for segment in path.split("/")[1:]:
        if segment and not _SEGMENT.match(segment):
            message = f"its path has characters that no path has: {_shown(segment)!r}"
            raise AddressError(message)
        if segment in {".", ".."}:
            message = "its path has dots for folders"
            raise AddressError(message)
        segments.append(_segment(segment, holes, parameters))
    return "/" + "/".join(segments), tuple(parameters)


def _segment(segment: str, holes: Sequence[Hole], parameters: list[Parameter]) -> str:
    written: list[str] = []
    for char in segment:
        if not _is_hole(char):
            written.append(char)
            continue
        if written and written[-1].endswith("}"):
            message = "two parts of its path that are filled in have nothing between them"
            raise AddressError(message)
        hole = holes[ord(char) - _FIRST]
        name = snake(hole.name)
        taken = {one.name for one in parameters}
        name = next(
            one for one in (name, *(f"{name}_{n}" for n in range(2, 99))) if one not in taken
        )
        parameters.append(Parameter(name, Kind.INT if hole.kind is Kind.INT else Kind.STR))
        written.append(f"{{{name}}}")
    return "".join(written)
