"""Turns a rule's sample into a case: two small trees without a repository."""

from __future__ import annotations

import difflib
import hashlib
from typing import TYPE_CHECKING

from workflow.policy.interface import Case
from workflow.policy.rule import Sample, Special
from workflow.redaction.interface import Kind, Span
from workflow.types import (
    BlastRadius,
    BlobId,
    ChangeKind,
    Excess,
    FileChange,
    RepoPath,
    Spare,
    SparePart,
    TreeChange,
    TreeId,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from workflow.policy.interface import Policy

_TREES = (TreeId("a" * 40), TreeId("b" * 40))


def case_of(sample: Sample, policy: Policy) -> Case:
    """The case that a sample is under a policy; nothing is declared."""
    contents: dict[BlobId, bytes] = {}
    files = tuple(_changes(sample, contents))
    given = sample.given if sample.given is not None else tuple(sample.base)
    return Case(
        change=TreeChange(*_TREES, files),
        radius=_radius(files, contents),
        policy=policy,
        role=sample.role,
        given=None if sample.role is None else tuple(map(RepoPath, given)),
        allowed=frozenset(),
        blobs=lambda ids: [contents[blob] for blob in ids],
        names=lambda folder: _names(sample.proposed, folder),
        committed=lambda path: _committed(sample, path),
        faults=sample.faults,
        secrets=(lambda data, _path: _secrets(sample, data)) if sample.secrets else None,
    )


def excess_of(sample: Sample, case: Case) -> Excess:
    """The excess that a sample has: its spare lines are lines of the first changed file."""
    changed = case.radius.added + case.radius.removed
    spare = sample.spare_lines
    parts = tuple(
        SparePart(path, line=1, removed=0, added=spare, why=Spare.NEUTRAL)
        for path in case.change.paths[:1]
        if spare
    )
    return Excess(changed, changed - spare, parts, case.change.base, is_tried=False)


def _changes(sample: Sample, contents: dict[BlobId, bytes]) -> Iterator[FileChange]:
    for path in sorted(sample.base.keys() | sample.proposed.keys()):
        old_mode, old = _file(sample.base.get(path), contents)
        new_mode, new = _file(sample.proposed.get(path), contents)
        if (old_mode, old) == (new_mode, new):
            continue
        if old is None or new is None:
            kind = ChangeKind.ADDED if old is None else ChangeKind.DELETED
        else:
            is_same_type = str(old_mode)[:2] == str(new_mode)[:2]
            kind = ChangeKind.MODIFIED if is_same_type else ChangeKind.TYPE_CHANGED
        yield FileChange(RepoPath(path), kind, old_mode, new_mode, old, new)


def _file(
    file: bytes | Special | None, contents: dict[BlobId, bytes]
) -> tuple[str | None, BlobId | None]:
    if file is None:
        return None, None
    mode, data = (file.mode, file.data) if isinstance(file, Special) else ("100644", file)
    blob = BlobId(hashlib.sha1(data, usedforsecurity=False).hexdigest())
    contents[blob] = data
    return mode, blob


def _committed(sample: Sample, path: str) -> bytes | None:
    file = sample.base.get(path)
    return None if isinstance(file, Special) else file


def _radius(files: tuple[FileChange, ...], contents: Mapping[BlobId, bytes]) -> BlastRadius:
    hunks = added = removed = 0
    for file in files:
        old = contents[file.old].splitlines(keepends=True) if file.old else []
        new = contents[file.new].splitlines(keepends=True) if file.new else []
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        for group in matcher.get_grouped_opcodes():
            hunks += 1
            changed = [code for code in group if code[0] != "equal"]
            removed += sum(end - start for _, start, end, _, _ in changed)
            added += sum(end - start for _, _, _, start, end in changed)
    return BlastRadius(len(files), hunks, added, removed)


def _secrets(sample: Sample, data: bytes) -> list[Span]:
    """The first place of each of the sample's secrets in a file."""
    places = ((data.find(secret), len(secret)) for secret in sample.secrets)
    return [Span(at, at + size, Kind.TOKEN, "sample") for at, size in places if at >= 0]


def _names(files: Collection[str], folder: str) -> set[str]:
    prefix = f"{folder}/" if folder else ""
    return {
        path.removeprefix(prefix).partition("/")[0] for path in files if path.startswith(prefix)
    }
