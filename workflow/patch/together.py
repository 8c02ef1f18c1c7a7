"""Brings together what the parts of a draft say of the same file, and finds what is repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.patch.interface import Create, Delete, Edit, Hunk, Move, Reason, Repair
from workflow.patch.refusal import label, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.patch.interface import Operation, Snippet
    from workflow.patch.refusal import Notes


def merged(operations: Iterable[Operation], notes: Notes) -> list[Operation]:
    """One diff's operations, with all hunks of a file in one edit.

    What is said twice in the same words counts once.
    """
    groups: dict[Operation, list[Operation]] = {}
    for operation in operations:
        key = replace(operation, changes=()) if isinstance(operation, Edit) else operation
        groups.setdefault(key, []).append(operation)
    return [_merged(key, group, notes) for key, group in groups.items()]


def _merged(key: Operation, group: list[Operation], notes: Notes) -> Operation:
    """What operations of one file say that differ in their hunks at most."""
    if len(group) == 1:
        return group[0]
    said: dict[Operation, Operation] = {}
    for operation in group:
        said.setdefault(unnumbered(operation), operation)
    if len(said) < len(group):
        notes.repaired(Repair.REPEATED, label(key.names[0]))
    edits = [operation for operation in said.values() if isinstance(operation, Edit)]
    changes = tuple(change for edit in edits for change in edit.changes)
    return replace(key, changes=changes) if isinstance(key, Edit) else key


def in_turn(operations: Iterable[Operation], notes: Notes) -> list[Operation]:
    """Operations that are done one after the other, without those that are there twice."""
    found: dict[Operation, Operation] = {}
    for operation in operations:
        if found.setdefault(unnumbered(operation), operation) is not operation:
            notes.repaired(Repair.REPEATED, label(operation.names[0]))
    return list(found.values())


def joined(parts: Iterable[Iterable[Operation]], notes: Notes) -> list[Operation]:
    """What several fences say.

    Raises `PatchError` where two of them say different things of one file: the later one may be
    meant to correct the earlier.
    """
    found: list[Operation] = []
    said: set[Operation] = set()
    named: set[str] = set()
    for part in parts:
        names: set[str] = set()
        for operation in part:
            name = operation.names[0]
            if unnumbered(operation) in said:
                notes.repaired(Repair.REPEATED, label(name))
            elif name in named:
                message = f"two fences of the draft say different things of {label(name)}"
                hint = "put all hunks of a file into one fence, under one --- and +++"
                refuse(Reason.CONFLICTING, message, hint, path=name)
            else:
                names.add(name)
                found.append(operation)
        said.update(map(unnumbered, part))
        named |= names
    return found


def unnumbered(operation: Operation) -> Operation:
    """An operation without the numbers of its hunks, to compare what it says."""
    match operation:
        case Edit() | Move():
            return replace(operation, changes=tuple(map(_unnumbered, operation.changes)))
        case Create() | Delete():
            return operation


def _unnumbered(change: Hunk | Snippet) -> Hunk | Snippet:
    return replace(change, number=0)
