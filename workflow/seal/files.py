"""The files that a draft is put into, sealed, and the result with the values back in it."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.errors import DraftError
from workflow.patch import Content, Placement
from workflow.redaction import Fault, Kind, UndecodableError, restore
from workflow.redaction.interface import FaultKind
from workflow.seal.learn import learned, sides
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_store import GitStore
    from workflow.patch import ManyFiles
    from workflow.redaction import Sealed, Vault
    from workflow.types import TreeChange


class SealedFiles:
    """The files that a draft is put into, as its drafter has seen them, by the names it has seen.

    Implements `patch.ManyFiles`.
    """

    def __init__(self, vault: Vault, files: ManyFiles) -> None:
        self._vault = vault
        self._files = files
        self._sealed: dict[RepoPath, Sealed] = {}

    def prepare(self, paths: Sequence[RepoPath]) -> None:
        """Read what is at `paths`, many at a time."""
        self._files.prepare([self._real(path) for path in paths])

    def read(self, path: RepoPath) -> Content | None:
        """The sealed file at `path`, or `None` where nothing is.

        Raises `PatchError` for what is no regular file.
        """
        real = self._real(path)
        found = self._files.read(real)
        if found is None:
            return None
        try:
            self._sealed[real] = self._vault.seal(found.data, real)
        except UndecodableError:
            # No drafter has seen it, since it cannot be sent.  A draft may still delete it.
            return found
        return replace(found, data=self._sealed[real].data)

    def restored(self, placement: Placement) -> tuple[Placement, tuple[Fault, ...]]:
        """A placement with the values back in their places, and what is wrong with placeholders.

        Raises `DraftError` when a file with values in it is no text any more.
        """
        files: list[tuple[RepoPath, Content | None]] = []
        faults: list[Fault] = []
        real = [(self._real(path), content) for path, content in placement.files]
        gone = [
            self._sealed[path] for path, content in real if not content and path in self._sealed
        ]
        for (path, content), (name, _) in zip(real, placement.files, strict=True):
            back = None
            faults += self._named(name, path)
            if content is not None:
                before = self._sealed.get(path) or _moved(content.data, gone)
                back, found = self._restored(path, before, content)
                faults += found
            files.append((path, back))
        return Placement(tuple(files), placement.places), tuple(faults)

    def _named(self, name: RepoPath, path: RepoPath) -> tuple[Fault, ...]:
        """A secret that a draft names a new file by; a customer's name may well be in one."""
        if name == path or self._files.read(path) is not None:
            return ()
        kinds = [Kind(count.kind) for count in self._vault.counts(name.encode())]
        secret = [kind for kind in kinds if kind.is_secret]
        return tuple(Fault(FaultKind.MOVED, path, 1, kind) for kind in secret[:1])

    def _restored(
        self, path: RepoPath, sealed: Sealed | None, content: Content
    ) -> tuple[Content, tuple[Fault, ...]]:
        try:
            back = restore(self._vault, sealed, content.data, path)
        except UndecodableError as error:
            if sealed is None or not sealed.marks:
                return content, ()  # nothing to restore: the policy judges binary files
            message = f"the draft makes {path} unreadable, where sealed values stand: {error}"
            raise DraftError(message, hint="propose it again, or with another provider") from error
        return replace(content, data=back.data), back.faults

    def _real(self, path: RepoPath) -> RepoPath:
        return RepoPath(self._vault.restore_path(path))


def misplaced(vault: Vault, git: GitStore, change: TreeChange) -> tuple[Fault, ...]:
    """The values that do not stand where they stood, told from the two trees alone.

    For a change that is not put together from a draft: there is no sealed text to compare.
    """
    texts = learned(vault, git, sides(change))
    before = {
        file.path: vault.seal(texts[file.old], file.path)
        for file in change.files
        if file.old in texts
    }
    gone = [before[file.path] for file in change.files if not file.new and file.path in before]
    faults: list[Fault] = []
    for file in change.files:
        if file.new in texts:
            after = vault.seal(texts[file.new], file.path).data
            was = before.get(file.path) or _moved(after, gone)
            faults += restore(vault, was, after, file.path).faults
    return tuple(faults)


def patch_of(vault: Vault, git: GitStore, change: TreeChange) -> str:
    """A unified diff of the sealed files of a change, for a drafter to read.

    Both sides are sealed as the files that they are: what only a file's name or a value's place
    gives away is sealed, too.  What is no text is named alone.
    """
    texts = learned(vault, git, sides(change))
    lines: list[str] = []
    for file in change.files:
        name = vault.seal_path(file.path)
        if any(blob and blob not in texts for blob in (file.old, file.new)):
            lines.append(f"binary file {name} changes\n")
            continue
        old, new = (
            vault.seal(texts[blob], file.path).data.decode("utf-8", "replace") if blob else ""
            for blob in (file.old, file.new)
        )
        names = (f"a/{name}" if file.old else "/dev/null", f"b/{name}" if file.new else "/dev/null")
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        lines += difflib.unified_diff(before, after, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _moved(data: bytes, gone: Sequence[Sealed]) -> Sealed | None:
    """The file that goes and whose placeholders, all of them, a new one has: it has been renamed.

    The policy's `renamed-file` judges that; a placeholder that stays with its file has not moved.
    """
    return next(
        (
            one
            for one in gone
            if one.marks and all(mark.placeholder.encode() in data for mark in one.marks)
        ),
        None,
    )
