"""A configuration with one fault or one change in it, and the means to make them.

An operator is given a `Site`, a real configuration read once, and answers with a `Mutant`, or with
nothing where the configuration has no place for it.  Places are chosen on our own tree; whether
the result is right is for others to say.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics import nginx

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence


class Group(StrEnum):
    """What has to come of a mutant."""

    MUST_FAIL = "must fail"
    TYPO = "typo"
    SILENT = "silent"
    LATER = "silent, unseen"
    NEUTRAL = "neutral"
    REAL = "real"


@dataclass(frozen=True, slots=True)
class Mutant:
    """Two texts of one file.

    `line` is where the patched text differs first; `what` says the difference.  A silent fault is
    found by its right cause when a rule among `rules` tells it and its words have one of `about`;
    a real change is reported right when the one change's words have all of `about`.
    """

    group: Group
    operator: str
    base: str
    text: str
    line: int
    what: str
    rules: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """A directive, and the names of the blocks around it, the outermost first."""

    directive: nginx.Directive
    around: tuple[nginx.Directive, ...]

    @property
    def name(self) -> str:
        """The directive's name."""
        return self.directive.name

    @property
    def parent(self) -> str:
        """The name of the innermost block around it; empty at the left edge."""
        return self.around[-1].name if self.around else ""


@dataclass(slots=True)
class Site:
    """One configuration's text, its directives, and a source of chance."""

    rng: random.Random
    text: str
    tree: nginx.Tree = field(init=False)
    spots: tuple[Spot, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read the text; raises `NginxSyntaxError`."""
        self.tree = nginx.parse(self.text)
        self.spots = tuple(_spots(self.tree))

    def named(self, *names: str, inside: Sequence[str] = ()) -> list[Spot]:
        """The directives of these names in HTTP, in random order; `inside` limits the parent."""
        found = [
            spot
            for spot in self.spots
            if spot.name in names
            and (not inside or spot.parent in inside)
            and not any(one.name in {"stream", "mail"} for one in spot.around)
        ]
        self.rng.shuffle(found)
        return found

    def servers(self) -> list[Spot]:
        """The server blocks of HTTP."""
        blocks = self.named("server", inside=("", "http"))
        return [one for one in blocks if one.directive.block]

    def word(self, length: int = 6) -> str:
        """A fresh name."""
        return "".join(self.rng.choices(string.ascii_lowercase, k=length))

    def port(self) -> int:
        """A port that no real configuration has by chance."""
        return self.rng.randrange(20_000, 60_000)

    def replaced(self, span: nginx.Span, by: str) -> str:
        """The text with one stretch replaced."""
        return self.text[: span.start] + by + self.text[span.end :]

    def without(self, *found: nginx.Directive) -> str:
        """The text without some directives, and without the rest of their lines where empty."""
        text = self.text
        for one in sorted(found, key=lambda each: -each.span.start):
            start = text.rfind("\n", 0, one.span.start) + 1
            end = text.find("\n", one.span.end)
            whole = (
                end >= 0 and not (text[start : one.span.start] + text[one.span.end : end]).strip()
            )
            text = (
                text[:start] + text[end + 1 :]
                if whole
                else (text[: one.span.start] + text[one.span.end :])
            )
        return text

    def inserted(self, block: nginx.Directive | None, words: str) -> str:
        """The text with some lines at the start of a block, or at the left edge before all."""
        if block is None or block.block is None:
            return f"{words}\n{self.text}"
        at = block.block.span.start + 1
        indent = self.indent(block) + "    "
        return f"{self.text[:at]}\n{_indented(words, indent)}{self.text[at:]}"

    def appended(self, block: nginx.Directive, words: str) -> str:
        """The text with some lines at the end of a block."""
        if block.block is None:
            return self.text
        at = block.block.span.end - 1
        lead = self.text[:at].rstrip(" \t")
        indent = self.indent(block)
        return f"{lead}\n{_indented(words, indent + '    ')}\n{indent}{self.text[at:]}"

    def beside(self, block: nginx.Directive, words: str) -> str:
        """The text with some lines in front of a block."""
        at = block.span.start
        indent = self.indent(block)
        return f"{self.text[:at]}{_indented(words, indent).lstrip()}\n{indent}{self.text[at:]}"

    def indent(self, one: nginx.Directive) -> str:
        """What stands in front of a directive on its line, when that is blank."""
        start = self.text.rfind("\n", 0, one.span.start) + 1
        lead = self.text[start : one.span.start]
        return lead if not lead.strip() else ""

    def typo(self, word: str) -> str:
        """The word with one letter other than it was."""
        places = [at for at, letter in enumerate(word) if letter.isalpha()]
        if not places:
            return word
        at = self.rng.choice(places)
        change = self.rng.choice(("swap", "drop", "double", "other"))
        if change == "drop" and len(places) > 2:  # noqa: PLR2004 - something must be left
            return word[:at] + word[at + 1 :]
        if change == "swap" and at + 1 < len(word) and word[at] != word[at + 1]:
            swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            if word[at + 1].isalpha():
                return swapped
        if change == "double":
            return word[:at] + word[at] + word[at:]
        other = self.rng.choice([one for one in string.ascii_lowercase if one != word[at].lower()])
        return word[:at] + other + word[at + 1 :]


Operator: TypeAlias = "Callable[[Site], Mutant | None]"


def mutant(  # noqa: PLR0913 - what a mutant is
    group: Group,
    operator: str,
    base: str,
    text: str,
    what: str,
    *,
    rules: Sequence[str] = (),
    about: Sequence[str] = (),
) -> Mutant | None:
    """A mutant with the line found; nothing where the texts are the same."""
    if base == text:
        return None
    pairs = zip(base.split("\n"), text.split("\n"), strict=False)
    line = next((n for n, (old, new) in enumerate(pairs, 1) if old != new), text.count("\n") + 1)
    return Mutant(group, operator, base, text, line, what, tuple(rules), tuple(about))


def _spots(tree: nginx.Tree) -> Iterator[Spot]:
    waiting: list[tuple[nginx.Directive, tuple[nginx.Directive, ...]]] = [
        (one, ()) for one in reversed(nginx.directives(tree.children))
    ]
    while waiting:
        one, around = waiting.pop()
        yield Spot(one, around)
        inner = (*around, one)
        waiting += [(child, inner) for child in reversed(nginx.directives(one.children))]


def _indented(words: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in words.split("\n"))
