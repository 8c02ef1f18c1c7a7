"""Reads and writes git's objects many at a time: what a patch touches, and nothing else.

A tree of 80,000 files is changed by reading the folders on the way to the files that change and
writing those anew; an index would hold every file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from workflow.errors import GitError
from workflow.types import BlobId, TreeId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FOLDER = "40000"
_SUBMODULE = "160000"
_HEADER = ("id", "type", "size")
_SHA1_HEX = 40

P = TypeVar("P", bound=str)


class Git(Protocol):
    """Runs git in one repository: `git("mktree", stdin=rows)` returns its output."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Raise `GitError` when git fails."""
        ...


class Item(NamedTuple):
    """What stands at a name in a folder: git's octal mode without a leading zero, and the id."""

    mode: str
    id: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What a path leads to; `is_whole` unless something that is no folder stands in its way."""

    item: Item
    is_whole: bool


@dataclass(slots=True)
class _Folder:
    """What becomes of one folder: rows for its files, and the folders in it that are touched."""

    files: dict[bytes, Item | None] = field(default_factory=dict)
    folders: dict[bytes, _Folder] = field(default_factory=dict)
    base: str | None = None
    result: str | None = None
    gains: bool = False
    """Whether a row, here or deeper, puts a file there."""


def read_objects(git: Git, ids: Sequence[str], kind: str) -> list[bytes]:
    """The bytes of many objects of one kind, by one process.

    Raises `GitError` for one that is missing or of another kind.
    """
    out = git(
        "cat-file", "--batch", "--buffer", stdin="".join(f"{name}\n" for name in ids).encode()
    )
    found, at = [], 0
    for name in ids:
        end = out.index(b"\n", at)
        header = out[at:end].split()
        if len(header) != len(_HEADER) or header[1] != kind.encode():
            message = f"object {name} is missing from the repository"
            raise GitError(message, hint="a shallow or partial clone? try `git fetch --unshallow`")
        start = end + 1
        at = start + int(header[2]) + 1
        found.append(out[start : at - 1])
    return found


def object_sizes(git: Git, ids: Sequence[str]) -> tuple[int, ...]:
    """How many bytes each of many objects has, by one process.

    Raises `GitError` for one that is missing.
    """
    words = ("cat-file", "--batch-check=%(objectsize)", "--buffer")
    said = git(*words, stdin="".join(f"{name}\n" for name in ids).encode()).splitlines()
    for name, size in zip(ids, said, strict=True):
        if not size.isdigit():
            message = f"object {name} is missing from the repository"
            raise GitError(message, hint="a shallow or partial clone? try `git fetch --unshallow`")
    return tuple(map(int, said))


def write_blobs(git: Git, datas: Sequence[bytes]) -> tuple[BlobId, ...]:
    """Store many byte strings as they are; from a hundred on they are one pack and not files.

    Raises `GitError` when git gives the last one another name than it must have.
    """
    if len(datas) <= 1:
        words = ("hash-object", "-w", "-t", "blob", "--no-filters", "--stdin")
        return tuple(BlobId(git(*words, stdin=data).decode().strip()) for data in datas)
    # NOTE: deltas would cost more time than their room is worth, and asking for each id would, too.
    settings = ("-c", "fastimport.unpackLimit=100", "-c", "pack.compression=1")
    command = (*settings, "fast-import", "--quiet", "--done", "--depth=0")
    said = git(*command, stdin=b"".join(_blob_commands(datas)))
    ids = tuple(BlobId(_object_id("blob", data, len(said.strip()))) for data in datas)
    _require_same(ids[-1:], said)
    return ids


def _blob_commands(datas: Sequence[bytes]) -> Iterator[bytes]:
    *others, last = datas
    for data in others:
        yield b"blob\ndata %d\n" % len(data)
        yield data
        yield b"\n"
    yield b"blob\nmark :1\ndata %d\n" % len(last)
    yield last
    yield b"\nget-mark :1\ndone\n"


def _object_id(kind: str, data: bytes, id_length: int) -> str:
    """The name that git gives an object, by its own rule."""
    algorithm = "sha1" if id_length == _SHA1_HEX else "sha256"
    named = hashlib.new(algorithm, b"%s %d\0" % (kind.encode(), len(data)), usedforsecurity=False)
    named.update(data)
    return named.hexdigest()


def _require_same(ids: Iterable[str], said: bytes) -> None:
    if said.decode().split() != list(ids):
        message = "git wrote other objects than were meant"
        raise GitError(message, hint="this is a defect of `workflow`: please report it")


class Trees:
    """Trees of one repository, each read at most once, all of a level by one process."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._known: dict[str, dict[bytes, Item]] = {}

    def items(self, tree: str) -> dict[bytes, Item]:
        """What one folder holds."""
        self._load((tree,))
        return self._known[tree]

    def lookup(self, root: TreeId, paths: Iterable[P]) -> dict[P, Hit | None]:
        """What each path leads to in a tree; `None` where nothing is."""
        found: dict[P, Hit | None] = {}
        waiting = [(path, _parts(path), 0, str(root)) for path in paths]
        while waiting:
            self._load(tree for *_, tree in waiting)
            deeper = []
            for path, parts, depth, tree in waiting:
                item = self._known[tree].get(parts[depth])
                is_whole = depth == len(parts) - 1
                if item is None or is_whole or item.mode != FOLDER:
                    found[path] = item and Hit(item, is_whole)
                else:
                    deeper.append((path, parts, depth + 1, item.id))
            waiting = deeper
        return found

    def edited(self, root: TreeId, rows: Mapping[P, tuple[str, BlobId] | None]) -> TreeId:
        """A tree with files replaced (mode, blob) or removed (`None`); empty folders go.

        Raises `GitError` when a path would be a file and a folder, or git writes another tree.
        """
        order = self._touched(root, rows)
        made: dict[str, bytes] = {}
        for folder in reversed(order):
            inner = folder.folders.values()
            folder.gains = any(folder.files.values()) or any(other.gains for other in inner)
            items = self._merged(folder)
            if items or folder is order[0]:
                folder.result = _tree_id(items, len(root))
                if folder.result != folder.base:
                    made[folder.result] = _tree_rows(items)
        if made:
            # The subtrees of one are before it in the same batch.
            words = ("mktree", "-z", "--missing", "--batch")
            _require_same(made, self._git(*words, stdin=b"".join(made.values())))
        return TreeId(order[0].result or root)

    def _touched(self, root: TreeId, rows: Mapping[P, tuple[str, BlobId] | None]) -> list[_Folder]:
        """The folders on the way to all rows, outer ones first, with their trees in the base."""
        top = _Folder(base=root)
        for path, row in rows.items():
            *folders, name = _parts(path)
            folder = top
            for part in folders:
                folder = folder.folders.setdefault(part, _Folder())
            folder.files[name] = row and Item(*row)
        order, level = [], [top]
        while level:
            order += level
            self._load(folder.base for folder in level if folder.base)
            for folder in level:
                known = self._known[folder.base] if folder.base else {}
                for name, inner in folder.folders.items():
                    item = known.get(name)
                    inner.base = item.id if item and item.mode == FOLDER else None
            level = [inner for folder in level for inner in folder.folders.values()]
        return order

    def _merged(self, folder: _Folder) -> dict[bytes, Item]:
        """What a folder holds afterwards; the folders in it are done."""
        items = dict(self._known[folder.base]) if folder.base else {}
        for name, row in folder.files.items():
            if row:
                items[name] = row
            elif name in items and items[name].mode != FOLDER:
                del items[name]
        for name, inner in folder.folders.items():
            if folder.files.get(name):
                # A file in the place of a folder: all in it goes, whether named or not.
                if inner.gains:
                    message = f"{name.decode('utf-8', 'replace')!r} would be a file and a folder"
                    raise GitError(message, hint="give one of them another name")
            elif inner.result:
                items[name] = Item(FOLDER, inner.result)
            elif inner.base:
                del items[name]
        return items

    def _load(self, trees: Iterable[str]) -> None:
        wanted = [tree for tree in dict.fromkeys(trees) if tree not in self._known]
        if wanted:
            for tree, data in zip(wanted, read_objects(self._git, wanted, "tree"), strict=True):
                try:
                    self._known[tree] = dict(_items(data, len(tree) // 2))
                except ValueError as error:
                    message = f"tree {tree} cannot be read: {error}"
                    raise GitError(message, hint="look with `git fsck`") from error


def _parts(path: str) -> list[bytes]:
    return path.encode("utf-8", "surrogateescape").split(b"/")


def _items(data: bytes, id_size: int) -> Iterator[tuple[bytes, Item]]:
    """The rows of a tree object: mode, blank, name, NUL, and the id as raw bytes."""
    at = 0
    while at < len(data):
        blank = data.index(b" ", at)
        end = data.index(b"\0", blank)
        mode = data[at:blank].decode().lstrip("0")
        at = end + 1 + id_size
        yield data[blank + 1 : end], Item(mode, data[end + 1 : at].hex())


def _tree_id(items: Mapping[bytes, Item], id_length: int) -> str:
    """The name that git gives a tree, in which folders sort as if they ended in a slash."""
    in_order = sorted(
        items.items(), key=lambda row: row[0] + (b"/" if row[1].mode == FOLDER else b"")
    )
    data = b"".join(
        b"%s %s\0%s" % (item.mode.encode(), name, bytes.fromhex(item.id)) for name, item in in_order
    )
    return _object_id("tree", data, id_length)


def _tree_rows(items: Mapping[bytes, Item]) -> bytes:
    """A tree as `git mktree -z --batch` reads it."""
    kinds = {FOLDER: "tree", _SUBMODULE: "commit"}
    rows = [
        f"{item.mode} {kinds.get(item.mode, 'blob')} {item.id}\t".encode() + name + b"\0"
        for name, item in items.items()
    ]
    return b"".join([*rows, b"\0"])
