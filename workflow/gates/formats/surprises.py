"""Plain words of YAML that readers of its two versions take for different things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.formats import Items, Problem, Scalar, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.formats import Node

_SAME = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
_OCTAL = re.compile(r"[-+]?0[0-7_]+\Z")
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_CUT = re.compile(r"[0-9]+\.[0-9]*0\Z")
_VERSION = re.compile(r"version|release|tag\b", re.IGNORECASE)
_MOST = 20


def surprises(document: Node) -> tuple[Problem, ...]:
    """Return each plain word that means something else to some readers, where it first stands.

    A file that has such a word already is read by a program that is meant by it.
    """
    found: dict[str, Problem] = {}
    for key, one in _scalars(document):
        if said := _said(key, one):
            message = f"{one.text[:40]} {said}"
            found.setdefault(message, Problem(one.line, message, "quote it"))
            if len(found) == _MOST:
                break
    return tuple(found.values())


def _said(key: str, one: Scalar) -> str:
    text = one.text
    if one.tag == "bool" and text not in _SAME:
        return "is a boolean to some readers, and a text to others"
    if one.tag == "int" and _OCTAL.match(text):
        return "is an octal number to some readers, and a decimal one to others"
    if one.tag in {"int", "float"} and _SIXTIES.match(text):
        return "is a number to base 60 to some readers, and a text to others"
    if one.tag == "float" and _CUT.match(text) and _VERSION.search(key):
        return f"is the number {text.rstrip('0').rstrip('.')}, not that version"
    return ""


def _scalars(document: Node) -> Iterator[tuple[str, Scalar]]:
    """Give each plain value with the key that it stands under, in the order of the text."""
    stack: list[tuple[str, Node]] = [("", document)]
    seen: set[int] = set()
    while stack:
        key, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        match node:
            case Table():
                stack.extend((one.key, one.value) for one in reversed(node.entries))
            case Items():
                stack.extend((key, one) for one in reversed(node.items))
            case Scalar() if node.tag != "str":
                yield key, node
            case _:
                pass
