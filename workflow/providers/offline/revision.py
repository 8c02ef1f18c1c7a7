"""A file on its way through codemods, remembering which lines are still the base's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow.semantics.nginx import Tree, apply_edits, in_order, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.semantics.nginx import Edit
    from workflow.types import RepoPath


def split_lines(text: str) -> tuple[str, ...]:
    r"""Lines with their `\n`; nothing else ends a line, so `\r` stays in it."""
    lines = text.split("\n")
    last = (lines[-1],) if lines[-1] else ()
    return (*(line + "\n" for line in lines[:-1]), *last)


@dataclass(frozen=True, slots=True)
class Revision:
    """A file after some edits.

    `origins` has one entry per line of the current text: the index of the base's line that it
    still is, or `None` for a line that an edit wrote or touched.
    """

    path: RepoPath
    base: str
    tree: Tree
    origins: tuple[int | None, ...]

    @property
    def text(self) -> str:
        """The current text."""
        return self.tree.text

    @property
    def is_changed(self) -> bool:
        """Whether the text differs from the base's."""
        return self.text != self.base


def first_revision(path: RepoPath, text: str) -> Revision:
    """The base itself.  Raises `NginxSyntaxError`."""
    return Revision(path, text, parse(text), tuple(range(len(split_lines(text)))))


def revise(revision: Revision, edits: Iterable[Edit]) -> Revision:
    """The next revision.  Raises `ValueError` for edits that overlap."""
    ordered = in_order(revision.text, edits)
    text = apply_edits(revision.text, ordered)
    kept = _kept_lines(revision, ordered)
    origins: list[int | None] = []
    position = 0
    for line in split_lines(text):
        known = kept.get(position)
        origins.append(known[0] if known and known[1] == line else None)
        position += len(line)
    return replace(revision, tree=parse(text), origins=tuple(origins))


def _kept_lines(revision: Revision, edits: tuple[Edit, ...]) -> dict[int, tuple[int | None, str]]:
    """Where each untouched line starts in the next text: its origin and its content."""
    kept: dict[int, tuple[int | None, str]] = {}
    position = shift = done = 0
    for line, origin in zip(split_lines(revision.text), revision.origins, strict=True):
        end = position + len(line)
        while done < len(edits) and edits[done].end <= position:
            shift += len(edits[done].replacement) - (edits[done].end - edits[done].start)
            done += 1
        if done == len(edits) or edits[done].start >= end:
            kept[position + shift] = (origin, line)
        position = end
    return kept
