"""A request as words around names: which cue a name follows, and what nobody has understood."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass import cues
from workflow.providers.offline.first_pass.lexing import Kind, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Collection

    from workflow.providers.offline.first_pass.cues import Cue

_NAMES = frozenset(Kind) - {Kind.WORD, Kind.MARK, Kind.METHOD, Kind.NUMBER}
_SENTENCE = re.compile(r"[.;!?\n]")
_NAMED, _TAKEN = "\x01", "\x02"


@dataclass(slots=True)
class View:
    """The text with every name blanked out, its tokens, and how much of it is understood."""

    text: str
    words: str
    tokens: tuple[Token, ...]
    used: set[int] = field(default_factory=set)
    covered: list[tuple[int, int]] = field(default_factory=list)
    cues: list[tuple[int, int, Cue]] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """All places of a phrase; they are understood, and no cue is looked for in them."""
        found = list(pattern.finditer(self.words))
        for match in found:
            self.covered.append(match.span())
            blank = _TAKEN * (match.end() - match.start())
            self.words = self.words[: match.start()] + blank + self.words[match.end() :]
        return found

    def find_cues(self) -> None:
        """Note what announces names, in the order in which it stands."""
        text = self.words
        for cue, pattern in cues.CUES:
            for match in pattern.finditer(text):
                self.cues.append((match.start(), match.end(), cue))
                self.covered.append(match.span())
            # The first reading of a word holds: "proxies at" is no target.
            text = pattern.sub(lambda match: _TAKEN * len(match[0]), text)
        self.cues.sort(key=lambda cue: cue[0])

    def sentence(self, token: Token) -> int:
        """Where the sentence around a token begins."""
        found = 0
        for match in _SENTENCE.finditer(self.words, 0, token.start):
            found = match.end()
        return found

    def before(self, token: Token) -> tuple[int, str]:
        """Where the words between the name before and this one begin, and those words."""
        begin = self.words.rfind(_NAMED, 0, token.start) + 1
        begin = max(begin, self.sentence(token))
        return begin, self.words[begin : token.start]

    def after(self, token: Token) -> str:
        """The words behind a token, up to the next name or the end of the sentence."""
        found = re.compile(rf"[{_NAMED}.;!?\n]").search(self.words, token.end)
        return self.words[token.end : found.start() if found else len(self.words)]

    def cue(self, token: Token, wanted: Collection[Cue]) -> tuple[int, int, Cue] | None:
        """The nearest of the wanted cues before a token, in its sentence."""
        begin = self.sentence(token)
        at = bisect.bisect_left(self.cues, token.start, key=lambda cue: cue[0])
        near = (cue for cue in reversed(self.cues[:at]) if cue[0] >= begin)
        return next((cue for cue in near if cue[2] in wanted), None)

    def between(self, start: int, end: int) -> str:
        """The words from one place to another."""
        return self.words[start:end]

    def left_over(self) -> tuple[str, ...]:
        """Runs of words and names that nobody has understood."""
        runs: list[list[Token]] = []
        last = -2
        for index, token in enumerate(self.tokens):
            if self._is_understood(index, token):
                continue
            if index == last + 1 and runs:
                runs[-1].append(token)
            else:
                runs.append([token])
            last = index
        return tuple(self.text[run[0].start : run[-1].end] for run in runs)

    def _is_understood(self, index: int, token: Token) -> bool:
        if index in self.used or token.kind is Kind.MARK:
            return True
        if token.kind is Kind.WORD and token.text.lower() in cues.KNOWN:
            return True
        return any(start <= token.start and token.end <= end for start, end in self.covered)


def view(text: str) -> View:
    """Read a request.  Raises `NotUnderstoodError` for characters that no request needs."""
    found = tokens(text)
    words = list(text)
    for token in found:
        if token.kind in _NAMES:
            words[token.start : token.end] = _NAMED * (token.end - token.start)
    return View(text, "".join(words), found)
