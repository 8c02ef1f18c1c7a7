"""What operators and literals make of the values that they are given."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline.client.places import plain
from workflow.providers.offline.client.scopes import FUNCTIONS
from workflow.providers.offline.client.values import (
    BOOL,
    FLOAT,
    INT,
    NULL,
    STR,
    UNDEFINED,
    UNKNOWN,
    Encoded,
    Function,
    Hole,
    How,
    Items,
    Kind,
    Record,
    Scalar,
    Text,
    Value,
    either,
    is_textual,
    options,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow.providers.offline.client.syntax import Node

_INTEGER = re.compile(r"(?:0[xXoObB])?[0-9a-fA-F_]+n?\Z")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_COMPARISONS = frozenset({"==", "===", "!=", "!==", "<", ">", "<=", ">=", "in", "instanceof"})
_BITS = frozenset({"|", "&", "^", "<<", ">>", ">>>"})
_NUMBERS = (INT, FLOAT)
_MAX_NAME = 40


def simple(node: Node) -> Value | None:  # noqa: PLR0911 - one return for each kind
    """A literal that says itself what it is."""
    match node.kind:
        case "string":
            return Text((unquoted(node),))
        case "number":
            return INT if _INTEGER.match(node.text) else FLOAT
        case "true" | "false":
            return BOOL
        case "null":
            return NULL
        case "undefined":
            return UNDEFINED
        case "regex":
            return Record(())
        case "update_expression":
            return INT
        case _:
            return None


def unquoted(node: Node) -> str:
    """What a string literal says."""
    return "".join(
        unescaped(part.text) if part.kind == "escape_sequence" else part.text
        for part in node.children
    )


def unescaped(sequence: str) -> str:
    """What an escape sequence stands for."""
    body = sequence[1:]
    digits = body.strip("{}ux")
    if body[:1] in {"u", "x"} and digits:
        code = int(digits, 16)
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"  # noqa: PLR2004 - Unicode's own bounds
    return _ESCAPES.get(body, "" if body in {"\n", "\r\n"} else body)


def label(node: Node) -> str:
    """A name for what an expression stands for: its last identifier."""
    words = re.findall(r"[A-Za-z_$][\w$]*", node.text[:400])
    useful = [word for word in words if word not in {"encodeURIComponent", "String", "this"}]
    return (useful[-1] if useful else "value")[:_MAX_NAME]


def hole(node: Node, value: Value) -> Hole:
    """The part of a text that an expression fills in."""
    kinds = {one.kind for one in options(value) if isinstance(one, Scalar)}
    only = kinds.pop() if len(kinds) == 1 and len(options(value)) == 1 else Kind.STR
    return Hole(label(node), only)


def template(node: Node, read: Callable[[Node], Value]) -> Value:
    """What a template string is."""
    parts: list[tuple[Node, Value]] = []
    for child in node.children:
        if child.kind == "template_substitution" and child.children:
            parts.append((child.children[0], read(child.children[0])))
        elif child.kind == "escape_sequence":
            parts.append((child, Text((unescaped(child.text),))))
        elif child.kind == "string_fragment":
            parts.append((child, Text((child.text,))))
    return joined(parts)


def joined(parts: Sequence[tuple[Node, Value]]) -> Value:
    """These one after the other as one text; several where a part can be several."""
    heads: list[tuple[str | Hole, ...]] = [()]
    for node, value in parts:
        written = [one for one in options(value) if isinstance(one, Text)]
        ways: list[tuple[str | Hole, ...]] = [one.parts for one in written]
        ways += [
            (Hole(label(node), Kind.STR, one.value),)
            for one in options(value)
            if isinstance(one, Encoded) and isinstance(one.value, Record) and one.how is How.FORM
        ]
        ways = ways or [(hole(node, value),)]
        if len(heads) * len(ways) > 16:  # noqa: PLR2004 - more addresses than a person can check
            ways = [(hole(node, value),)]
        heads = [(*head, *way) for head in heads for way in ways]
    return either(text(head) for head in heads)


def added(parts: Sequence[tuple[Node, Value]]) -> Value:
    """What `+` makes of these: a text if one of the first is one, else a number."""
    is_form = any(isinstance(one, Encoded) for _, value in parts for one in options(value))
    if is_form or any(is_textual(one) for _, value in parts for one in options(value)):
        return joined(parts)
    kinds = [value for _, value in parts]
    if all(kind == INT for kind in kinds):
        return INT
    return FLOAT if all(kind in _NUMBERS for kind in kinds) else UNKNOWN


def unary(node: Node, value: Value) -> Value:
    """What `!x`, `-x`, `typeof x` and their like are."""
    operator = node.get("operator")
    match operator.text if operator is not None else "":
        case "!" | "delete":
            return BOOL
        case "typeof":
            return STR
        case "void":
            return UNDEFINED
        case "~":
            return INT
        case _:
            return INT if value == INT else FLOAT


def binary(operator: str, left: Value, right: Value) -> Value:
    """What an operator other than `+` makes of two values."""
    if operator in _COMPARISONS:
        return BOOL
    if operator in _BITS:
        return INT
    if operator in {"||", "??"}:
        return defaulted(left, right, is_any_false=operator == "||")
    if operator == "&&":
        falsy = (NULL, UNDEFINED) if left not in (BOOL, UNKNOWN) else (UNDEFINED,)
        is_object = isinstance(right, Record | Items)
        kept = [one for one in options(left) if one in falsy]
        return either((right, *(kept or ([UNDEFINED] if is_object else [BOOL]))))
    if operator in {"-", "*", "%", "**"} and left == INT and right == INT:
        return INT
    return FLOAT


def defaulted(value: Value, default: Value, *, is_any_false: bool = False) -> Value:
    """What is there, or else the default.

    Of what is not known at all it is assumed to be of the default's kind.
    """
    nothing = (UNDEFINED, NULL) if is_any_false else (UNDEFINED,)
    there = [one for one in options(value) if one not in nothing]
    is_certain = bool(there) and all(
        (isinstance(one, Text) and any(one.parts)) or isinstance(one, Record | Items | Function)
        for one in there
    )
    if is_certain and len(there) == len(options(value)):
        return value
    alike = widened(default)
    found = [alike if one == UNKNOWN else one for one in there]
    return either((*found, default))


def widened(value: Value) -> Value:
    """Anything of that kind."""
    match value:
        case Text():
            return STR
        case Record():
            return Record(value.entries, is_open=True)
        case Scalar(kind=Kind.INT):
            return FLOAT
        case Scalar(kind=Kind.NULL | Kind.UNDEFINED):
            return UNKNOWN
        case _:
            return value


def computed(site: Node, before: Sequence[Value]) -> Value:
    """What `x += y` and its like leave."""
    if any(is_textual(one) for one in before):
        return STR
    right = site.get("right")
    if right is not None and right.kind in {"string", "template_string"}:
        return STR
    return FLOAT if all(one in _NUMBERS for one in before) else UNKNOWN


def grown(value: Value, extra: Sequence[Value]) -> Value:
    """An array with further elements."""
    if not extra:
        return value
    found: list[Value] = []
    for one in options(value):
        if isinstance(one, Items):
            before = [kind for kind in options(one.element) if kind != UNDEFINED]
            found.append(Items(either((*before, *extra))))
        else:
            found.append(one)
    return either(found)


def key(node: Node, read: Callable[[Node], Value]) -> str | None:
    """The name of a property; `None` for one that is only known when the client runs."""
    if node.kind == "computed_property_name":
        value = read(node.children[0]) if node.children else UNKNOWN
        return value.constant if isinstance(value, Text) else None
    return unquoted(node) if node.kind == "string" else node.text


def returns(body: Node) -> Iterator[Node]:
    """The return statements of a function's body, without those of functions inside it."""
    stack = [body]
    while stack:
        node = stack.pop()
        if node.kind == "return_statement":
            yield node
        elif node.kind not in FUNCTIONS and node.kind not in {"class", "class_declaration"}:
            stack.extend(reversed(node.children))


def less(whole: Record, gone: set[str]) -> Record:
    """The object when some of its properties may be deleted."""
    entries = (
        replace(entry, is_optional=True) if entry.name in gone else entry for entry in whole.entries
    )
    return Record(tuple(entries), whole.is_open)


def summands(node: Node) -> list[Node]:
    """The parts of a chain of `+`, from left to right, however long it is."""
    parts: list[Node] = []
    stack = [node]
    while stack:
        one = plain(stack.pop())
        sign = one.get("operator") if one.kind == "binary_expression" else None
        left, right = one.get("left"), one.get("right")
        if sign is not None and sign.text == "+" and left is not None and right is not None:
            stack += [right, left]
        else:
            parts.append(one)
    return parts
