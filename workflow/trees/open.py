"""Both trees of a change as gates see them: a cached checkout, and what differs laid over it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, overload

from workflow.gates import Tree
from workflow.sandbox import Scratch
from workflow.trees.cache import Cache
from workflow.trees.checkout import LINK, bytes_of
from workflow.trees.laid import DRIFT, PATCH, laid
from workflow.types import Entry, RepoPath, TreeId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.git_store import GitStore
    from workflow.types import FileChange, TreeChange

# Gates ask for the same few settings again and again; each time would be two processes of git's.
_MOST_KEPT, _KEPT_BYTES = 500, 64 * 1024


@contextlib.contextmanager
def opened(
    git: GitStore, change: TreeChange, *, tell: Callable[[str], None]
) -> Iterator[tuple[Tree, Tree]]:
    """Give both trees of a change, base first, for runs until the context ends.

    Their checkouts are in `workflow/trees` of git's common directory, kept for the next time and
    locked against change meanwhile.  `tell` hears how far a long checkout is, from any thread, a
    few times a second at most.

    Raises `CheckoutError` when a tree cannot be written, and `GitError` when it cannot be read.
    """
    cache = Cache(git, tell)
    with contextlib.ExitStack() as held, contextlib.ExitStack() as held_too:
        near = held.enter_context(cache.held(change.base))
        over = laid(git, near.change, DRIFT)
        if over is None:
            held.close()
            near = held.enter_context(cache.held(change.base, exactly=True))
            over = ()
        base = Scratch(near.root, over, id=change.base)
        is_exact = near.change.base == change.base
        rest = change if is_exact else git.change(near.change.base, change.proposed)
        over, root = laid(git, rest, PATCH), near.root
        if over is None:
            root = held_too.enter_context(cache.held(change.proposed, exactly=True)).root
            over = ()
        patched = Scratch(root, over, id=change.proposed)
        entries = Listing(lambda: git.entries(change.base))
        merged = Listing(lambda: _merged(entries, change.files))
        yield _tree(git, base, entries), _tree(git, patched, merged)


@dataclass(frozen=True, slots=True)
class Content:
    """A tree as it can be read, without a place at which a sandbox would show it."""

    entries: Sequence[Entry]
    read: Callable[[RepoPath], bytes]
    links: Mapping[RepoPath, str]


def contents(git: GitStore, change: TreeChange) -> tuple[Content, Content]:
    """Give what both trees of a change hold, base first; nothing is checked out."""
    entries = Listing(lambda: git.entries(change.base))
    merged = Listing(lambda: _merged(entries, change.files))
    return _content(git, change.base, entries), _content(git, change.proposed, merged)


def _content(git: GitStore, tree: TreeId, entries: Listing) -> Content:
    return Content(entries, Reader(git, tree), Links(git, entries))


class Listing(Sequence[Entry]):
    """A tree's entries, read when the first of them is asked for, once, from whatever thread."""

    def __init__(self, load: Callable[[], Sequence[Entry]]) -> None:
        self._load = load
        self._lock = Lock()
        self._entries: Sequence[Entry] | None = None

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        return self._all()[index]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._all())

    def _all(self) -> Sequence[Entry]:
        with self._lock:
            if self._entries is None:
                self._entries = self._load()
            return self._entries


class Links(Mapping[RepoPath, str]):
    """Where a tree's symbolic links point to, read when that is first asked."""

    def __init__(self, git: GitStore, entries: Listing) -> None:
        self._git = git
        self._entries = entries
        self._lock = Lock()
        self._targets: dict[RepoPath, str] | None = None

    def __getitem__(self, path: RepoPath) -> str:
        return self._all()[path]

    def __iter__(self) -> Iterator[RepoPath]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[RepoPath, str]:
        with self._lock:
            if self._targets is None:
                links = [entry for entry in self._entries if entry.mode == LINK]
                blobs = self._git.blobs([entry.blob for entry in links]) if links else ()
                self._targets = {
                    entry.path: data.decode("utf-8", "surrogateescape")
                    for entry, data in zip(links, blobs, strict=True)
                }
            return self._targets


class Reader:
    """Reads a tree's regular files, each from git at most once while it is small."""

    __slots__ = ("_found", "_git", "_tree")

    def __init__(self, git: GitStore, tree: TreeId) -> None:
        self._git = git
        self._tree = tree
        self._found: dict[RepoPath, bytes | None] = {}

    def __call__(self, path: RepoPath) -> bytes:
        """The exact bytes; raises `KeyError` where no regular file is."""
        if path not in self._found:
            try:
                data = self._git.read(self._tree, path)
            except KeyError:
                if len(self._found) < _MOST_KEPT:
                    self._found[path] = None
                raise
            if len(data) > _KEPT_BYTES or len(self._found) >= _MOST_KEPT:
                return data
            self._found[path] = data
        found = self._found[path]
        if found is None:
            raise KeyError(path)
        return found


def _tree(git: GitStore, scratch: Scratch, entries: Listing) -> Tree:
    name = TreeId(scratch.id)
    content = _content(git, name, entries)
    return Tree(name, scratch, content.entries, content.read, content.links)


def _merged(entries: Sequence[Entry], changed: Sequence[FileChange]) -> Sequence[Entry]:
    """The entries of a change's other tree, in git's order."""
    touched = {file.path for file in changed}
    kept = [entry for entry in entries if entry.path not in touched]
    added = [
        Entry(file.new_mode, file.new, file.path) for file in changed if file.new and file.new_mode
    ]
    return sorted([*kept, *added], key=lambda entry: bytes_of(entry.path))
