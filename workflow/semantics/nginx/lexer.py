"""nginx's own lexing rules (`ngx_conf_read_token`), kept lossless: tokens cover the whole text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.tree import NginxSyntaxError, Token, TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SPACE = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"#[^\n]*?(?=\r?(?:\n|\Z))")
# NOTE: `${` does not open a block, `}` inside a word does not close one, and quotes inside a word
# are plain characters.
_BARE = re.compile(r"(?:\\[\s\S]|\$\{|[^ \t\r\n;{\\])+")
_QUOTED = {
    '"': re.compile(r'"(?:\\[\s\S]|[^"\\])*"'),
    "'": re.compile(r"'(?:\\[\s\S]|[^'\\])*'"),
}
_AFTER_QUOTE = " \t\r\n;{)"
_PUNCTUATION = {";": TokenKind.SEMICOLON, "{": TokenKind.OPEN, "}": TokenKind.CLOSE}
_LUA_NAME = re.compile(r"\w+_by_lua_block\Z")
_LUA_TOKEN = re.compile(
    r"""--\[(?P<comment>=*)\[ | --[^\n]* | \[(?P<string>=*)\[
      | "(?:\\[\s\S]|[^"\\\n])*" | '(?:\\[\s\S]|[^'\\\n])*' | [{}]""",
    re.VERBOSE,
)
_END_OF_FILE = 'unexpected end of file, expecting ";" or "}"'
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}


def unescape(raw: str) -> str:
    """What nginx makes of a word's spelling (without its quotes): six escapes, others stay."""
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), raw)


def lua_end(text: str, start: int) -> int | None:
    """The offset of the `}` that closes the Lua block whose content begins at `start`."""
    depth = 1
    position = start
    while token := _LUA_TOKEN.search(text, position):
        position = token.end()
        level = token["comment"] if token["comment"] is not None else token["string"]
        if level is not None:
            close = text.find(f"]{level}]", position)
            if close < 0:
                return None
            position = close + len(level) + 2
        elif token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if not depth:
                return token.start()
    return None


def _space_or_comment(text: str, position: int) -> tuple[TokenKind, str] | None:
    """The blank stretch or the comment at `position`."""
    if found := _SPACE.match(text, position):
        return TokenKind.SPACE, found[0]
    if found := _COMMENT.match(text, position):
        return TokenKind.COMMENT, found[0]
    return None


def _word(text: str, position: int, line: int) -> str:
    """The word at `position`; raise `NginxSyntaxError` for one that does not end well."""
    quoted = _QUOTED.get(text[position])
    found = (quoted or _BARE).match(text, position)
    if found is None:
        raise NginxSyntaxError(line, _END_OF_FILE)
    end = found.end()
    if end == len(text):
        raise NginxSyntaxError(line + found[0].count("\n"), _END_OF_FILE)
    if quoted and text[end] not in _AFTER_QUOTE:
        raise NginxSyntaxError(line + found[0].count("\n"), f"unexpected {text[end]!r}")
    return found[0]


def tokenize(text: str) -> Iterator[Token]:
    """Split a whole file into tokens that cover it; raise `NginxSyntaxError` where nginx would."""
    position, line = 0, 1
    words: list[str] = []
    if text.startswith(BYTE_ORDER_MARK):
        yield Token(TokenKind.BYTE_ORDER_MARK, BYTE_ORDER_MARK, 0, 1)
        position = 1
    while position < len(text):
        if blank := _space_or_comment(text, position):
            kind, piece = blank
        elif (mark := text[position]) in _PUNCTUATION:
            kind, piece = _PUNCTUATION[mark], mark
            if (kind is TokenKind.CLOSE) is bool(words):
                raise NginxSyntaxError(line, f'unexpected "{mark}"')
        else:
            kind, piece = TokenKind.WORD, _word(text, position, line)
            words.append(piece)
        yield Token(kind, piece, position, line)
        position += len(piece)
        line += piece.count("\n")
        if kind is TokenKind.OPEN and _LUA_NAME.match(words[0]):
            end = lua_end(text, position)
            if end is None:
                raise NginxSyntaxError(line, 'the Lua block has no closing "}"')
            yield Token(TokenKind.LUA, text[position:end], position, line)
            line += text.count("\n", position, end)
            position = end
        if kind in {TokenKind.SEMICOLON, TokenKind.OPEN, TokenKind.CLOSE}:
            words.clear()
    if words:
        raise NginxSyntaxError(line, _END_OF_FILE)
