"""Finds out what an install would do; what cannot go well is refused before anything is written."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shlex
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import ledger, trust
from workflow.canonical import sha256
from workflow.targets import live
from workflow.targets.book import Book
from workflow.targets.drift import LiveFile, require_expected
from workflow.targets.interface import (
    ABSENT,
    OPEN,
    Entry,
    EntryKind,
    InstallState,
    StuckTargetError,
    TargetRefusedError,
)
from workflow.targets.manifest import Manifest, Row
from workflow.targets.settings import read, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.store import Store
    from workflow.targets.interface import Site, Target
    from workflow.types import CommitId, RepoPath

_FILES = {"100644", "100755"}
_GET_FLAGS = 0x8008_6601
_IMMUTABLE, _APPEND = 0x10, 0x20
_MOST_COMMITS = 200
_OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Beside the new files, their folders' rows and what the journal itself takes.
_SPARE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Planned:
    """An install that nothing is known to speak against; nothing is written yet.

    `contents` are the new bytes by live path, `blobs` the old ones.
    """

    manifest: Manifest
    contents: Mapping[str, bytes]
    blobs: tuple[bytes, ...]
    warnings: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether every live file already is what it is to be."""
        return all(
            (row.before.kind, row.before.content) == (row.after.kind, row.after.content)
            for row in self.manifest.rows
        )


def targets_of(site: Site) -> tuple[Target, ...]:
    """The targets of a site's settings.  Raises `ConfigError`."""
    return read(site.settings, site.git.top, site.git.common_dir)


def place_of(site: Site) -> trust.Place:
    """The repository and its folder, which a person's yes is bound to."""
    return trust.Place(site.store.repository, site.git.common_dir)


def require_settled(store: Store) -> None:
    """Refuse to install anything while a target is stuck.  Raises `StuckTargetError`."""
    book = Book(store)
    for one in (*book.in_state(InstallState.STUCK, *OPEN), *book.strangers()):
        if one.state is InstallState.STUCK:
            message = f"target {one.target} is stuck: {book.note(one)}"
            again = f"workflow targets restore {shlex.quote(one.target)}"
            hint = f"mend it, then: {again}; {book.place(one)}/RECOVER.md has each command"
        else:
            message = f"an install of target {one.target} was cut short, and is not taken back yet"
            hint = f"workflow targets restore {shlex.quote(one.target)}"
        raise StuckTargetError(message, hint=hint)


def contents(site: Site, target: Target, commit: CommitId | None) -> dict[Path, bytes | None]:
    """What a commit holds for each live path; `None` where it has no such file.

    Raises `TargetRefusedError` for what is no plain file there.
    """
    if commit is None:
        return dict.fromkeys((place for _, place in target.files), None)
    entries = {
        one.path: one
        for one in site.git.entries(
            site.git.tree_of(commit), *(source for source, _ in target.files)
        )
    }
    found: dict[Path, bytes | None] = {}
    for source, place in target.files:
        one = entries.get(source)
        if one is not None and one.mode not in _FILES:
            message = f"target {target.name}: {source} is no plain file in {commit.short}"
            raise TargetRefusedError(message, hint="only plain files are installed")
        found[place] = site.git.blob(one.blob) if one else None
    return found


def plan(
    site: Site, target: Target, commit: CommitId, *, before: CommitId | None, landing: int | None
) -> Planned:
    """What installing a commit's files would do; `before` is the commit that it follows.

    Raises `UntrustedError`, `StuckTargetError`, `DriftError`, `ConfigError` and
    `TargetRefusedError`.
    """
    trust.require(place_of(site), site.settings)
    require_settled(site.store)
    for argv in (target.check, target.reload):
        if argv:
            resolve(argv, site.git.top, target.name)
    book = Book(site.store)
    known = book.expected(target.name)
    wanted, old = contents(site, target, commit), contents(site, target, before)
    rows: list[Row] = []
    new: dict[str, bytes] = {}
    blobs: list[bytes] = []
    for number, (source, place) in enumerate(target.files):
        entry, data, names = look(place)
        content = wanted[place]
        if content is None and old[place] is None and str(place) not in known:
            message = f"target {target.name}: {commit.short} has no file {source}"
            raise TargetRefusedError(message, hint="commit it, or take it out of [[targets]]")
        after = _after(target, place, entry, content)
        live_file = LiveFile(place, known.get(str(place)), entry, data)
        is_former = live_file.known is None and _is_former(site, commit, source, data)
        if not is_former:
            require_expected(live_file, target.name, (old[place], content), site.seal)
        if content is not None:
            new[str(place)] = content
        if entry.kind is not EntryKind.ABSENT:
            blobs.append(data)
        rows.append(Row(str(source), str(place), entry, after, names, number))
    folders = _missing_folders(rows)
    _require_writable(rows, folders)
    manifest = _manifest(site, target, commit, landing, rows, folders, book)
    return Planned(manifest, new, tuple(blobs), _warnings(rows))


def plan_adoption(site: Site, target: Target) -> Planned:
    """What putting by the live files would do: they stay as they are.

    Raises `UntrustedError`, `StuckTargetError` and `TargetRefusedError`.
    """
    trust.require(place_of(site), site.settings)
    require_settled(site.store)
    rows, blobs = [], []
    for number, (source, place) in enumerate(target.files):
        entry, data, names = look(place)
        rows.append(Row(str(source), str(place), entry, entry, names, number))
        if entry.kind is not EntryKind.ABSENT:
            blobs.append(data)
    manifest = _manifest(site, target, "", None, rows, (), Book(site.store))
    return Planned(manifest, {}, tuple(blobs), _warnings(rows))


