"""Reads the literal that stands at a place, by the quoting rules of whatever syntax is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.redaction.plausible import Syntax, is_random

if TYPE_CHECKING:
    from workflow.redaction.structural.source import Source


@dataclass(frozen=True, slots=True)
class Literal:
    """The bytes from `start` to `end`, without their quotes."""

    start: int
    end: int
    quoted: bool


_QUOTE = re.compile(rb"(\\{0,7})(\"\"\"|'''|[\"'`])")
_DOUBLE = re.compile(rb'(?:[^"\\\r\n]|\\[^\r\n])*+')
_SINGLE = re.compile(rb"(?:[^'\\\r\n]|\\[^\r\n])*+")
_SINGLE_PLAIN = re.compile(rb"(?:[^'\r\n]|''|'\\'')*+")
_TICK = re.compile(rb"(?:[^`\\]|\\.)*+", re.DOTALL)
_ENTITY = re.compile(rb"&(quot|apos|#34|#39|#x22|#x27);")
_NOT_QUOTE = {b'"': _DOUBLE, b"'": _SINGLE, b"`": _TICK}

# An operator's other half, a type annotation, a prefix of the quote or a call around it.
_LEAD = re.compile(rb"[=>~]{0,2}(?:\*\*)?[ \t]*(?:<(?:code|b|strong|tt|kbd|samp|em|i)>)?")
_TYPED = re.compile(
    rb"(?:(?:&'\w{1,20} )?[&*?]*[A-Za-z_][\w.:]{0,40}(?:[\[<][\w., |"
    rb"\[\]<>']{0,40}[\]>])?(?: ?\| ?\w{1,20})?[?!]?)"
    rb"[ \t]*=[ \t]*(?=[bBrRuUf]?[\"'`(])"
)
_WRAP = re.compile(
    rb"(?:\{\s{0,80}\\{0,3}[\"']?(?:value|default|securestring|content|"
    rb"plaintext)\\{0,3}[\"']?[ \t]*[:=][ \t]*(?=\\{0,3}[\"'])|"
    rb"\{[ \t]*(?=[bBrRuUfF]{0,2}[\"'])|[(\[]\s{0,80}(?=[bBrRuUfF]{0,2}[\"'])|"
    rb"[bBrRuUfFlL@$]{1,2}(?=[\"'])|!!str[ \t]+|&[\w-]+[ "
    rb"\t]+(?=\S)|"
    rb"(?:new[ \t]+)?(?:pydantic\.|types\.)?(?:SecretStr|SecretBytes|Secret|String(?:::from)?|"
    rb"str|bytes|"
    rb"Some|Ok|Buffer\.from|\[\]byte|(?:base64\.)?b64decode|atob|aws\.String|quote|NSString|"
    rb"ConvertTo-SecureString|sensitive|tostring|nonsensitive)[ \t]*\(?[ \t]*(?:-String[ \t]+)"
    rb"?(?=[\"'`b])|"
    rb"(?:process\.env|os\.environ|ENV|env|config|args|options|self|this|"
    rb"params)?[\w.\[\]\"'()]{0,60}"
    rb"[ \t]*(?:\|\||\?\?|\bor\b)[ \t]*(?=[\"'`])){1,3}"
)
_DEFAULT = re.compile(rb"\$\{[A-Za-z_][\w.]*:?[-=]?(?P<value>[^{}\r\n]*)\}\Z")
_SCHEMES = re.compile(
    rb"(?i)(?:(?:bearer|basic|token|apikey|api-key|digest|key|sso-key|geniekey|splunk|negotiate)"
    rb"[ \t:=]+(?:token=)?|\{(?:noop|plain|clear)\})"
)

_LINE = re.compile(rb"[^ \t\r\n]++(?:[ \t]++(?!#|//)[^ \t\r\n]++)*+")
_WORD = re.compile(rb"[^\s\"'`<>]++")
_SOLID = re.compile(rb"[^\s\"'`]++")
_FLOW = re.compile(rb"[^,;(){}\[\]\s\"'`<>]++")
_QUERY = re.compile(rb"[^&\s\"'#<>;,)\]}\\`|]++")
_PARTS = re.compile(rb"[^;\"'`\r\n<]++")
_TO_DOUBLE = re.compile(rb'(?:[^"\\\r\n]|\\[^\r\n])++')
_TO_SINGLE = re.compile(rb"[^'\r\n]++")
_BLOCK = re.compile(rb"(?:![\w-]+[ \t]+)?[|>][0-9]?[+-]?[0-9]?[ \t]*(?:#[^\n]*)?\r?\n")
_HEADS = re.compile(
    rb"(?:export|set|setx|setenv|SetEnv|ENV|ARG|declare|local|readonly|typeset|env|var|let|const|"
    rb"Environment=|-[a-z]\w?|[-*+#>;|]+|//+|\d+[.)]|\$|sudo|-- |REM|%%)[ \t]*"
)
_CLOSERS = 12
_COMMAND_TAIL = re.compile(rb"[ \t]+(?:-|/|\\|&|\||>|<|[\w./-]+[ \t]+-|\w+=|[\w-]+/)")


def read(source: Source, at: int, name: int, *, keyed: bool) -> Literal | None:
    """The literal after a separator at `at`, of the name that starts at `name`.

    `keyed`: the name itself stood in quotes, as a key of JSON does.
    """
    text = source.text
    lead = _LEAD.match(text, at)
    at = lead.end() if lead else at
    if typed := _TYPED.match(text, at):
        at = typed.end()
    elif wrap := _WRAP.match(text, at):
        at = wrap.end()
    literal = quoted(source, at)
    if literal is None and source.syntax is not Syntax.CODE:
        literal = block(source, at, name) or _bare(source, at, name, keyed=keyed)
    elif literal is None and not keyed:
        literal = _within(source, at, name)
    return _trim(text, literal) if literal else None


def quoted(source: Source, at: int) -> Literal | None:  # noqa: PLR0911 - one form of quotes each
    """The content of the string literal that opens at `at`."""
    text = source.text
    if entity := _ENTITY.match(text, at):
        end = text.find(entity[0], entity.end(), source.line_end(at))
        return Literal(entity.end(), end, quoted=True) if end >= 0 else None
    match = _QUOTE.match(text, at)
    if match is None:
        return None
    start, slashes, quote = match.end(), match[1], match[2]
    if quote == b"`" and not source.has_templates:
        end = text.find(b"`", start, source.line_end(start))
        is_code = source.syntax in {Syntax.CODE, Syntax.CONFIG} or slashes
        return None if is_code or end < 0 else Literal(start, end, quoted=True)
    if len(quote) > 1:
        end = text.find(quote, start)
        return Literal(start, end, quoted=True) if end >= 0 else None
    if slashes:
        closing = re.compile(rb"(?<!\\)" + re.escape(slashes + quote))
        closed = closing.search(text, start, source.line_end(start))
        return Literal(start, closed.start(), quoted=True) if closed else None
    kinds = [_NOT_QUOTE[quote]]
    if quote == b"'" and source.syntax is not Syntax.CODE:
        kinds = [_SINGLE_PLAIN] if source.syntax is Syntax.CONFIG else [_SINGLE, _SINGLE_PLAIN]
    for kind in kinds:
        inner = kind.match(text, start)
        if inner and text[inner.end() : inner.end() + 1] == quote:
            return Literal(start, inner.end(), quoted=True)
    return None


def block(source: Source, at: int, name: int) -> Literal | None:
    """A YAML block scalar (`|`, `>`) at `at`: all lines that are indented further than its key."""
    opened = _BLOCK.match(source.text, at)
    before = source.before(name)
    if opened is None or before is None:
        return None
    indent = len(before) - len(before.lstrip(b" -"))
    text, end, start = source.text, opened.end(), 0
    while end < len(text):
        stop = source.line_end(end)
        line = text[end : min(stop, end + 4096)]
        body = line.lstrip(b" ")
        if body.strip() and len(line) - len(body) <= indent:
            break
        if body.strip() and not start:
            start = end + len(line) - len(body)
        end = stop + 1
    return Literal(start, min(end, len(text)), quoted=True) if start else None


def bare(source: Source, at: int) -> Literal | None:
    """The one word at `at`, as a command's argument stands there: quoted, or up to a blank."""
    literal = quoted(source, at)
    if literal is None:
        literal = Literal(at, source.run(_WORD, at), quoted=False)
    return _trim(source.text, literal)


