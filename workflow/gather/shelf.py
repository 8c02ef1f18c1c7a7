"""Reads a tree's files many at a time, each once, and never more than a bounded amount.

Everything else in this package takes its bytes from here: what is no entry of the tree cannot be
read, and a link is an entry like another, which nothing follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflow.git_store import GitStore
    from workflow.types import Entry, RepoPath, TreeId

MAX_FILE = 1024 * 1024
_MAX_FILES = 2000
_MAX_BYTES = 32 * 1024 * 1024
_SNIFFED = 8192
_LINK = "120000"
_SUBMODULE = "160000"
NOT_UTF8 = "not UTF-8"


class Shelf:
    """The files of one tree whose names can be shown.

    At most 2,000 files and 32 MiB are ever read; what comes after that has a fault that says so.
    """

    def __init__(self, git: GitStore, tree: TreeId) -> None:
        self._git = git
        self.entries: Mapping[RepoPath, Entry] = {
            entry.path: entry for entry in git.entries(tree) if entry.path.isprintable()
        }
        self._data: dict[RepoPath, bytes] = {}
        self._faults: dict[RepoPath, str] = {}
        self._sizes: dict[RepoPath, int] = {}
        self._bytes = 0

    def open(self, paths: Iterable[RepoPath]) -> None:
        """Read the files at these paths that were not read yet, by two processes for all."""
        waiting = [path for path in dict.fromkeys(paths) if path not in self._sizes]
        regular = []
        for path in waiting:
            self._sizes[path] = 0
            fault = self._no_file(path)
            if fault:
                self._faults[path] = fault
            else:
                regular.append(path)
        self._read(self._affordable(regular))

    def has(self, path: RepoPath) -> bool:
        """Whether a file was read, text or not."""
        self.open((path,))
        return path in self._data

    def data(self, path: RepoPath) -> bytes:
        """The bytes of a file; none for one that was not read."""
        self.open((path,))
        return self._data.get(path, b"")

    def text(self, path: RepoPath) -> str:
        """The text of a file; empty for one that has a fault."""
        return "" if self.fault(path) else self.data(path).decode("utf-8")

    def fault(self, path: RepoPath) -> str:
        """Why a file cannot be shown, such as `binary`; empty for one that can."""
        self.open((path,))
        return self._faults.get(path, "")

    def size(self, path: RepoPath) -> int:
        """The size of a file in bytes; 0 for what is no file."""
        self.open((path,))
        return self._sizes[path]

    def _no_file(self, path: RepoPath) -> str:
        entry = self.entries.get(path)
        if entry is None:
            return "not in the repository"
        if entry.is_regular:
            return ""
        return {_LINK: "a symbolic link", _SUBMODULE: "a submodule"}.get(entry.mode, "no file")

    def _affordable(self, paths: Sequence[RepoPath]) -> list[RepoPath]:
        """Those of some regular files that may still be read; the others get their fault."""
        found: list[RepoPath] = []
        for path, size in zip(paths, self._measured(paths), strict=True):
            self._sizes[path] = max(size, 0)
            if size < 0:
                self._faults[path] = "missing from this clone"
            elif size > MAX_FILE:
                self._faults[path] = "larger than 1 MiB"
            elif len(self._data) + len(found) >= _MAX_FILES:
                self._faults[path] = f"not looked at: {_MAX_FILES:,} files were"
            elif self._bytes + size > _MAX_BYTES:
                self._faults[path] = f"not looked at: {_MAX_BYTES >> 20} MiB of others were"
            else:
                self._bytes += size
                found.append(path)
        return found

    def _measured(self, paths: Sequence[RepoPath]) -> list[int]:
        """The sizes of some files in bytes, -1 where the object is missing; nothing is read."""
        if not paths:
            return []
        names = "".join(f"{self.entries[path].blob}\n" for path in paths)
        out = self._git.git(
            "cat-file", "--batch-check=%(objectsize)", "--buffer", stdin=names.encode()
        )
        return [int(row) if row.isdigit() else -1 for row in out.splitlines()]

    def _read(self, paths: Sequence[RepoPath]) -> None:
        if not paths:
            return
        datas = self._git.blobs([self.entries[path].blob for path in paths])
        for path, data in zip(paths, datas, strict=True):
            self._data[path] = data
            if b"\0" in data[:_SNIFFED]:
                self._faults[path] = "binary"
            elif not _is_utf8(data):
                self._faults[path] = NOT_UTF8


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
