"""A patch by itself: from any text to the files that it would give in a folder, judged by a policy.

The same reading, placing, canonical patch and rules as for a proposal, on two trees that hold the
touched files alone, in a repository of our own that is gone afterwards.  No file of the folder's is
written here, and no git repository around it is looked at.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import patch, policy
from workflow.git_command import git_error, run_git
from workflow.git_store import GitStore
from workflow.patch import PatchError, Placement, Reason, Refusal
from workflow.patch.interface import Move
from workflow.standalone.swap import Swap
from workflow.types import RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from workflow.patch import Place, Reading
    from workflow.patch.interface import Names, Operation
    from workflow.policy import Judgement, Policy
    from workflow.redaction import Span
    from workflow.standalone.folder import Folder
    from workflow.types import BlastRadius, TreeChange


@dataclass(frozen=True, slots=True)
class Prepared:
    """A patch whose every place is proven: what it does to which files, and what the rules say.

    `patch` is the canonical one: git's own diff of the files before and after.
    """

    places: tuple[Place, ...]
    swaps: tuple[Swap, ...]
    change: TreeChange
    patch: bytes
    radius: BlastRadius
    judgement: Judgement

    @property
    def is_clear(self) -> bool:
        """Whether no rule objects, and nobody has to approve it first."""
        return not self.judgement.findings and not self.judgement.requirements


@dataclass(frozen=True, slots=True)
class Examined:
    """All that can be said about a patch; `prepared` is there when nothing refuses it."""

    reading: Reading | None
    refusals: tuple[Refusal, ...]
    prepared: Prepared | None

    @property
    def is_clear(self) -> bool:
        """Whether it may be applied."""
        return self.prepared is not None and self.prepared.is_clear


def examine(  # noqa: PLR0913, PLR0917 - a patch, its place, and all that judges it
    data: bytes,
    folder: Folder,
    start: str,
    rules: Policy,
    allowed: Iterable[str],
    secrets: Callable[[bytes, str], Sequence[Span]] | None = None,
) -> Examined:
    """Read a patch, find its places, and judge what it would change.

    `start` is the folder, below the top of `folder`, that the names in the patch start from (`""`:
    the top itself).  `allowed` are the ids of rules whose objections are intended.  `secrets` finds
    those in a file; without it nobody looks for any.

    Raises `FolderError` when a file cannot be read, and `GitError` when git is missing.
    """
    reading = None
    try:
        reading = patch.read(data)
        operations = [_from(start, operation) for operation in reading.operations]
        placement = patch.place(operations, folder)
    except PatchError as error:
        refusals = tuple(_explained(refusal, reading, folder, start) for refusal in error.refusals)
        return Examined(reading, refusals, None)
    swaps = tuple(Swap(path, folder.read(path), after) for path, after in placement.files)
    with tempfile.TemporaryDirectory(prefix="workflow-patch-") as scratch:
        judge = partial(policy.Case, policy=rules, allowed=frozenset(allowed), secrets=secrets)
        prepared = _judged(placement, swaps, folder, Path(scratch), judge)
    return Examined(reading, (), prepared)


def _judged(
    placement: Placement,
    swaps: tuple[Swap, ...],
    folder: Folder,
    scratch: Path,
    case: Callable[..., policy.Case],
) -> Prepared:
    """Build the two trees, and look at what git says differs between them."""
    git = _repository(scratch / "objects.git")
    nothing = TreeId(git.git("mktree").decode().strip())
    before = Placement(tuple((swap.path, swap.before) for swap in swaps if swap.before), ())
    base = patch.write(git, nothing, before)
    proposed = patch.write(git, base, placement)
    change = git.change(base, proposed)
    text, radius = patch.canonical(git, change, scratch / "canonical.index")
    made = case(
        change=change,
        radius=radius,
        role=None,
        given=None,
        blobs=git.blobs,
        names=_Names(folder, swaps).of,
        committed=_nothing,
    )
    return Prepared(placement.places, swaps, change, text, radius, policy.judge(made))


def _nothing(_path: RepoPath) -> bytes | None:
    """No file of a base: who owns a file is asked when a branch is to move, and none moves here."""
    return None


def _repository(path: Path) -> GitStore:
    """An empty repository without a work tree; no template, hook or identity is needed."""
    path.mkdir()
    made = run_git("init", "--quiet", "--bare", "--template=", "--object-format=sha1", cwd=path)
    if not made.is_ok:
        raise git_error(made, path)
    return GitStore(top=path, git_dir=path, common_dir=path)


class _Names:
    """The names in each folder as they would be afterwards."""

    def __init__(self, folder: Folder, swaps: Iterable[Swap]) -> None:
        self._folder = folder
        self._come: defaultdict[str, set[str]] = defaultdict(set)
        self._go: defaultdict[str, set[str]] = defaultdict(set)
        for swap in swaps:
            above, _, name = swap.path.rpartition("/")
            if swap.after is None:
                self._go[above].add(name)
            while swap.after is not None and name:
                self._come[above].add(name)
                above, _, name = above.rpartition("/")

    def of(self, folder: str) -> set[str]:
        """The names in a folder (`""`: the top)."""
        return {*self._folder.names(folder)} - self._go[folder] | self._come[folder]


def _from(start: str, operation: Operation) -> Operation:
    """An operation whose names start from the folder's top."""
    if not start:
        return operation
    if isinstance(operation, Move):
        operation = replace(operation, to=_below(start, operation.to))
    return replace(operation, names=_below(start, operation.names))


def _below(start: str, names: Names) -> Names:
    try:
        return tuple(RepoPath(f"{start}/{name}") for name in names)
    except ValueError as error:
        message = f"{names[0][:80]!r}... is too long a path below {start}"
        refusal = Refusal(Reason.UNSAFE_PATH, message, "shorten it", path=names[0])
        raise PatchError(refusal) from error


def _explained(refusal: Refusal, reading: Reading | None, folder: Folder, start: str) -> Refusal:
    """A refusal that tells where names start, and when that was only the wrong folder."""
    if reading is None and refusal.reason is Reason.UNSAFE_PATH:
        here = f"the current folder, {start}," if start else "the current folder"
        return replace(refusal, hint=f"names start from {here} and cannot lead out of it")
    named = refusal.path.removeprefix(f"{start}/")
    if refusal.reason is not Reason.NO_SUCH_FILE or not start or named == refusal.path:
        return refusal
    try:
        is_there = folder.read(RepoPath(named)) is not None
    except (PatchError, ValueError):
        is_there = False
    if not is_there:
        return refusal
    hint = f"its names start from the top of the repository: cd {folder.top}"
    return replace(refusal, hint=hint)
