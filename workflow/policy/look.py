"""What the rules share: both contents of each changed file, read once, and the lines that come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from workflow.types import ChangeKind, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from workflow.policy.interface import Case, Policy
    from workflow.redaction.interface import Fault, Span
    from workflow.types import BlastRadius, BlobId, Excess, FileChange, RepoPath

SUBMODULE = "160000"
_BATCH = 200
# Deleted files are read for what they share with added ones; past this, their number speaks.
_MAX_DELETED_READ = 200
# A line in more deleted files than this, such as a licence's, does not tell which one moved.
_MAX_HOLDERS = 8


@dataclass(frozen=True, slots=True)
class Sight:
    """One changed file with both contents; empty where it does not exist or was not read.

    `added` are the lines, without their line feeds, that the new content has more often than the
    old one.
    """

    change: FileChange
    old: bytes
    new: bytes
    added: tuple[bytes, ...]

    @property
    def path(self) -> RepoPath:
        """The file's path."""
        return self.change.path

    @property
    def is_text(self) -> bool:
        """Whether there is new content and it has no NUL, which is what git calls text."""
        return self.change.new is not None and b"\0" not in self.new


@dataclass(frozen=True, slots=True)
class Look:
    """All that a check may look at.

    `moved` pairs deleted files with added ones of the same or nearly the same content.
    """

    policy: Policy
    role: Role | None
    given: frozenset[RepoPath] | None
    radius: BlastRadius | None
    files: tuple[Sight, ...]
    moved: tuple[tuple[Sight, Sight], ...]
    names: Callable[[str], Collection[str]]
    committed: Callable[[RepoPath], bytes | None]
    excess: Excess | None = None
    faults: tuple[Fault, ...] = ()
    secrets: Callable[[bytes, str], Sequence[Span]] | None = None
    creates: bool = False

    @property
    def measured(self) -> Role | None:
        """The role whose budget counts: an architect's wherever it has drafted a part."""
        return Role.ARCHITECT if self.creates else self.role


def look(case: Case) -> Look:
    """Read what a case changes, each blob once and many at a time."""
    files = tuple(_sights(case))
    return Look(
        policy=case.policy,
        role=case.role,
        given=None if case.given is None else frozenset(case.given),
        radius=case.radius,
        files=files,
        moved=tuple(_moved(files)),
        names=cache(case.names),
        committed=case.committed,
        faults=case.faults,
        secrets=case.secrets,
        creates=case.creates,
    )


def _sights(case: Case) -> Iterator[Sight]:
    changes = case.change.files
    deleted = sum(change.kind is ChangeKind.DELETED for change in changes)
    skipped = ChangeKind.DELETED if deleted > _MAX_DELETED_READ else None
    for start in range(0, len(changes), _BATCH):
        batch = changes[start : start + _BATCH]
        wanted = dict.fromkeys(
            blob for change in batch if change.kind is not skipped for blob in _blobs(change)
        )
        contents = dict(zip(wanted, case.blobs(tuple(wanted)) if wanted else (), strict=True))
        for change in batch:
            old = contents.get(change.old, b"") if change.old else b""
            new = contents.get(change.new, b"") if change.new else b""
            yield Sight(change, old, new, lines_added(old, new))


def _blobs(change: FileChange) -> Iterator[BlobId]:
    """The contents of a changed file; a submodule's object is a commit of another repository."""
    if change.old and change.old_mode != SUBMODULE:
        yield change.old
    if change.new and change.new_mode != SUBMODULE:
        yield change.new


# --- lines ----------------------------------------------------------------------------------------


def lines_added(old: bytes, new: bytes) -> tuple[bytes, ...]:
    """The lines that `new` has more often than `old`, without line feeds, in their order."""
    if old == new or not new:
        return ()
    if not old:
        return tuple(new.removesuffix(b"\n").split(b"\n"))
    start = new.rfind(b"\n", 0, _alike(old, new)) + 1
    old, new = old[start:], new[start:]
    cut = new.find(b"\n", len(new) - _alike_at_end(old, new))
    if cut >= 0:
        old, new = old[: len(old) - (len(new) - cut - 1)], new[: cut + 1]
    spare = Counter(old.split(b"\n"))
    added = []
    for line in new.removesuffix(b"\n").split(b"\n") if new else ():
        if spare[line]:
            spare[line] -= 1
        else:
            added.append(line)
    return tuple(added)


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with alike, by halving: comparing slices is fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _alike_at_end(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


# --- moves ----------------------------------------------------------------------------------------


def _moved(files: tuple[Sight, ...]) -> Iterator[tuple[Sight, Sight]]:
    """Pair deleted files with added ones: the same blob, or at least half of the bytes in lines.

    Half is git's own measure of a rename.
    """
    gone = [file for file in files if file.change.kind is ChangeKind.DELETED]
    come = [file for file in files if file.change.kind is ChangeKind.ADDED]
    if not gone or not come:
        return
    by_blob = {file.change.old: number for number, file in enumerate(gone)}
    taken: set[int] = set()
    rest = []
    for file in come:
        number = by_blob.get(file.change.new)
        if number is None or number in taken:
            rest.append(file)
        else:
            taken.add(number)
            yield gone[number], file
    holders = _holders(gone, taken)
    for file in rest:
        number = _likest(file, gone, holders, taken)
        if number is not None:
            taken.add(number)
            yield gone[number], file


def _holders(gone: list[Sight], taken: set[int]) -> dict[bytes, list[int]]:
    """Which deleted files hold a line; lines that many files hold tell nothing."""
    holders: dict[bytes, list[int]] = {}
    for number, file in enumerate(gone):
        if number not in taken:
            for line in set(file.old.split(b"\n")):
                holders.setdefault(line, []).append(number)
    return {line: numbers for line, numbers in holders.items() if len(numbers) <= _MAX_HOLDERS}


def _likest(
    file: Sight, gone: list[Sight], holders: dict[bytes, list[int]], taken: set[int]
) -> int | None:
    shared: Counter[int] = Counter()
    for line in set(file.new.split(b"\n")):
        for number in holders.get(line, ()):
            if number not in taken:
                shared[number] += len(line) + 1
    for number, size in shared.most_common(1):
        if 2 * size >= max(len(file.new), len(gone[number].old)):
            return number
    return None
