"""What may be told of a value: not those that look secret, or stand under a name that does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.formats import Items, Scalar, Table

if TYPE_CHECKING:
    from workflow.semantics.formats import Node

HIDDEN = "(hidden)"
_NAMES = re.compile(
    r"""pass(?:wor[dt]|wd|phrase|code)?(?![a-z]) | pwd(?![a-z]) | secret(?!s(?![a-z])) | stringdata
      | token | credential
      | api_?-?key | access_?-?key | private_?-?key | signing_?-?key | encryption_?-?key
      | auth(?![a-z]) | bearer | cookie | dsn(?![a-z]) | salt(?![a-z]) | database_?url""",
    re.VERBOSE | re.IGNORECASE,
)
# Of known issuers, behind a name or an option, in an address, in a key's armour; and long words of
# capitals, small letters and digits, which digests and versions are not.
_VALUES = re.compile(
    r"""(?:AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|sk-|xox[abprs]-|eyJ)[\w.-]{10,}
      | (?i: pass(?:word|wd|phrase) | secret | token | credential | api[_-]?key ) [\w-]{0,40}
        [=:] \s? (?! [$] ) \S
      | --[\w-]{0,20}(?i: pass | secret | token | key ) [\w-]{0,20} \s (?! [$] ) \S
      | ://[^/\s:@]{0,200}:[^@\s/]{1,200}@ | -----BEGIN
      | (?<![\w+/=-]) (?=[\w+/=-]{0,64}[a-z]) (?=[\w+/=-]{0,64}[A-Z]) (?=[\w+/=-]{0,64}[0-9])
        [A-Za-z0-9+/=_-]{24,} (?![\w+/=.-])""",
    re.VERBOSE,
)
_LONGEST = 100
_MOST = 4


def is_hidden(name: str, value: str = "") -> bool:
    """Whether the value of this name is not to be told."""
    return _NAMES.search(name[-200:]) is not None or _VALUES.search(value[:2000]) is not None


def told(name: str, node: Node) -> str:
    """Return a value in a few words, hidden where it or its name looks secret."""
    match node:
        case Scalar():
            return _scalar(name, node)
        case Items(items=items):
            rows = [told(name, one) for one in items[:_MOST]]
            more = ", …" if len(items) > _MOST else ""
            return f"[{', '.join(rows)}{more}]" if node.size <= len(items) + 1 else _counted(items)
        case Table(entries=entries):
            keys = ", ".join(one.key[:_LONGEST] for one in entries[:_MOST])
            return f"with {keys}{', …' if len(entries) > _MOST else ''}" if entries else "empty"


def _scalar(name: str, node: Scalar) -> str:
    if node.tag == "null":
        return "nothing"
    if is_hidden(name, node.text):
        return HIDDEN
    text = node.text if len(node.text) <= _LONGEST else f"{node.text[:_LONGEST]}…"
    # The text "1" is another value than the number 1.
    return f'"{text}"' if node.tag == "str" and _reads_otherwise(text) else text


def _reads_otherwise(text: str) -> bool:
    return not text or text[0] in "-+.0123456789" or text.lower() in _WORDS


_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "~", "y", "n", "nothing"}


def _counted(items: tuple[Node, ...]) -> str:
    return f"{len(items)} value(s)"
