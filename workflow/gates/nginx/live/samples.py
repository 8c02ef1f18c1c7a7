"""Paths that a location is made for, and their neighbours."""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]  # not in the stubs
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from workflow.gates.nginx.live import patterns
from workflow.gates.nginx.live.patterns import MAX_PATTERN, pythonic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.semantics.nginx.expanded import Item

_MAX_SAMPLE = 300
_MAX_NODES = 2000
# What may stand in a request's target as it is.
_PLAIN = "/:@!$&'()*+,;=-._~%"
_CLASSES = {
    _constants.CATEGORY_DIGIT: "1",
    _constants.CATEGORY_NOT_DIGIT: "a",
    _constants.CATEGORY_SPACE: " ",
    _constants.CATEGORY_NOT_SPACE: "a",
    _constants.CATEGORY_WORD: "a",
    _constants.CATEGORY_NOT_WORD: "-",
}
_QUERY = "?a=1&b=%2F"
_LIKELY = "a1-._/~bcdexyzABC0 %"
Node: TypeAlias = "tuple[object, Any]"


def matching(pattern: str) -> str:
    """Return a text that a pattern matches; empty where none was made.

    The pattern is parsed as Python's, which is not PCRE: the sample is for trying, not for judging.
    """
    if len(pattern) > MAX_PATTERN:
        return ""
    try:
        parsed = _parser.parse(pythonic(pattern))
        return _Maker().text(parsed)[:_MAX_SAMPLE]
    except (re.error, RecursionError, OverflowError, ValueError, KeyError):
        return ""


class _Maker:
    """Makes the text, by the shortest way, in a bounded number of steps."""

    def __init__(self) -> None:
        self._left = _MAX_NODES
        self._groups: dict[int, str] = {}

    def text(self, nodes: Iterable[Node]) -> str:
        return "".join(self._one(kind, value) for kind, value in nodes)

    def _one(self, kind: object, value: Any) -> str:  # noqa: ANN401 - each kind has its own
        self._left -= 1
        if self._left < 0:
            raise ValueError
        if kind is _constants.LITERAL:
            return chr(value)
        if kind is _constants.IN:
            return _member(value)
        if kind is _constants.NOT_LITERAL:
            return _other([(_constants.LITERAL, value)])
        if kind is _constants.BRANCH:
            return self.text(value[1][0])
        if kind is _constants.GROUPREF:
            return self._groups.get(value, "")
        return self._nested(kind, value)

    def _nested(self, kind: object, value: Any) -> str:  # noqa: ANN401 - as above
        if kind is _constants.SUBPATTERN:
            made = self.text(value[3])
            self._groups[value[0]] = made
            return made
        if kind in _REPEATS:
            least, most, nodes = value
            count = min(max(least, 1 if most else 0), _MAX_SAMPLE)
            return "".join(self.text(nodes) for _ in range(count))
        if kind is _constants.ATOMIC_GROUP:
            return self.text(value)
        return "a" if kind is _constants.ANY else ""


_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


def _member(members: list[Node]) -> str:
    """Return a character of a class."""
    if members and members[0][0] is _constants.NEGATE:
        return _other(members[1:])
    for kind, value in members:
        if kind is _constants.LITERAL:
            return chr(value)
        if kind is _constants.RANGE:
            return chr(value[0])
        if kind is _constants.CATEGORY:
            return _CLASSES[value]
    return ""


def _other(members: list[Node]) -> str:
    """Return a character that is not in a class."""
    return next((char for char in _LIKELY if not _is_in(char, members)), "~")


def _is_in(char: str, members: list[Node]) -> bool:
    for kind, value in members:
        if kind is _constants.LITERAL and value == ord(char):
            return True
        if kind is _constants.RANGE and value[0] <= ord(char) <= value[1]:
            return True
        if kind is _constants.CATEGORY:
            made = _CLASSES[value]
            if made == char or (made == "a" and char.isalnum()):
                return True
    return False


def target(text: str) -> str:
    """Return a path as it can stand in a request line."""
    path = text if text.startswith("/") else f"/{text}"
    return quote(path, safe=_PLAIN)


def primary(location: Item) -> str:
    """Return the path that a location is there for; empty for a named one."""
    modifier, path = modified(location)
    if path.startswith("@"):
        return ""
    if modifier.startswith("~"):
        # A path that does not match asks another location, and shows nothing of this one.
        made = matching(path)
        usual = made if path.startswith("^") else f"/probe{made.removeprefix('/')}"
        likely = [one for one in (usual, made, f"/{made}", f"/probe/{made}") if one[:1] == "/"]
        tried = ((one, fits(location, one)) for one in likely)
        found = next((one for one, is_fit in tried if is_fit or (is_fit is None and made)), "")
        return target(found) if found else ""
    if modifier == "=" or not path.endswith("/"):
        return target(path)
    return target(f"{path}probe.html")


def fits(location: Item, path: str) -> bool | None:
    """Whether the pattern of a location matches a path; `None` where that is not tried."""
    modifier, pattern = modified(location)
    return patterns.fits(pattern, path, ignores_case=modifier == "~*")


def shared(location: Item, other: Item) -> str:
    """Return the target of a path that the patterns of two locations match; empty without one."""
    both = (location, other)
    first, second = (matching(modified(one)[1]) for one in both)
    if not (first and second):
        return ""
    likely = (first, second, first + second, second + first, f"{first}/{second}")
    paths = (f"{start}{one}" for one in likely for start in ("/probe", "", "/"))
    paths = (one for one in paths if one.startswith("/"))
    return next((target(one) for one in paths if all(fits(each, one) for each in both)), "")


def modified(location: Item) -> tuple[str, str]:
    """Return a location's modifier and its path."""
    if len(location.args) >= 2:  # noqa: PLR2004 - `= /path`
        return location.args[0], location.args[1]
    word = location.args[0] if location.args else "/"
    # `location ~^/x` and `location =/x` are allowed, too.
    found = re.match(r"(\^~|~\*|~|=)(.+)", word, re.DOTALL)
    return (found[1], found[2]) if found else ("", word)


def neighbours(location: Item) -> tuple[str, ...]:
    """Return targets around the one that a location is there for, without that."""
    modifier, path = modified(location)
    own = primary(location)
    if not own:
        return ()
    if modifier.startswith("~"):
        found = [f"{own}{_QUERY}", f"{own}/", f"{own}x", f"/x{own}", own.upper(), f"{own}/x.php"]
        return tuple(one for one in dict.fromkeys(found) if one != own)
    clean = target(path.rstrip("/"))
    folder = clean.rstrip("/")
    deep = own if modifier == "=" else f"{folder}/deeper/probe.html"
    found = [f"{deep}{_QUERY}", clean, f"{folder}/", f"{folder}x", f"{folder}../{NEIGHBOUR}"]
    found += [f"{folder}/a%0d%0aX-Split:1", f"/{folder}/probe.html", f"{folder}//probe.html"]
    found += [f"{folder}/x/../probe.html", f"{folder}/%2e%2e/probe.html"]
    rooted = (one if one.startswith("/") else f"/{one}" for one in found)
    return tuple(one for one in dict.fromkeys(rooted) if one != own)


NEIGHBOUR = "workflow-neighbour.txt"
"""A file that lies beside each folder that is served, and must never be."""