_MORE = re.compile(rb"&[\w.-]+=")


def _within(  # noqa: PLR0911 - one place each
    source: Source, at: int, name: int
) -> Literal | None:
    """In code: the value inside of a string such as `"host=db password=x"`."""
    text = source.text
    last = text[name - 1 : name]
    before = source.before(name)
    if before is not None and not before.strip(b" \t#/*;-<!+"):
        return _commented(source, at, before)
    spaced = text[at - 1 : at] not in {b"=", b":"}
    if last in {b'"', b"'"} and not spaced:
        end = source.run(_TO_DOUBLE if last == b'"' else _TO_SINGLE, at)
        if query := _MORE.search(text, at, min(end, at + 1024)):
            end = query.start()
        return Literal(at, end, quoted=True)
    if last in {b"?", b"&"}:
        return Literal(at, source.run(_QUERY, at), quoted=True)
    if last == b";":
        return Literal(at, source.run(_PARTS, at), quoted=True)
    # An odd number of quotes before the name: it stands inside of a string.
    if before is None or not (
        (before.count(b'"') - before.count(b'\\"')) % 2 or before.count(b"'") % 2
    ):
        return None
    end = source.run(_FLOW, at)
    value = text[at : min(end, at + 512)]
    if spaced or b"|" in value or _PLAIN.fullmatch(value):
        is_value = is_random(value, 8) and text[end : end + 1] != b"("
        return Literal(at, end, quoted=True) if is_value else None
    return Literal(at, end, quoted=True)


