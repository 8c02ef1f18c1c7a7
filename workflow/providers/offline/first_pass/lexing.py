"""Splits a request into names (hosts, addresses, paths, sizes) and words; nothing is skipped."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from workflow.providers.offline.first_pass.saying import refused
from workflow.text import is_hidden

_MAX_REQUEST = 4000
_OWN = re.compile(r"[{}$\\]")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL}){{0,20}}"
# A placeholder stands for a name that was sealed.
_NAME = (
    rf"(?:\*\.)?(?:{_LABEL}\.){{1,20}}[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]|ZQVX[0-9A-Z]{{12}}"
)
_IP = (
    r"(?:\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]{2,45}\]"
    r"|(?=[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,45}::?[0-9A-Fa-f]{0,4}|::1"
)
_BEFORE = r"(?<![\w.@/:*-])"
_AFTER = r"(?![\w@-]|\.\w)"


class Kind(StrEnum):
    """What a token is."""

    FILE = "file"
    PEM = "pem"
    USERS = "users"
    UNIX = "unix"
    URL = "url"
    IP = "ip"
    PEER = "peer"
    """A host with its port."""
    NAME = "name"
    """A host by its full name."""
    PATH = "path"
    RATE = "rate"
    AMOUNT = "amount"
    NUMBER = "number"
    METHOD = "method"
    WORD = "word"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the request, as it stands there."""

    kind: Kind
    text: str
    start: int
    end: int


_PATTERNS = {
    Kind.FILE: r"(?<![\w@:*-])[\w./~-]{1,200}\.conf(?![\w/-]|\.\w)",
    Kind.PEM: r"(?<![\w.@:*-])/[\w./@*-]{1,200}\.(?:pem|crt|cer|cert|key)(?![\w/-]|\.\w)",
    Kind.USERS: r"(?<![\w@:*-])/?[\w./-]{0,200}htpasswd[\w.-]{0,60}",
    Kind.UNIX: r"(?:https?://)?unix:/[\w./-]{1,150}|(?<![\w.@:*-])/[\w./-]{1,150}\.sock(?:et)?\b",
    Kind.URL: rf"(?:\b(?:https?|wss?)://|(?<![\w.@/:-]){_HOST}:\d{{1,6}}/)"
    r"[^\s\"'`,;()<>]{0,300}[^\s\"'`,;()<>.!?:]",
    Kind.RATE: (
        r"\b\d{1,6}\s?(?:r/[sm]|rps|rpm|req(?:uests?)?(?:\s(?:per|a|each|every)\s|\s?/\s?)"
        r"(?:s|sec|second|m|min|minute))\b"
    ),
    Kind.IP: rf"{_BEFORE}(?:{_IP})(?:/\d{{1,3}}|:\d{{1,5}})?(?![\w@/-]|\.\w|:\w)",
    Kind.PEER: rf"{_BEFORE}{_HOST}:\d{{1,6}}(?![\w@-]|\.\w)",
    Kind.NAME: rf"{_BEFORE}(?:{_NAME}){_AFTER}",
    Kind.PATH: r"(?<![\w.@:*/-])/(?:[\w.~/-]{0,200}[\w~/-])?\*?",
    Kind.AMOUNT: (
        r"\b\d{1,9}\s?(?:(?:kilo|mega|giga)bytes?|bytes?|[kmg]i?b?|ms|s|secs?|seconds?|mins?"
        r"|minutes?|h|hours?)\b"
    ),
    Kind.NUMBER: r"\b\d{1,9}\b",
    Kind.METHOD: r"\b(?-i:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\b",
    Kind.WORD: r"[^\W\d](?:[\w'+-]|/(?=[\w]))*",
    Kind.MARK: r"\S|\n",
}
_TOKEN = re.compile(
    "|".join(f"(?P<{kind.value}>{pattern})" for kind, pattern in _PATTERNS.items()), re.IGNORECASE
)
_FILES = "conf cfg js mjs ts tsx jsx py html htm json css txt toml md yml yaml ini sh sock lock"
_ENDINGS = frozenset(_FILES.split())


def _is_apart(char: str) -> bool:
    """Whether a character ends a name: a blank, a sign or a mark that no host name has."""
    return char not in ".-_" and unicodedata.category(char)[0] in "CPSZ"


def check(text: str) -> None:
    """Refuse what no request needs, and characters that mean something to nginx itself."""
    odd = next((char for char in text if is_hidden(char) and char not in "\n\r\t"), None)
    if odd is not None:
        message = f"the request has a hidden character, U+{ord(odd):04X}"
        raise refused(message, "write it without")
    if len(text) > _MAX_REQUEST:
        message = f"the request has {len(text)} characters"
        raise refused(message, f"at most {_MAX_REQUEST}")
    if own := _OWN.search(text):
        around = text[max(0, own.start() - 20) : own.end() + 20]
        way_out = "say it in words: names, addresses and paths, without { } $ and backslashes"
        message = f"'{own[0]}' would be nginx's own syntax, in '{around}'"
        raise refused(message, way_out)
    words = "".join(" " if _is_apart(char) else char for char in text).split()
    foreign = [word for word in words if not word.isascii() and "." in word.strip(".")]
    if foreign:
        message = f"'{foreign[0]}' has letters that no host name has"
        raise refused(message, "write a host as it is in DNS: xn--…")


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a request, in their order.  Raises `NotUnderstoodError` as `check` does."""
    check(text)
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, said = Kind(match.lastgroup or Kind.MARK), match[0]
        if kind not in {Kind.WORD, Kind.MARK} and not said.isascii():
            message = f"'{said}' has letters or digits that are not ASCII"
            raise refused(message, "write names, paths and numbers in ASCII")
        if kind is Kind.NAME and said.rpartition(".")[2].lower() in _ENDINGS:
            kind = Kind.WORD
        found.append(Token(kind, said, match.start(), match.end()))
    return tuple(found)
