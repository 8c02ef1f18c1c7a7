"""Brings together what the parts of a draft say of the same file, and finds what is repeated.

Parts may spell the same file in different ways.  The names of a spelling are all that it can stand
for; where those of one are among those of another, both are taken for the same file.  Which of the
names it has, the files that exist decide later, and only one of them may.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workflow.patch.interface import Create, Delete, Edit, Hunk, Move, Reason, Repair
from workflow.patch.refusal import label, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.patch.interface import Names, Operation, Snippet
    from workflow.patch.refusal import Notes
    from workflow.types import RepoPath


@dataclass(slots=True)
class _File:
    """What is said of one file, all of one kind.

    `names` are those of all spellings, and `common` those that each of them can stand for.
    """

    names: Names
    common: set[RepoPath]
    said: list[Operation] = field(default_factory=list)


def merged(operations: Iterable[Operation], notes: Notes) -> list[Operation]:
    """One diff's operations, with all hunks of a file in one edit.

    What is said twice in the same words counts once.  Raises `PatchError` where a name can mean
    either of two files of the diff, or a file gets two modes.
    """
    files: list[_File] = []
    known: dict[tuple[type, RepoPath], list[_File]] = {}
    for operation in operations:
        names, kind = operation.names, type(operation)
        file = _file_of(names, [hit for name in names for hit in known.get((kind, name), ())])
        if not file.said:
            files.append(file)
        file.said.append(operation)
        for name in names:
            hits = known.setdefault((kind, name), [])
            if not any(hit is file for hit in hits):
                hits.append(file)
    return [operation for file in files for operation in _merged(file, notes)]


def _file_of(names: Names, hits: list[_File]) -> _File:
    """The one file so far that a spelling means, or a new one; `hits` share a name with it."""
    found: list[_File] = []
    for hit in hits:
        if wider(hit.names, names) and not any(hit is one for one in found):
            found.append(hit)
    if not found:
        return _File(names, set(names))
    file = found[0]
    file.common.intersection_update(names)
    if len(found) > 1 or not file.common:
        message = f"the draft names {label(names[0])} in ways that can mean two files"
        hint = "write each path from the top of the repository, behind a/ and b/"
        refuse(Reason.CONFLICTING, message, hint, path=names[0])
    file.names = wider(file.names, names) or names
    return file


def _merged(file: _File, notes: Notes) -> list[Operation]:
    """What operations of one file say, each thing once; edits become one."""
    if len(file.said) == 1:
        return file.said
    said: dict[Operation, Operation] = {}
    for operation in file.said:
        bare = unnumbered(operation)
        key = replace(bare, mode=None) if isinstance(bare, Edit) else bare
        said.setdefault(replace(key, names=()), replace(operation, names=file.names))
    if len(said) < len(file.said):
        notes.repaired(Repair.REPEATED, label(file.names[0]))
    edits = [operation for operation in said.values() if isinstance(operation, Edit)]
    if not edits:
        return list(said.values())
    modes = {one.mode for one in file.said if isinstance(one, Edit) and one.mode}
    if len(modes) > 1:
        name = file.names[0]
        message = f"the draft gives {label(name)} two modes"
        refuse(Reason.CONFLICTING, message, "write one mode for each file", path=name)
    changes = tuple(change for edit in edits for change in edit.changes)
    return [Edit(file.names, changes, next(iter(modes), None))]


def in_turn(operations: Iterable[Operation], notes: Notes) -> list[Operation]:
    """Operations that are done one after the other, without those that are there twice.

    All that is said of a file may be there again, or one thing right after itself.  Raises
    `PatchError` for something that is said again after other things: it may be meant.
    """
    found: list[Operation] = []
    said: dict[tuple[Operation, RepoPath], list[int]] = {}
    turns: dict[RepoPath, list[int]] = {}
    for operation in operations:
        at = _first(operation, found, said)
        if at is None:
            at = len(found)
            found.append(operation)
            _say(operation, at, said)
        else:
            notes.repaired(Repair.REPEATED, label(operation.names[0]))
        turn = turns.setdefault(operation.names[-1], [])
        if turn[-1:] != [at]:
            turn.append(at)
    for name, turn in turns.items():
        once = list(dict.fromkeys(turn))
        if turn != once * (len(turn) // len(once)):
            message = f"the draft says something of {label(name)} again, after other changes of it"
            hint = "write each change once, in the order in which they are made"
            refuse(Reason.CONFLICTING, message, hint, path=name)
    return found


def joined(parts: Iterable[Iterable[Operation]], notes: Notes) -> list[Operation]:
    """What several fences say.

    Raises `PatchError` where two of them say different things of one file: the later one may be
    meant to correct the earlier.
    """
    found: list[Operation] = []
    said: dict[tuple[Operation, RepoPath], list[int]] = {}
    spelled: dict[RepoPath, set[Names]] = {}
    for part in parts:
        fresh: list[Operation] = []
        for operation in part:
            names = operation.names
            others = (other for name in names for other in spelled.get(name, ()))
            if _first(operation, found, said) is not None:
                notes.repaired(Repair.REPEATED, label(names[0]))
            elif any(wider(other, names) for other in others):
                message = f"two fences of the draft say different things of {label(names[0])}"
                hint = "put all hunks of a file into one fence, under one --- and +++"
                refuse(Reason.CONFLICTING, message, hint, path=names[0])
            else:
                fresh.append(operation)
        for at, operation in enumerate(fresh, len(found)):
            _say(operation, at, said)
            for name in operation.names:
                spelled.setdefault(name, set()).add(operation.names)
        found += fresh
    return found


def _say(operation: Operation, at: int, said: dict[tuple[Operation, RepoPath], list[int]]) -> None:
    """Keep where an operation stands, under each of its names."""
    key = replace(unnumbered(operation), names=())
    for name in operation.names:
        said.setdefault((key, name), []).append(at)


def _first(
    operation: Operation, found: list[Operation], said: dict[tuple[Operation, RepoPath], list[int]]
) -> int | None:
    """Where the same is said of the same file; it goes by the names of both spellings then."""
    key = replace(unnumbered(operation), names=())
    names = operation.names
    hits = {at for name in names for at in said.get((key, name), ())}
    same = [at for at in hits if wider(found[at].names, names)]
    if len(same) != 1:
        return None
    at = same[0]
    found[at] = replace(found[at], names=wider(found[at].names, names) or names)
    return at


def wider(one: Names, other: Names) -> Names | None:
    """Of two spellings' names those that hold the other's, `None` if neither does."""
    if set(other) <= set(one):
        return one
    return other if set(one) <= set(other) else None


def unnumbered(operation: Operation) -> Operation:
    """An operation without the numbers of its hunks, to compare what it says."""
    match operation:
        case Edit() | Move():
            return replace(operation, changes=tuple(map(_unnumbered, operation.changes)))
        case Create() | Delete():
            return operation


def _unnumbered(change: Hunk | Snippet) -> Hunk | Snippet:
    return replace(change, number=0)
