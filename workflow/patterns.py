"""Which pattern of paths matches a path, found in time that no pattern and no path can bend."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(r"\*\*/|\*\*|.", re.DOTALL)
# What adds nothing behind a token.
_NOTHING_BEHIND = {"**": {"*", "**", "**/"}, "**/": {"**/"}}
# Both are an `i` to some reader, and neither folds to one character.
_LETTERS_I = str.maketrans({"\u0130": "i", "\u0131": "i"})
_MOST_MOVES = 10_000


def first_match(patterns: tuple[str, ...], names: set[str]) -> str | None:
    """The first of the patterns that matches one of the names, or a folder on the way to it.

    `*` and `?` stay within one name, `**/` is any folders or none, `**` is anything.  Case does
    not matter.  The time grows with the length of the names times that of all patterns.
    """
    automaton = _automaton(patterns)
    met = 0
    for name in {_without_case(name) for name in names}:
        met |= automaton.met(name)
    ends = zip(patterns, automaton.ends, strict=True)
    return next((pattern for pattern, end in ends if met & end), None)


@dataclass(slots=True)
class _Automaton:
    """Patterns as one automaton, whose set of states is an integer with a bit for each.

    A token of a pattern is the state in which it is awaited, and the end of a pattern is one, too.
    `**/` is two: it can be passed over (`folders`), or folders are read up to a slash (`inside`).
    """

    start: int = 0
    ends: list[int] = field(default_factory=list)
    end: int = 0
    literal: dict[str, int] = field(default_factory=dict)
    one: int = 0
    star: int = 0
    stars: int = 0
    folders: int = 0
    inside: int = 0
    moves: dict[tuple[int, str], int] = field(default_factory=dict)
    """What was worked out before, since names of one tree are alike."""

    def met(self, name: str) -> int:
        """The ends that are reached at the end of a name, or where a folder in it ends."""
        met, states, moves = 0, self._with_skipped(self.start), self.moves
        for char in name:
            if char == "/":
                met |= states & self.end
            after = moves.get((states, char))
            if after is None:
                if len(moves) >= _MOST_MOVES:
                    moves.clear()
                after = moves[states, char] = self._after(states, char)
            states = after
        return met | states & self.end

    def _after(self, states: int, char: str) -> int:
        """The states behind a character."""
        if char == "/":
            stays, moves = self.stars | self.inside, self.literal.get(char, 0) | self.inside
        else:
            stays = self.stars | self.inside | self.star
            moves = self.literal.get(char, 0) | self.one
        return self._with_skipped(states & stays | (states & moves) << 1)

    def _with_skipped(self, states: int) -> int:
        """Also the states behind tokens that may be nothing; of these, at most two are in a row."""
        folders = states & self.folders
        states |= folders << 1 | folders << 2
        return states | (states & (self.star | self.stars)) << 1


@lru_cache(maxsize=512)
def _automaton(patterns: tuple[str, ...]) -> _Automaton:
    made, bit = _Automaton(), 1
    for pattern in patterns:
        made.start |= bit
        for token in _tokens(_without_case(pattern).rstrip("/")):
            match token:
                case "**/":
                    made.folders |= bit
                    bit <<= 1
                    made.inside |= bit
                case "**":
                    made.stars |= bit
                case "*":
                    made.star |= bit
                case "?":
                    made.one |= bit
                case _:
                    made.literal[token] = made.literal.get(token, 0) | bit
            bit <<= 1
        made.ends.append(bit)
        made.end |= bit
        bit <<= 1
    return made


def _tokens(pattern: str) -> list[str]:
    """The tokens of a pattern, without those that add nothing to their neighbour."""
    tokens: list[str] = []
    for token in _TOKEN.findall(pattern):
        if not tokens or token not in _NOTHING_BEHIND.get(tokens[-1], ()):
            tokens.append(token)
    return tokens


def _without_case(text: str) -> str:
    """Text in which letters that differ in case are one; as many characters as before."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold, text.translate(_LETTERS_I)))


def _fold(char: str) -> str:
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return folded
    return char
