"""A name of a policy's dictionary, and all the ways in which files write it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, SealingError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIN_BYTES = 3
# Written without anything between its words, a shorter name is too often a word of its own.
_MIN_JOINED = 6
# Words of a name: a change from small to capital letter begins a new one, as in AcmeCorp.
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
# What may stand between two words: blanks, also over the end of a line with the next one's comment
# sign, and what identifiers, addresses and markup have there.
_BETWEEN = (
    rb"(?:(?:[ \t_.,+&/'-]|\xc2\xa0|\xe2\x80[\x90-\x99]|\xa0|&amp;|&nbsp;|%20|%26){0,4}"
    rb"|[ _.-]?(?:and|und|et)[ _.-]?"
    rb"|[ \t]{0,8}(?:\r?\n|\\n)[ \t#*/;>|-]{0,40})"
)
_BETWEEN_MAX = 4 * 6 + 50


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """A name as words; `whole` when it does not count within a longer word.

    It has no readable `repr`: a name may be the very thing that must not be shown.
    """

    words: tuple[str, ...]
    kind: Kind
    whole: bool

    def forms(self, word: int) -> frozenset[bytes]:
        """All that one of the words may be in a file, apart from the case of ASCII letters."""
        return _forms(self.words[word])

    def rarest(self, often: Mapping[str, int]) -> int:
        """The number of the word that few names have and that stands for the most; no short one."""
        words = self.words
        return min(
            range(len(words)),
            key=lambda i: (len(words[i].encode()) < _MIN_BYTES, often[words[i]], -len(words[i])),
        )

    def around(self, text: bytes, start: int, end: int, word: int) -> tuple[int, int] | None:
        """Where the name stands, one of whose words is at `start` to `end`."""
        if len(self.words) == 1:
            return start, end
        before, after = _patterns(self.words, word)
        reach = sum(4 * len(one) + _BETWEEN_MAX for one in self.words)
        left = before.search(text, max(0, start - reach), start) if before else None
        right = after.match(text, end, end + reach) if after else None
        if (before and not left) or (after and not right):
            return None
        low, high = left.start() if left else start, right.end() if right else end
        is_joined = high - low == sum(len(one) for one in self.words)
        return None if is_joined and high - low < _MIN_JOINED else (low, high)


def name_of(written: str, kind: Kind, *, whole: bool) -> Name:
    """A name from a dictionary.  Raises `SealingError` when it cannot be looked for."""
    name = unicodedata.normalize("NFC", written.strip())
    if "\0" in name:
        # NOTE: hyperscan would end it there, and look for its beginning alone.
        message = f"sealing.names: a name of the kind {kind.value} holds a NUL character"
        raise SealingError(message, hint="write the name as it stands in text")
    if kind in {Kind.HOST, Kind.DOMAIN}:
        words: tuple[str, ...] = (name.strip(".").removeprefix("*."),)
    else:
        words = tuple(part for word in _WORD.findall(name) for part in _HUMP.split(word))
    if all(len(word.encode()) < _MIN_BYTES for word in words):
        words = (name,)  # Such as I.B.M.: its words would be found all over the place.
    if len("".join(_WORD.findall(name)).encode()) < _MIN_BYTES:
        message = f"sealing.names: a name of the kind {kind.value} is shorter than three characters"
        raise SealingError(message, hint="take it out: it would be found all over the place")
    return Name(words, kind, whole)


@lru_cache(maxsize=4096)
def _patterns(
    words: tuple[str, ...], word: int
) -> tuple[re.Pattern[bytes] | None, re.Pattern[bytes] | None]:
    """What must stand before and behind one of the words."""
    parts = [b"(?:" + b"|".join(map(re.escape, sorted(_forms(one)))) + b")" for one in words]
    before = b"".join(part + _BETWEEN for part in parts[:word])
    after = b"".join(_BETWEEN + part for part in parts[word + 1 :])
    return (
        re.compile(before + rb"\Z", re.IGNORECASE) if before else None,
        re.compile(after, re.IGNORECASE) if after else None,
    )


@lru_cache(maxsize=4096)
def _forms(word: str) -> frozenset[bytes]:
    if word.isascii():
        return frozenset({word.lower().encode()})
    cases = {word, word.lower(), word.upper(), word.title()}
    composed = {unicodedata.normalize(form, case) for case in cases for form in ("NFC", "NFD")}
    forms = {text.encode() for text in composed}
    for text in composed:
        for code in ("latin-1", "cp1252"):
            try:
                forms.add(text.encode(code))
            except UnicodeEncodeError:  # This name is not written in that encoding.
                continue
    if "." in word:
        try:
            forms.add(word.lower().encode("idna"))
        except UnicodeError:  # No host name that DNS could have.
            return frozenset(forms)
    return frozenset(forms)
