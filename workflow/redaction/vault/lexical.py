"""Which string, here-document or comment a line of a text stands in, by the rules of its syntax.

A draft that opens a string above a line it leaves alone changes what that line is, so strings over
several lines are followed as the program that reads the file follows them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Event(Enum):
    """What a line does to the structure of a text."""

    BRACKET = "a bracket or semicolon"
    TAG = "a tag"
    OPENED = "a string, here-document or comment begins"
    CLOSED = "the innermost of those ends"


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of string or comment: how it ends, and what in it is code again (`inner`)."""

    closer: bytes
    tokens: re.Pattern[bytes]
    lines: bool = True
    code: bool = False
    here: bool = False
    blanks: bytes = b""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The tokens of a syntax, and the forms that some of them begin."""

    tokens: re.Pattern[bytes]
    forms: Mapping[bytes, Form]


@dataclass(slots=True)
class _Open:
    form: Form
    depth: int = 0


_BRACKETS = rb"[(){}\[\];]"
_EVENTS = frozenset((b"(", b")", b"{", b"}", b"[", b"]", b";"))
_PAIRS = {b"$(": b")", b"${": b"}", b"{": b"}", b"`": b"`"}
_INNER = {
    opener: Form(closer, re.compile(_BRACKETS), code=True) for opener, closer in _PAIRS.items()
}
_HERE_TOKENS = re.compile(_BRACKETS)
_SIMPLE = rb"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|'[^'\\]*+(?:\\.[^'\\]*+)*+'"
_TAG = rb"</?[A-Za-z][^\s<>/]*+(?:\"[^\"]*+\"|'[^']*+'|[^<>\"'])*+>"


def _form(closer: bytes, *, escapes: bool = True, lines: bool = True, inner: bytes = b"") -> Form:
    """A form with this end; `inner` is a pattern of what begins code in it."""
    parts = [rb"\\."] if escapes else []
    parts += [inner] if inner else []
    return Form(closer, _pattern(*parts, re.escape(closer), _BRACKETS), lines)


def _pattern(*parts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"|".join(parts), re.DOTALL)


_DOUBLE, _SINGLE, _TICK = _form(b'"'), _form(b"'"), _form(b"`")
_COMMENT = _form(b"*/", escapes=False)
_LINE = {b'"': _form(b'"', lines=False), b"'": _form(b"'", lines=False)}
_TRIPLE = {b'"""': _form(b'"""'), b"'''": _form(b"'''")}
_F_TRIPLE = {
    b"f" + mark: _form(mark, inner=rb"\{\{|\}\}|(?P<inner>\{)") for mark in (b'"""', b"'''")
}
_TEMPLATE = _form(b"`", inner=rb"(?P<inner>\$\{)")
_HASH = rb"(?P<comment>(?<![^\s;&|(){}])#)"
_ANY_HERE = rb"<<<?(?P<dash>[-~]?)(?:(?:[ \t]*[\"'])?(?P<tag>\w+)|[ \t]+(?P<far>[A-Z_]{2,}\b))"

