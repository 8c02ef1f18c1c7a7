"""Seals what leaves and what is kept, and restores what comes back.

A provider is shown sealed files, its draft is put into the sealed files, and what results is
restored: the text of a draft never is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow import prompts
from workflow.errors import DraftError
from workflow.patch import Content, Placement
from workflow.redaction import UndecodableError, restore
from workflow.types import Brief, RepoPath, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_store import GitStore
    from workflow.patch import ManyFiles
    from workflow.redaction import Fault, Sealed, Vault
    from workflow.types import ChangeRequest, Digest, Keep, Role, TreeChange

RECIPE = "surgical-edit"


def brief(vault: Vault, request: ChangeRequest, role: Role, files: Sequence[SourceFile]) -> Brief:
    """All that a provider is given: request, file names and files are sealed before a prompt is.

    Raises `SealingError` when something cannot be sealed.
    """
    for file in files:
        vault.learn(file.data, file.path)
    vault.learn(request.text.encode(), "")
    sealed = tuple(
        SourceFile(RepoPath(vault.seal_path(file.path)), vault.seal(file.data, file.path).data)
        for file in files
    )
    words = vault.seal_text(request.text)
    prompt = prompts.render(RECIPE, words, sealed, sealed=bool(vault.values()))
    return Brief(words, role, sealed, prompt)


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
        for path, content in placement.files:
            real = self._real(path)
            back = None
            if content is not None:
                back, found = self._restored(real, content)
                faults += found
            files.append((real, back))
        return Placement(tuple(files), placement.places), tuple(faults)

    def _restored(self, path: RepoPath, content: Content) -> tuple[Content, tuple[Fault, ...]]:
        sealed = self._sealed.get(path)
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


def keeper(vault: Vault, git: GitStore, change: TreeChange, keep: Keep) -> Keep:
    """Keeps what a gate's tool said without the values of the files that it was run on."""
    known = False

    def keep_sealed(data: bytes) -> Digest:
        nonlocal known
        if not known:
            learn(vault, git, change)
            known = True
        return keep(vault.scrub(data))

    return keep_sealed


def learn(vault: Vault, git: GitStore, change: TreeChange) -> None:
    """Take in the values of every changed file, before and after."""
    sides = [(blob, file.path) for file in change.files for blob in (file.old, file.new) if blob]
    for data, (_, path) in zip(git.blobs([blob for blob, _ in sides]), sides, strict=True):
        try:
            vault.learn(data, path)
        except UndecodableError:
            # No text: its bytes are in no log as they are, and `scrub` looks at the log itself.
            continue
