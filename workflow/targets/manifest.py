"""What an install is about to do and what was there before, as a file that needs no database.

A manifest is canonical JSON with its own digest.  It holds the settings that were trusted, so that
whoever finds it after a crash can ask again whether a person trusts exactly these.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.canonical import encode, plain, sha256
from workflow.config import Settings
from workflow.durable import sync, write_private
from workflow.errors import StoreError
from workflow.targets.interface import Entry, EntryKind, InstallState
from workflow.types import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE = "manifest.json"
STATE = "state.json"
BLOBS = "blobs"
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One live file: where its content comes from, what was there, and what is to be there.

    `names` counts the hard links that it had; `aside` is the number that its files are put aside
    under.
    """

    source: str
    path: str
    before: Entry
    after: Entry
    names: int
    aside: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One install: `token` names the folders beside the live files, `folders` are made for them.

    `section` is what a person has trusted, as `trust.section` gives it.
    """

    number: int
    target: str
    repository: str
    landing: int | None
    commit: str
    who: str
    at: str
    token: str
    section: str
    folders: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def digest(self) -> Digest:
        """The digest of its canonical form."""
        return sha256(encode(plain(self)))

    @property
    def settings(self) -> Settings:
        """The settings that were trusted."""
        return Settings.model_validate(json.loads(self.section))

    @property
    def trusted(self) -> Digest:
        """The digest that a person's yes covers."""
        return sha256(self.section.encode())


def write(folder: Path, manifest: Manifest) -> None:
    """Write a manifest into its folder, and wait until it is on the disk."""
    body = {"digest": manifest.digest, "manifest": plain(manifest)}
    write_private(folder / FILE, encode(body))


def read(folder: Path) -> Manifest:
    """The manifest in a folder.  Raises `StoreError` when it is gone or no longer itself."""
    try:
        body = json.loads(read_file(folder / FILE))
        found = body["manifest"]
        if sha256(encode(found)) != body["digest"]:
            raise _changed(folder)
        rows = tuple(_row(row) for row in found["rows"])
        return Manifest(**{**found, "rows": rows, "folders": tuple(found["folders"])})
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _changed(folder) from error


def _changed(folder: Path) -> StoreError:
    message = f"{folder / FILE}: the record of an install is gone or changed"
    return StoreError(message, hint="restore it from a backup, or look at the live files by hand")


def _row(row: dict[str, Any]) -> Row:
    return Row(**{**row, "before": entry(row["before"]), "after": entry(row["after"])})


def entry(found: dict[str, Any]) -> Entry:
    """An entry as it was written."""
    xattrs = tuple((str(name), str(value)) for name, value in found["xattrs"])
    return Entry(**{**found, "kind": EntryKind(found["kind"]), "xattrs": xattrs})


def new_state() -> dict[str, Any]:
    """How far an install has come that was just written down."""
    intended = InstallState.INTENDED
    return {"state": intended, "note": "", "after": [], "reloading": False, "turn": 0}


def write_state(folder: Path, body: Mapping[str, Any]) -> None:
    """Write down how far an install has come, and wait until it is on the disk."""
    write_private(folder / STATE, encode(dict(body)))


def read_state(folder: Path) -> dict[str, Any]:
    """How far an install has come.  Raises `StoreError` when that is gone or not to be read."""
    try:
        found = dict(json.loads(read_file(folder / STATE)))
        return {**found, "state": str(InstallState(found["state"]))}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise state_changed(folder) from error


def state_changed(folder: Path) -> StoreError:
    """The state of an install is not what was written."""
    message = f"{folder / STATE}: the state of an install is gone or changed"
    return StoreError(message, hint="look at the live files and its manifest.json")


def write_blobs(folder: Path, blobs: Sequence[bytes]) -> None:
    """Keep bytes under their own digests."""
    place = folder / BLOBS
    place.mkdir(mode=0o700, exist_ok=True)
    for data in blobs:
        path = place / sha256(data).removeprefix("sha256:")
        if not path.exists():
            write_private(path, data)
    sync(place)


def read_blob(folder: Path, content: str) -> bytes:
    """Bytes that were kept.  Raises `StoreError` when they are gone or changed."""
    path = folder / BLOBS / Digest(content).removeprefix("sha256:")
    try:
        data = read_file(path)
    except OSError as error:
        message = f"{path}: what was live before is gone: {error.strerror}"
        raise StoreError(message, hint="look for it in a backup") from error
    if sha256(data) != content:
        message = f"{path}: what was live before is changed"
        raise StoreError(message, hint="look for it in a backup")
    return data


def read_file(path: Path) -> bytes:
    """The bytes of a file of ours, bounded.  Raises `OSError`, and `ValueError` for a huge one."""
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        message = f"{path}: too large"
        raise ValueError(message)
    return data
