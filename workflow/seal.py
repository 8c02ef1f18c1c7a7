"""Seals what leaves and what is kept, and restores what comes back.

A provider is shown sealed files, its draft is put into the sealed files, and what results is
restored: the text of a draft never is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow import prompts
from workflow.errors import DraftError
from workflow.patch import Content, Placement
from workflow.redaction import Fault, Kind, Span, UndecodableError, restore
from workflow.redaction.interface import FaultKind
from workflow.types import Brief, Digest, RepoPath, Sent, Shown, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.git_store import GitStore
    from workflow.patch import ManyFiles
    from workflow.redaction import Sealed, Vault
    from workflow.redaction.egress.guard import Sent as Outgoing
    from workflow.store import Store
    from workflow.types import BlobId, ChangeRequest, Keep, Role, TreeChange, TreeId

RECIPE = "surgical-edit"
# What a tool prints is a log to the detectors, not what a person has typed.
_LOG = "gate.log"
_BATCH = 200
_MOST_LEARNED = 32 * 1024 * 1024
# Files of these names hold most values, and are looked at first where there are very many files.
_SETTINGS = re.compile(
    r"(?:^|/)\.|\.(?:cfg|cnf|conf|config|env|ini|json|properties|sh|toml|xml|ya?ml)$|/secrets?/|tests?/"
)


def brief(vault: Vault, request: ChangeRequest, role: Role, files: Sequence[SourceFile]) -> Brief:
    """All that a provider is given: request, file names and files are sealed before a prompt is.

    Raises `SealingError` when something cannot be sealed.
    """
    for file in files:
        vault.learn(file.data, file.path)
    vault.learn(request.text.encode(), "")
    # All names before the first file: what one of them holds is sealed in every file.
    paths = [RepoPath(vault.seal_path(file.path)) for file in files]
    sealed = tuple(
        SourceFile(path, vault.seal(file.data, file.path).data)
        for path, file in zip(paths, files, strict=True)
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
    texts = _learn(vault, git, _sides(change))
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


def shown(vault: Vault) -> tuple[Shown, ...]:
    """The values that were allowed to be seen, for the receipt."""
    return tuple(
        Shown(
            path=one.path,
            line=one.line,
            kind=one.kind.value,
            reason=one.allowance.reason,
            expires=one.allowance.expires.isoformat(),
        )
        for one in vault.allowed()
    )


class Outbox:
    """Records each request of a draft, in the ledger and with its body, before it leaves.

    What the egress guard calls for each attempt; `requests` are those so far, for the receipt.
    """

    def __init__(self, vault: Vault, store: Store) -> None:
        self._vault = vault
        self._store = store
        self.requests: tuple[Sent, ...] = ()

    def __call__(self, request: Outgoing) -> None:
        """Record a request; what this raises keeps it from leaving."""
        sent = Sent(
            at=request.at.isoformat(timespec="seconds"),
            destination=request.destination,
            model=request.model,
            body=Digest(f"sha256:{request.digest}"),
            size=request.size,
            sealed=self._vault.counts(request.body),
        )
        self._store.sent(sent, request.body)
        self.requests += (sent,)


def secrets(
    vault: Vault, find: Callable[[bytes, str], Sequence[Span]]
) -> Callable[[bytes, str], Sequence[Span]]:
    """What `find` finds, and the secrets that only the request holds, wherever they stand."""
    typed = [one for one in vault.values() if one.kind.is_secret and not vault.paths(one)]

    def found(data: bytes, path: str) -> Sequence[Span]:
        spans = list(find(data, path))
        for value in typed:
            start = data.find(value.data)
            while start >= 0:
                end = start + len(value.data)
                spans.append(Span(start, end, value.kind, "request"))
                start = data.find(value.data, end)
        return sorted(spans)

    return found


def keeper(vault: Vault, git: GitStore, change: TreeChange, keep: Keep) -> Keep:
    """Keeps what a gate's tool said without the values of the files that it was run on.

    They are taken in when the first log is kept: a gate may print any file that it can read.
    """
    known = False

    def keep_sealed(data: bytes) -> Digest:
        nonlocal known
        if not known:
            learn(vault, git, change)
            learn_tree(vault, git, change.base)
            known = True
        return keep(vault.scrub(data, _LOG))

    return keep_sealed


def learn(vault: Vault, git: GitStore, change: TreeChange) -> None:
    """Take in the values of every changed file, before and after."""
    _learn(vault, git, _sides(change))


def learn_tree(vault: Vault, git: GitStore, tree: TreeId) -> None:
    """Take in the values of a whole tree, of which any file may be quoted in a gate's log.

    Settings come first, and past 32 MiB of text nothing more is read: a second of work.
    """
    rows = [(entry.path, entry.blob) for entry in git.entries(tree) if entry.is_regular]
    rows.sort(key=lambda row: not _SETTINGS.search(row[0]))
    size = 0
    for begin in range(0, len(rows), _BATCH):
        if size > _MOST_LEARNED:
            return
        size += sum(map(len, _learn(vault, git, rows[begin : begin + _BATCH]).values()))


def _sides(change: TreeChange) -> list[tuple[RepoPath, BlobId]]:
    """Every blob of a change, before and after, with its path."""
    return [(file.path, blob) for file in change.files for blob in (file.old, file.new) if blob]


def _learn(
    vault: Vault, git: GitStore, rows: Sequence[tuple[RepoPath, BlobId]]
) -> dict[BlobId, bytes]:
    """Take in the values of blobs; returns those that are text, and so may hold some."""
    texts: dict[BlobId, bytes] = {}
    for data, (path, blob) in zip(git.blobs([blob for _, blob in rows]), rows, strict=True):
        try:
            vault.learn(data, path)
        except UndecodableError:
            # No text: its bytes are in no log as they are, and `scrub` looks at the log itself.
            continue
        texts[blob] = data
    return texts
