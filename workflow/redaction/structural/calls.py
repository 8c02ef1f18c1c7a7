"""Values of calls and commands: credentials in pairs, defaults, braces, options behind a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import Syntax, is_random, is_value
from workflow.redaction.structural.assignment import emit, name_before
from workflow.redaction.structural.names import STEMS, classify
from workflow.redaction.structural.rule import Rule
from workflow.redaction.structural.source import LOOK_BACK
from workflow.redaction.structural.values import bare, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source


def _credentials(source: Source, at: int) -> Iterator[Span]:
    """`auth=("user", "value")`, `SetBasicAuth("user", "value")`, `login("user", "value")`."""
    literal = quoted(source, at - 1)
    if literal is None:
        return
    value = source.text[literal.start : min(literal.end, literal.start + 1024)]
    is_short = value.isdigit() and len(value) >= _CODE_LEAST
    if is_short or is_value(value, sure=True, quoted=True, syntax=Syntax.CODE):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "argument")


# A number below this length is a port or a count.
_CODE_LEAST = 6
_OPTION = re.compile(rb"[\"']-{0,2}([\w.-]+)[\"']\s*,[^()]*\Z")


def _defaulted(source: Source, at: int) -> Iterator[Span]:
    """`add_argument("--password", default="value")` and its like."""
    before = source.text[max(0, at - LOOK_BACK) : at]
    opened = before.rpartition(b"(")[2]
    found = _OPTION.search(opened)
    if found and (name := classify(found[1])):
        yield from emit(source, name, quoted(source, at - 1), "argument")


def _braced(source: Source, at: int) -> Iterator[Span]:
    """`std::string name{"value"};`."""
    brace = source.text.rfind(b"{", 0, at)
    found = name_before(source.text, brace)
    literal = quoted(source, at - 1)
    if found is None or literal is None or source.text[literal.end + 1 : literal.end + 2] != b"}":
        return
    if name := classify(found[0]):
        yield from emit(source, name, literal, "assignment")


_CONSTRUCTED = re.compile(rb"[=:][ \t]*[\w.:<>]*[({]\Z")


def _constructed(source: Source, at: int) -> Iterator[Span]:
    """`name = Text("value")`, whatever the constructor; only a value drawn by chance."""
    text = source.text
    low = max(0, at - LOOK_BACK)
    opened = _CONSTRUCTED.search(text, low, at - 1)
    literal = quoted(source, at - 1)
    if opened is None or literal is None:
        return
    found = name_before(text, opened.start())
    value = text[literal.start : min(literal.end, literal.start + 1024)]
    is_plain = b"std::" in opened[0] or is_random(value)
    if found and is_plain and (name := classify(found[0])):
        yield from emit(source, name, literal, "assignment")


_END = re.compile(rb"[ \t]*(?:[;,\\)}].*|#.*|//.*|-->.*)?\r?$", re.MULTILINE)


def _directive(source: Source, at: int) -> Iterator[Span]:
    """`clientSecret 'value'` of Gradle and other little languages: a line of a name and a text."""
    found = name_before(source.text, at - 1 - len(_BLANKS.match(source.text[:at - 1][::-1][:64])[0]))
    if found is None:
        return
    literal = quoted(source, at - 1)
    if literal and _END.match(source.text, literal.end + 1) and (name := classify(found[0])):
        yield from emit(source, name, literal, "directive")


_BLANKS = re.compile(rb"[ \t]*")


def _behind(source: Source, at: int) -> Iterator[Span]:
    """`put-secret … --value VALUE`: the option says nothing, the command before it does."""
    literal = bare(source, at)
    if literal is None or source.text[at : at + 1] in {b"-", b"<", b"["}:
        return
    value = source.text[literal.start : min(literal.end, literal.start + 1024)]
    if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG) and (
        source.syntax is Syntax.CONFIG or is_random(value, 8) or re.search(rb"\d", value)
    ):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "option")
