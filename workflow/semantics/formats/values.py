"""The values of a tree as Python holds them, for validators; numbers as YAML 1.2 and JSON have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.formats.tree import Items, Scalar, Table

if TYPE_CHECKING:
    from workflow.semantics.formats.tree import Node

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

_INT = re.compile(r"[-+]?[0-9]{1,300}\Z")
_OCTAL = re.compile(r"0o[0-7]{1,300}\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,300}\Z")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,5})?\Z"
)
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def plain(node: Node) -> Plain:
    """Return what a tree says in Python's own types.

    Only `true` and `false` are booleans, as in YAML 1.2: programs that validate against schemas
    take `on` for a text.  Keys are texts.  Goes down by calls: trees have bounded depth.
    """
    match node:
        case Table():
            return {one.key: plain(one.value) for one in node.entries}
        case Items():
            return [plain(one) for one in node.items]
        case Scalar():
            return _scalar(node)


def _scalar(node: Scalar) -> Plain:
    text = node.text
    match node.tag:
        case "null":
            return None
        case "bool":
            return _BOOL.get(text, text)
        case "int" | "float":
            return _number(text)
        case _:
            return text


def _number(text: str) -> Plain:
    if _INT.match(text):
        return int(text)
    if _OCTAL.match(text) or _HEX.match(text):
        return int(text, 0)
    return float(text) if _FLOAT.match(text) else text
