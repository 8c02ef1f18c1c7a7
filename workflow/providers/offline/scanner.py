"""A cursor over a request: patterns take words from the front, and nothing is ever skipped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOUNDARY = r"(?=[\s,;!?)]|[.:](?:\s|$)|$)"
_BLANK = re.compile(r"\s*")


def phrase(pattern: str) -> re.Pattern[str]:
    """A pattern in which a space is any blank stretch, ending at the end of a word."""
    spaced = pattern.replace(" ", r"\s+")
    return re.compile(rf"(?:{spaced}){_BOUNDARY}", re.IGNORECASE)


def joint(pattern: str) -> re.Pattern[str]:
    """Like `phrase`, for connecting words and marks, which need no boundary after marks."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


JOINT = joint(
    r"(?:(?:,|\(|\)|:|-(?=\s)|&|"
    r"(?:and|with|that|which|it|also|plus|then|should|must|be|is|to have|having|has"
    r"|please|too|as well|both|an?|the|but also)\b)\s*)*"
)


class Scanner:
    """The text of a request and how far it is understood."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = _BLANK.match(text).end()  # type: ignore[union-attr]

    @property
    def is_done(self) -> bool:
        """Whether every word is taken."""
        return self.position >= len(self.text)

    def sees(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match at the cursor, not taken."""
        return pattern.match(self.text, self.position)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match at the cursor, taken together with the blanks behind it."""
        found = pattern.match(self.text, self.position)
        if found is None or found.end() == self.position:
            return None
        blank = _BLANK.match(self.text, found.end())
        self.position = blank.end() if blank else found.end()
        return found

    def gather(self, slots: Mapping[str, re.Pattern[str]]) -> list[tuple[str, re.Match[str]]]:
        """Take as many of the slots as follow, in any order, with connecting words between."""
        found: list[tuple[str, re.Match[str]]] = []
        while True:
            mark = self.position
            taken = self._slot(slots)
            if taken is None:
                self.take(JOINT)
                taken = self._slot(slots)
            if taken is None:
                self.position = mark
                return found
            found.append(taken)

    def _slot(self, slots: Mapping[str, re.Pattern[str]]) -> tuple[str, re.Match[str]] | None:
        """The first slot that matches at the cursor."""
        for name, pattern in slots.items():
            if match := self.take(pattern):
                return name, match
        return None
