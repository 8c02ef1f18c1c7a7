"""What e-mail addresses have in common that one person could write in several ways."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from workflow.text import is_hidden

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 1000
"""Characters of an address that are looked at; RFC 5321 allows 254."""
_COMMENT = re.compile(r"\([^()]*\)")
_QUOTING = str.maketrans("", "", '"\\<>')
_DOTS_MEAN_NOTHING = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains of a provider that documents so, and the one name that both have.

Elsewhere dots tell people apart: `john.smith` and `johnsmith` may be two at one company, and
folding those would let neither approve for the other.
"""
_PUNYCODE = "xn--"


def fold_address(email: str) -> str:
    """The one spelling of an address that its many spellings have in common.

    Folded are case, compatibility forms such as wide letters, letters of other scripts that look
    like ASCII ones, characters that show as nothing, blanks, quotes and comments, a `+tag`, a dot
    at the domain's end, and punycode.  Not folded are digits that look like letters (`l` and `1`):
    they are in too many real names.
    """
    return _folded(email, _small)


def spelled(email: str) -> frozenset[str]:
    """Every folded form of an address: what a letter looks like may depend on its case.

    A capital Greek Eta looks like `H`, and a small one does not.
    """
    return frozenset({_folded(email, _small), _folded(email, _capital)})


def _folded(email: str, letters: Callable[[str], str]) -> str:
    text = _without_comments(_seen(email[:_LONGEST])).translate(_QUOTING)
    name, at, domain = text.rpartition("@")
    domain = ".".join(_label(part, letters) for part in domain.split(".")).strip(".")
    name = letters(name)
    name = name[:1] + name[1:].partition("+")[0]
    if domain in _DOTS_MEAN_NOTHING:
        name, domain = name.replace(".", ""), _DOTS_MEAN_NOTHING[domain]
    return name + at + domain


def _seen(text: str) -> str:
    """What of a text is to be seen, in compatibility forms, without blanks."""
    before = ""
    # Taking out what hides a mark can let it join the letter before it, and so on.
    while text != before:
        before = text
        formed = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
        text = "".join(char for char in formed if not is_hidden(char) and not char.isspace())
    return text


def _without_comments(text: str) -> str:
    before = ""
    while text != before:
        before, text = text, _COMMENT.sub("", text)
    return text


def _label(part: str, letters: Callable[[str], str]) -> str:
    """One part of a domain, in letters if it is in punycode."""
    folded = letters(part)
    if not folded.startswith(_PUNYCODE):
        return folded
    try:
        decoded = folded.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
        return letters(_seen(decoded))
    except UnicodeError:
        return folded


def _small(text: str) -> str:
    return _reads_as(text.casefold()).casefold()


def _capital(text: str) -> str:
    return _small(_reads_as(text))


def _reads_as(text: str) -> str:
    if text.isascii():
        return text
    from workflow.policy.lookalikes import reads_as  # noqa: PLC0415 - rare, and all of policy comes

    return reads_as(text)