def look(place: Path) -> tuple[Entry, bytes, int]:
    """What is at a live path, its bytes and how many names it has.

    Raises `TargetRefusedError` for what cannot be read or is no plain file.
    """
    try:
        with live.folder(place.parent) as fd:
            return live.look(fd, place.name)
    except FileNotFoundError:
        return ABSENT, b"", 0
    except OSError as error:
        message = f"{place}: cannot be read: {error.strerror}"
        raise TargetRefusedError(message, hint="run as an account that may") from error


def _is_former(site: Site, commit: CommitId, source: RepoPath, data: bytes) -> bool:
    """Whether bytes are what one of the newest commits has, or had, in a file."""
    said = site.git.git(
        *("log", "--format=", "--raw", "--no-abbrev", "--no-renames", "-z", "-m"),
        *(f"-n{_MOST_COMMITS}", commit, "--", source),
        literal=True,
    )
    ids = {word for word in said.decode("utf-8", "replace").split() if _OBJECT.fullmatch(word)}
    own = site.git.git("hash-object", "--no-filters", "--stdin", stdin=data)
    return own.decode().strip() in ids


def _after(target: Target, place: Path, before: Entry, content: bytes | None) -> Entry:
    """What is to be at a live path: a file like its predecessor, with the new content."""
    if content is None:
        return ABSENT
    if before.kind is EntryKind.LINK and not target.may_replace_links:
        real = os.path.realpath(place)
        message = f"target {target.name}: {place} is a symbolic link to {real}"
        hint = f'name {real} in [[targets]], or say links = "replace" there'
        raise TargetRefusedError(message, hint=hint)
    named = Entry(EntryKind.FILE, sha256(content), len(content), target.mode)
    if before.kind is not EntryKind.FILE:
        return named
    return replace(before, content=named.content, size=named.size, mtime="0")


def _missing_folders(rows: Sequence[Row]) -> tuple[str, ...]:
    """The folders that have to be made, outer ones first."""
    found: dict[str, None] = {}
    for row in rows:
        if row.after.kind is EntryKind.ABSENT:
            continue
        missing = []
        folder = Path(row.path).parent
        while not os.path.lexists(folder):
            missing.append(str(folder))
            folder = folder.parent
        found.update(dict.fromkeys(missing[::-1]))
    return tuple(found)


def _require_writable(rows: Sequence[Row], folders: Sequence[str]) -> None:
    """Refuse where a folder cannot be written, or has no room for the old and the new files."""
    needed: dict[int, int] = {}
    for row in rows:
        if row.before.kind is EntryKind.ABSENT is row.after.kind:
            continue
        parent = Path(row.path).parent
        while str(parent) in folders:
            parent = parent.parent
        with live.folder(parent) as fd:
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=True):
                raise _unwritable(parent, "this account may not write there")
            if _is_fixed(fd):
                raise _unwritable(parent, "it is immutable (see `lsattr`)")
            volume = os.fstat(fd).st_dev
            needed[volume] = needed.get(volume, _SPARE_BYTES) + row.before.size + row.after.size
            room = os.statvfs(fd)
        if room.f_bavail * room.f_frsize < needed[volume]:
            raise _unwritable(parent, "too little space is left")
        if row.before.kind is EntryKind.FILE:
            _require_movable(row, parent)


def _require_movable(row: Row, parent: Path) -> None:
    """Refuse a file whose name the system would not give to another, or whose owner not keep."""
    if row.before.uid != os.geteuid() != 0:
        message = f"{row.path} belongs to uid {row.before.uid}, and only root can keep that"
        raise TargetRefusedError(message, hint="run as root, or as that account")
    with live.folder(parent) as fd:
        opened = os.open(
            Path(row.path).name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd
        )
        try:
            if _is_fixed(opened):
                raise _unwritable(Path(row.path), "it is immutable (see `lsattr`)")
        finally:
            os.close(opened)


def _is_fixed(fd: int) -> bool:
    """Whether a file or folder is immutable or append-only, where the file system knows that."""
    try:
        raw = fcntl.ioctl(fd, _GET_FLAGS, struct.pack("l", 0))
    except OSError:
        return False
    return bool(struct.unpack("l", raw)[0] & (_IMMUTABLE | _APPEND))


def _unwritable(place: Path, said: str) -> TargetRefusedError:
    return TargetRefusedError(f"{place}: {said}", hint="mend that, then run the command again")


def _manifest(  # noqa: PLR0913, PLR0917 - one parameter for each thing that it holds
    site: Site,
    target: Target,
    commit: str,
    landing: int | None,
    rows: Sequence[Row],
    folders: Sequence[str],
    book: Book,
) -> Manifest:
    return Manifest(
        number=book.next_number(),
        target=target.name,
        repository=site.store.repository,
        landing=landing,
        commit=commit,
        who=site.who,
        at=ledger.now(),
        token=secrets.token_hex(4),
        section=trust.section(site.settings).decode(),
        folders=tuple(folders),
        rows=tuple(rows),
    )


def _warnings(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(
        f"{row.path} has {row.names} hard links; the other names keep the old content"
        for row in rows
        if row.names > 1
    )
