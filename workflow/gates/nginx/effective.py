"""The effective configuration of a target in a tree, and of both trees side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from workflow.canonical import sha256
from workflow.gates.nginx.layout import changed, targets
from workflow.gates.nginx.source import Source, View
from workflow.gates.nginx.templates import is_template
from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.expanded import MAIN, load
from workflow.semantics.nginx.fault import found, new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.gates.nginx.layout import Target
    from workflow.gates.nginx.source import Readable
    from workflow.semantics.nginx.change import Change
    from workflow.semantics.nginx.expanded import Config, Missing, Unread
    from workflow.semantics.nginx.fault import Fault
    from workflow.types import FileChange, RepoPath


_TAG = re.compile(
    r"\{\{.{0,2000}?\}\}+|\{%.{0,2000}?%\}|\{#.{0,2000}?#\}|<%.{0,2000}?%>", re.DOTALL
)
_SHOWN = 40


def _legible(text: str) -> str:
    """A template's tags as words of their own, so that a changed tag is a changed word."""
    return _TAG.sub(_word, text) if is_template(text) else text


def _word(tag: re.Match[str]) -> str:
    """A tag as one word, or as a directive of its own where it steers; lines stay lines."""
    lines = "\n" * tag[0].count("\n")
    if tag[0].startswith(("{#", "<%#")):
        return lines
    inner = tag[0].strip("{}<>%=-+ \t\r\n")
    plain = re.sub(r"[^\w.()|-]+", "_", inner)[:_SHOWN]
    word = f"<{plain}>" if plain == inner else f"<{plain}.{sha256(inner.encode())[-6:]}>"
    is_steering = tag[0].startswith(("{%", "<%")) and not tag[0].startswith("<%=")
    return f"{word};{lines}" if is_steering else word + lines


@dataclass(frozen=True, slots=True)
class Pair:
    """One target's effective configuration on both trees; empty where the tree does not have it."""

    target: Target
    base: Config
    patched: Config
    is_new: bool
    is_gone: bool

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read on either side, so that nothing can be said of it."""
        return tuple(dict.fromkeys((*self.base.unread, *self.patched.unread)))

    @property
    def lost(self) -> tuple[Missing, ...]:
        """Files that are included and missing in the patched tree, and were there in the base."""
        before = {one.pattern for one in self.base.missing}
        return tuple(one for one in self.patched.missing if one.pattern not in before)

    def changes(self) -> tuple[Change, ...]:
        """What really changes, each once."""
        return difference(self.base, self.patched)

    def faults(self) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
        """The faults that the patch brings in, and those that were there before it."""
        now = found(RULES, self.patched)
        fresh = new(RULES, self.base, self.patched, now)
        return fresh, tuple(one for one in now if one not in fresh)


def configuration(source: Source, target: Target, tested: str = "") -> Config:
    """Read what nginx would have from a target on, as a part in the context it was tested in."""
    context = tested or (str(target.contexts[0]) if target.contexts else MAIN)
    return load(View(source, target.folder, _legible), target.path, context)


def alone(
    patched: Source, touched: Sequence[RepoPath], configured: RepoPath | None = None
) -> tuple[Pair, ...]:
    """Return each target that the files reach, with nothing before it."""
    empty = _empty()
    return tuple(
        Pair(target, empty, configuration(patched, target), is_new=True, is_gone=False)
        for target in targets(patched, touched, configured)
    )


def _empty() -> Config:
    return load(Texts({"": ""}), "")


def pairs(
    base: Source,
    patched: Source,
    touched: Sequence[RepoPath],
    configured: RepoPath | None = None,
    contexts: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Pair, ...]:
    """Return each target that the touched files reach, on both trees.

    `contexts` says of parts, by path, in which context they were tested; else it is guessed.
    """
    wanted = targets(patched, touched, configured)
    gone = [path for path in touched if path not in patched]
    wanted += tuple(one for one in targets(base, gone, configured) if one not in wanted)
    empty = _empty()
    made = []
    for target in wanted:
        is_new, is_gone = target.path not in base, target.path not in patched
        tested = contexts.get(target.path, "")
        made.append(
            Pair(
                target,
                empty if is_new else configuration(base, target, tested),
                empty if is_gone else configuration(patched, target, tested),
                is_new,
                is_gone,
            )
        )
    return tuple(made)


def told(
    base: Readable, patched: Readable, files: Sequence[FileChange]
) -> dict[str, tuple[str, ...]]:
    """For each changed configuration file what really changes in it, in sentences.

    A file that cannot be read, or that takes effect in a target that cannot, is left out.
    """
    sources = Source(base), Source(patched)
    touched = changed(files, *sources, None)
    said: dict[str, dict[str, None]] = {path: {} for path in touched}
    for pair in pairs(*sources, touched):
        unread = {one.place.path for one in pair.unread}
        for change in pair.changes():
            place = change.patched or change.base
            if place and place.path in said:
                follows = (f"→ {one}" for one in change.consequences)
                said[place.path].update(dict.fromkeys((change.text, *follows)))
        for path in unread & said.keys():
            del said[path]
    return {path: tuple(lines) for path, lines in said.items()}
