"""Values that stand behind a word and a blank: options, directives, SQL, files of credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import Syntax, is_boilerplate, is_random, is_reference, is_value
from workflow.redaction.structural.names import Name, classify
from workflow.redaction.structural.source import LOOK_BACK
from workflow.redaction.structural.values import Literal, bare, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source


# A password of a `.pgpass` is no shorter.
_LEAST = 4
# Letters and digits, or a digit and a sign that no word of a text has.
_MIXED = re.compile(rb"(?=\S{6})(?=\S*\d)(?=\S*(?:[A-Za-z]\S*[A-Za-z]|[^\w\s.:/,()\[\]-]))\S+\Z")


def _head(source: Source, literal: Literal) -> bytes:
    """As much of the value as it takes to tell whether it is one."""
    return source.text[literal.start : min(literal.end, literal.start + 1024)]


def _emit(
    source: Source, literal: Literal | None, rule: str, kind: Kind = Kind.PASSWORD, *, strict: bool
) -> Iterator[Span]:
    """The value, if it is one; `strict` asks for more than a word."""
    if literal is None:
        return
    value = _head(source, literal)
    strict = strict or source.syntax is Syntax.PROSE
    if strict and not (is_random(value, 8) or _MIXED.match(value)):
        return
    if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG):
        yield Span(literal.start, literal.end, kind, rule)


_OPENING = b" \t\r\n\"'[,(=`"
_DASHED = re.compile(rb"(?:^|[\s\"'\[,(=`])--?[A-Za-z][\w-]{0,63}\Z")


def option(source: Source, at: int) -> Iterator[Span]:
    """`--password VALUE`; the value is no other option."""
    before = source.text[max(0, at - LOOK_BACK) : at].rstrip(b" \t\"',")
    dashed = _DASHED.search(before)
    if dashed is None or (name := classify(dashed[0].strip(_OPENING))) is None:
        return
    if source.text[at : at + 1] in {b"-", b"<", b"["}:
        return
    literal = bare(source, at)
    if literal and (name.is_sure or is_random(_head(source, literal), 12)):
        strict = source.syntax is not Syntax.CONFIG
        yield from _emit(source, literal, "option", name.kind, strict=strict)


_NAME = re.compile(rb"[ \t\"':,]*([\w-][\w.-]*)")


def _named(source: Source, at: int) -> Name | None:
    """What the word before `at` says."""
    found = _NAME.match(source.text[max(0, at - 96) : at + 1][::-1])
    return classify(found[1][::-1]) if found else None


def command(source: Source, at: int) -> Iterator[Span]:
    """`mysql -pVALUE`, `sshpass -p VALUE`, `curl -u user:VALUE`."""
    start = at
    if source.text[at : at + 1] in {b" ", b"\t"}:
        start = at + 1
    literal = bare(source, start)
    yield from _emit(source, literal, "option", strict=source.syntax is Syntax.CODE)


_USER = re.compile(rb"[ \t]*=?[ \t]*\\{0,3}[\"']?([^\s:\"'\\]{0,128})[:%]")


def user(source: Source, at: int) -> Iterator[Span]:
    """`curl -u user:VALUE`."""
    user = _USER.match(source.text, at)
    if user is None:
        return
    quote = re.match(rb"[ \t]*=?[ \t]*\\{0,3}([\"'])", user[0])
    start = user.end()
    what = _BARE if quote is None else _TO[quote[1]]
    end = source.run(what, start)
    while end > start and source.text[end - 1 : end] == b"\\":
        end -= 1
    yield from _emit(source, Literal(start, end, quoted=True), "option", strict=False)


_BARE = re.compile(rb"[^\s\"'`<>|]++")
_TO = {b'"': re.compile(rb'[^"\r\n]++'), b"'": re.compile(rb"[^'\r\n]++")}
_REST = re.compile(rb"[ \t]*(?:[;,\\)].*|#.*|//.*|[\"'].*)?\r?$", re.MULTILINE)


def directive(source: Source, at: int) -> Iterator[Span]:
    """`requirepass VALUE`: a directive of its own, so that one word of it is a value."""
    literal = quoted(source, at) or bare(source, at)
    yield from _emit(source, literal, "directive", strict=source.syntax is Syntax.CODE)


_BEFORE = re.compile(
    rb"[\"']?[ \t]+(?:[\"'](?:Bearer|Basic|Token)[ \t]+|(?:Bearer|Basic|Token)[ \t]+)?\Z"
)


def last(source: Source, at: int) -> Iterator[Span]:
    """`set $token VALUE;`, `fastcgi_param DB_PASSWORD VALUE;`: the last word of its statement."""
    low = max(0, at - 96)
    before = _BEFORE.search(source.text, low, at)
    name = _named(source, before.start() - 1) if before else None
    literal = quoted(source, at) or bare(source, at)
    if literal is None or name is None:
        return
    if not name.is_sure and not is_random(_head(source, literal), 12):
        return
    if literal.quoted or _REST.match(source.text, literal.end):
        strict = source.syntax is not Syntax.CONFIG
        yield from _emit(source, literal, "directive", name.kind, strict=strict)


def login(source: Source, at: int) -> Iterator[Span]:
    """`login x password VALUE` of a `.netrc`, `user x password VALUE` of HAProxy."""
    strict = source.syntax is Syntax.CODE
    yield from _emit(source, bare(source, at), "directive", strict=strict)


def statement(source: Source, at: int) -> Iterator[Span]:
    """`IDENTIFIED BY 'VALUE'`, `PASSWORD 'VALUE'`."""
    literal = quoted(source, at - 1)
    if literal and source.syntax is Syntax.PROSE and source.text[at - 2 : at - 1] in b" \t=(":
        value = _head(source, literal)
        if is_value(value, sure=True, quoted=True, syntax=Syntax.PROSE):
            yield Span(literal.start, literal.end, Kind.PASSWORD, "sql")
        return
    yield from _emit(source, literal, "sql", strict=source.syntax is Syntax.CODE)


def spoken(source: Source, at: int) -> Iterator[Span]:
    """`fails with token "VALUE"`: only where the quote opens."""
    before = source.before(at - 1)
    if before is not None and before.count(b'"') % 2 == 0:
        yield from _emit(source, quoted(source, at - 1), "said", strict=True)


def said(source: Source, at: int) -> Iterator[Span]:
    """`the password is VALUE`: in a sentence, so the value must look like no word of it."""
    literal = quoted(source, at) or bare(source, at)
    if literal is None:
        return
    value = _head(source, literal)
    if _CODE.search(value) and source.text[literal.start - 1 : literal.start] == b"`":
        return
    if (
        literal.quoted
        and b"_" not in value
        and is_value(value, sure=True, quoted=True, syntax=Syntax.UNKNOWN)
    ):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "said")
        return
    end = literal.end
    while not literal.quoted and end > literal.start and source.text[end - 1 : end] in {b".", b","}:
        end -= 1
    yield from _emit(source, Literal(literal.start, end, literal.quoted), "said", strict=True)


_COLON = re.compile(rb"(?<!\\):")


def pgpass(source: Source, at: int) -> Iterator[Span]:
    """The fifth field of a line of `.pgpass`; escaped colons belong to it."""
    if "pgpass" not in source.name and source.syntax is Syntax.CODE:
        return
    start = at
    end = source.line_end(start)
    value = source.text[start:end].rstrip()
    if b" " in value or _COLON.search(value) or len(value) < _LEAST:
        return
    if not is_reference(value) and not is_boilerplate(value):
        yield Span(start, start + len(value), Kind.PASSWORD, "pgpass")


_TO_HOST = re.compile(rb"(?:\]|\.[a-z]{2,})(?::\d+)?[ \t]+[\w.@+-]*[A-Za-z][\w.@+-]*:\Z")


def mail(source: Source, at: int) -> Iterator[Span]:
    """`[host]:587 user:VALUE` of Postfix."""
    end = source.line_end(at)
    value = source.text[at:end].rstrip()
    if _TO_HOST.search(source.before(at) or b"") is None or value.startswith(b"//"):
        return
    if value and b" " not in value:
        literal = Literal(at, at + len(value), quoted=True)
        is_known = "sasl" in source.name or b"]" in (source.before(at) or b"")
        yield from _emit(source, literal, "sasl", strict=not is_known)


_CODE = re.compile(rb"\w\*?[\[(]|\w=\w|[{|]\w+\||^\{\"")
_TICKED = re.compile(rb"\d|[^\w\s.:/-]|\w+ \w+ \w+")


def ticked(source: Source, at: int) -> Iterator[Span]:
    """Markdown: a word for a secret, then its value in backticks."""
    literal = quoted(source, at - 1)
    before = source.before(at - 1)
    if literal is None or before is None or before.count(b"`") % 2:
        return
    value = _head(source, literal)
    if b"\n" in value or _CODE.search(value):
        return
    is_word = not _TICKED.search(value) and not is_random(value, 10)
    if not is_word and is_value(value, sure=True, quoted=True, syntax=Syntax.PROSE, word=False):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "said")


def _is_chap(source: Source) -> bool:
    return "ap-secrets" in source.name


_CHAP = re.compile(rb"[ \t#;/+>|-]*(?:\"[^\"]*\"|\S+)[ \t]+\S+[ \t]+")


def chap(source: Source, at: int) -> Iterator[Span]:
    """The third word of four of a line of pppd's `chap-secrets`."""
    at -= 1
    before = source.before(at)
    found = _CHAP.match(before) if before else None
    if found and before:
        start = at - len(before) + found.end()
        if source.syntax is Syntax.CODE and source.text[start : start + 1] != b'"':
            return
        yield from _emit(source, bare(source, start), "directive", strict=not _is_chap(source))


_HASHED = re.compile(rb":(?:\$apr1\$|\$2[aby]\$|\{SHA\})")


def crypt(source: Source, at: int) -> Iterator[Span]:
    """The thirteen characters of an old `crypt` behind a user's name."""
    value = source.text[at - 14 : at - 1]
    near = source.text[max(0, at - LOOK_BACK) : at + LOOK_BACK]
    is_file = source.name.endswith("htpasswd") or _HASHED.search(near) is not None
    if is_random(value, 13) or (is_file and not is_boilerplate(value)):
        yield Span(at - 14, at - 1, Kind.PASSWORD, "shape")


def jar(source: Source, at: int) -> Iterator[Span]:
    """The last field of a line of a Netscape cookie file."""
    end = source.line_end(at)
    value = source.text[at : min(end, at + 8192)].rstrip()
    if b"\t" not in value and is_random(value, 8):
        yield Span(at, at + len(value), Kind.COOKIE, "cookie")