PYTHON = Dialect(
    _pattern(
        rb"(?P<prefix>(?<!\w)[rRbBuUfFtT]{1,2})?(?P<triple>\"\"\"|''')",
        _SIMPLE,
        rb"[\"']",
        rb"(?P<comment>#)",
        _BRACKETS,
    ),
    {**_LINE, **_TRIPLE, **_F_TRIPLE},
)
C = Dialect(
    _pattern(
        rb"\\.", rb"\"\"\"", _SIMPLE, rb"[\"'`]", rb"/\*", rb"(?P<comment>(?<!:)//)", _BRACKETS
    ),
    {**_LINE, b'"""': _TRIPLE[b'"""'], b"`": _TEMPLATE, b"/*": _COMMENT},
)
JAVASCRIPT = Dialect(
    _pattern(
        rb"(?<![\w)\]\s<*/])\s*+/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\\]){0,99}+\]|[^/\\\[]){1,99}+/",
        C.tokens.pattern,
    ),
    C.forms,
)
SHELL = Dialect(
    _pattern(
        rb"\\.",
        rb"\$?\(\((?:[^()]|\([^()]*+\))*+\)\)",
        rb"<<<",
        rb"<<(?P<dash>-?)[ \t]*(?P<tag>\"[^\"]*+\"|'[^']*+'|[^\s;&|<>()]++)",
        rb"\$'[^'\\]*+(?:\\.[^'\\]*+)*+'",
        rb"\"[^\"\\$`]*+(?:\\.[^\"\\$`]*+)*+\"|'[^']*+'",
        rb"[\"'`]",
        _HASH,
        _BRACKETS,
    ),
    {b'"': _form(b'"', inner=rb"(?P<inner>\$\(|`)"), b"'": _form(b"'", escapes=False)},
)
NGINX = Dialect(
    _pattern(
        rb"\\.",
        rb"\$\{\w*+\}",
        rb"(?<![^\s;{}(])(?:" + _SIMPLE + rb"|[\"'])",
        rb"(?P<comment>(?<![^\s;{}])#)",
        _BRACKETS,
    ),
    {b'"': _DOUBLE, b"'": _SINGLE},
)
SQL, MYSQL = (
    Dialect(
        _pattern(
            rb"(?P<comment>--|#)" if escapes else rb"(?P<comment>--)",
            rb"/\*",
            rb"[\"'`]",
            rb"(?P<dollar>\$\w*\$)",
            _BRACKETS,
        ),
        {
            b'"': _form(b'"', escapes=escapes),
            b"'": _form(b"'", escapes=escapes),
            b"`": _form(b"`", escapes=False),
            b"/*": _COMMENT,
        },
    )
    for escapes in (False, True)
)
XML = Dialect(
    _pattern(rb"<!--", rb"<!\[CDATA\[", rb"(?P<whole>" + _TAG + rb")", rb"<[A-Za-z][^\s<>/]*+"),
    {
        b"<!--": _form(b"-->", escapes=False),
        b"<![CDATA[": _form(b"]]>", escapes=False),
        b"<": Form(b">", _pattern(rb"\"[^\"]*+\"|'[^']*+'", rb"/?>")),
    },
)
YAML = Dialect(
    _pattern(
        rb"\\.",
        _ANY_HERE,
        rb"(?<!\w)(?:" + _SIMPLE + rb"|[\"'])",
        rb"(?P<comment>(?<!\S)#)",
    ),
    {b'"': _DOUBLE, b"'": _SINGLE},
)
_LOOSE = (
    rb"\\.",
    _ANY_HERE,
    rb"\"\"\"|'''",
    rb"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|(?<!\w)'[^'\\]*+(?:\\.[^'\\]*+)*+'",
    rb"[\"`]|(?<!\w)'",
    rb"(?<!\S)/\*|<!--",
    _BRACKETS,
)
_LOOSE_FORMS = {
    **_TRIPLE,
    b'"': _DOUBLE,
    b"'": _SINGLE,
    b"`": _TICK,
    b"/*": _COMMENT,
    b"<!--": _form(b"-->", escapes=False),
}
LOOSE = Dialect(_pattern(rb"(?P<comment>(?<!\S)(?:#|//|--(?=\s)))", *_LOOSE), _LOOSE_FORMS)
RAW = Dialect(_pattern(*_LOOSE), _LOOSE_FORMS)