_PLAIN = re.compile(rb"[\w.]*\.[\w.]*|\w*[A-Za-z]")


def _commented(source: Source, at: int, before: bytes) -> Literal | None:
    """In a comment of code: one word up to the end of the line that no code looks like."""
    end = source.run(_WORD, at)
    value = source.text[at : min(end, at + 512)]
    if source.text[end : source.line_end(end)].strip():
        return None
    spaced = source.text[at - 1 : at] not in {b"=", b":"}
    if not before.strip() and (
        (spaced and not (re.fullmatch(rb"[\w+/=-]+", value) and is_random(value, 16)))
        or (re.fullmatch(rb"[\w.]+", value) and not is_random(value, 12))
    ):
        return None
    is_mixed = re.search(rb"\d", value) and re.search(rb"[A-Za-z]", value)
    if is_mixed and not re.search(rb"[()\[\]{}]|\.\w+\.|,\Z|;\Z", value):
        return Literal(at, end, quoted=True)
    return None


def _bare(source: Source, at: int, name: int, *, keyed: bool) -> Literal | None:
    """The value without quotes at `at`, by what stands before its name."""
    text = source.text
    last = text[name - 1 : name] if name else b""
    if text[at : at + 1] in {b"", b"\r", b"\n"} or (
        text[at : at + 1] == b"#" and text[at - 1 : at] in {b" ", b"\t"}
    ):
        return None
    if keyed:
        return Literal(at, source.run(_FLOW, at), quoted=False)
    if last in {b'"', b"'"}:
        return Literal(at, source.run(_TO_DOUBLE if last == b'"' else _TO_SINGLE, at), quoted=True)
    if last in {b"?", b"&"}:
        return Literal(at, source.run(_QUERY, at), quoted=False)
    before = source.before(name)
    if before is None:
        what = _PARTS if last == b";" else _WORD
        return Literal(at, source.run(what, at), quoted=False)
    return _by_line(source, at, before)


def _by_line(source: Source, at: int, before: bytes) -> Literal:
    """The value at `at`, with all of its line before the name known."""
    head = before.strip()
    while match := _HEADS.match(head):
        head = head[match.end() :].lstrip()
    if b";" in head and b"=" in head and b" " not in head.partition(b";")[2]:
        return Literal(at, source.run(_PARTS, at), quoted=False)
    if any(head.count(a) > head.count(b) for a, b in ((b"(", b")"), (b"{", b"}"), (b"[", b"]"))):
        return Literal(at, source.run(_FLOW, at), quoted=False)
    if re.search(rb"[\s\"'=,;]", head) or source.is_shell:
        return Literal(at, _word_end(source, at), quoted=False)
    if source.syntax is Syntax.PROSE:
        return Literal(at, _word_end(source, at), quoted=False)
    end = source.run(_LINE, at)
    text = source.text
    if source.syntax is Syntax.UNKNOWN and text[at - 1 : at] == b"=":
        first = source.run(_WORD, at)
        if first > at and _COMMAND_TAIL.match(text, first):
            end = first
    return Literal(at, end, quoted=False)


def _word_end(source: Source, at: int) -> int:
    """The end of a word, which holds `<` or a quote only where it is the last of its line."""
    end = source.run(_SOLID, at)
    is_last = not source.text[end : min(source.line_end(end), end + 64)].strip()
    if is_last and source.text.find(b"</", at, min(end, at + 512)) < 0:
        return end
    return source.run(_WORD, at)


def _trim(text: bytes, literal: Literal) -> Literal | None:
    """Without a scheme such as `Bearer` before it and the end of a statement after it."""
    start, end = literal.start, literal.end
    if match := _SCHEMES.match(text, start, end):
        start = match.end()
    if match := _DEFAULT.match(text, start, min(end, start + 512)):
        start, end = match.span("value")
    if not literal.quoted:
        # A statement ends in a few of these; a thousand are no end, and this stays linear.
        for _ in range(_CLOSERS):
            if end > start and text[end - 1] in b",;)]} \t\r" and _is_closing(text, start, end):
                end -= 1
    for _ in range(_CLOSERS):
        if end > start and text[end - 1] in b" \t\r\n":
            end -= 1
    return Literal(start, end, literal.quoted) if end > start else None


def _is_closing(text: bytes, start: int, end: int) -> bool:
    """Whether the last byte ends a statement or a bracket, and is no part of the value."""
    last = text[end - 1 : end]
    opening = {b")": b"(", b"]": b"[", b"}": b"{"}.get(last)
    return opening is None or text.count(opening, start, min(end, start + 512)) == 0