class Lexer:
    """Reads the lines of a text in order and says what each opens and closes."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._stack: list[_Open] = []
        self._coming: list[Form] = []
        self.code_end = 0

    def read(self, line: bytes) -> Iterator[tuple[Event, bytes, int]]:
        """Events of the next line, each with its token and where that ends, in order.

        `code_end` is then where its comment begins, or its length.
        """
        self.code_end = len(line)
        if self._stack and self._stack[-1].form.here:
            yield from self._read_here(line, self._stack[-1].form)
            return
        at = 0
        while True:
            top = self._stack[-1] if self._stack else None
            code = top is None or top.form.code
            tokens = self._dialect.tokens if top is None or code else top.form.tokens
            token = tokens.search(line, at)
            if token is None:
                break
            at = token.end()
            if top is None and token.lastgroup is None and token[0] in _EVENTS:
                yield Event.BRACKET, token[0], at
                continue
            if code and token.lastgroup == "comment":
                self.code_end = token.start()
                break
            yield from self._read_code(token, top) if code else self._read_text(token, top)
        yield from self._end(len(line))

    def _read_here(self, line: bytes, form: Form) -> Iterator[tuple[Event, bytes, int]]:
        bare = line.rstrip(b"\r")
        bare = bare.strip(form.blanks) if form.blanks else bare
        if bare.rstrip(b";,)") == form.closer if form.blanks == b" \t" else bare == form.closer:
            self._stack.pop()
            yield Event.CLOSED, bare, len(line)
            return
        for token in form.tokens.finditer(line):
            yield Event.BRACKET, token[0], token.end()

    def _read_code(
        self, token: re.Match[bytes], top: _Open | None
    ) -> Iterator[tuple[Event, bytes, int]]:
        word, groups = token[0], token.groupdict()
        tag = groups.get("tag") or groups.get("far")
        if tag:
            self._await(tag, groups.get("dash") or b"")
        elif groups.get("whole"):
            yield Event.TAG, word, token.end()
        elif top is not None and word == top.form.closer and not top.depth:
            self._stack.pop()
        elif len(word) == 1 and word in b"(){}[];":
            if top is None:
                yield Event.BRACKET, word, token.end()
            elif word in b"({":
                top.depth += 1
            elif word in b")}":
                top.depth = max(top.depth - 1, 0)
        elif form := self._begun(word, groups):
            self._stack.append(_Open(form))
            yield Event.OPENED, word, token.end()

    def _begun(self, word: bytes, groups: Mapping[str, bytes | None]) -> Form | None:
        """The form that a token of code begins."""
        if dollar := groups.get("dollar"):
            return _form(dollar, escapes=False)
        if triple := groups.get("triple"):
            lively = bool(set(groups.get("prefix") or b"") & set(b"fFtT"))
            return self._dialect.forms[(b"f" if lively else b"") + triple]
        name = b"<" if word.startswith(b"<") and not word.startswith(b"<!") else word
        return self._dialect.forms.get(name)

    def _read_text(
        self, token: re.Match[bytes], top: _Open | None
    ) -> Iterator[tuple[Event, bytes, int]]:
        word = token[0]
        if top is None:
            return
        if word == top.form.closer or (word == b"/>" and top.form.closer == b">"):
            self._stack.pop()
            yield Event.CLOSED, word, token.end()
        elif token.lastgroup == "inner":
            self._stack.append(_Open(_INNER[word]))
        elif len(word) == 1:
            yield Event.BRACKET, word, token.end()

    def _await(self, tag: bytes, dash: bytes) -> None:
        exact = self._dialect is SHELL
        blanks = (b"\t" if dash else b"") if exact else b" \t"
        name = tag.translate(None, b"\"'\\")
        self._coming.append(Form(name, _HERE_TOKENS, here=True, blanks=blanks))

    def _end(self, at: int) -> Iterator[tuple[Event, bytes, int]]:
        """Close what ends with its line, and open the here-documents below it."""
        stop = next((n for n, one in enumerate(self._stack) if not one.form.lines), None)
        while stop is not None and len(self._stack) > stop:
            if not self._stack.pop().form.code:
                yield Event.CLOSED, b"", at
        for form in reversed(self._coming):
            self._stack.append(_Open(form))
            yield Event.OPENED, form.closer, at
        self._coming = []
