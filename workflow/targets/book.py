"""The installs of a repository: a folder for each, which is the truth, and a row in the store.

The ledger hears of an install before its folder gets its name, so a folder that the ledger does not
know is a *stranger*: of a database that was lost, or forged.  It is enough to bring the live files
back, and that is done for a person who asks for it, never unasked.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflow import ledger
from workflow.canonical import plain
from workflow.database import transaction
from workflow.durable import sync
from workflow.errors import StoreError
from workflow.journal import LandingState
from workflow.targets import manifest as manifests
from workflow.targets.interface import (
    OPEN,
    STANDING,
    Entry,
    Install,
    InstallState,
    TargetRefusedError,
)
from workflow.types import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from workflow.store import Store
    from workflow.targets.manifest import Manifest

FOLDER = "targets"
KEPT_SNAPSHOTS = 20
_NEW = ".new-"
_INTENDED = "install-intended"
_MOST_DIGITS = 15
_SETTLED = {InstallState.KEPT, InstallState.RESTORED}


class Book:
    """The installs of one repository.  Whoever writes holds the repository's lock."""

    def __init__(self, store: Store) -> None:
        self._connection: sqlite3.Connection = store.connection
        self.folder = store.folder / FOLDER

    # --- reading ------------------------------------------------------------------------------

    def installs(self, target: str | None = None) -> tuple[Install, ...]:
        """Every install, of one target or of all, newest first."""
        where, values = ("", ()) if target is None else ("WHERE target = ?", (target,))
        found = self._connection.execute(
            f"SELECT * FROM installs {where} ORDER BY id DESC",  # noqa: S608 - one of two constants
            values,
        )
        return tuple(
            Install(
                number=row["id"],
                target=row["target"],
                landing=row["landing"],
                commit=row["commit_id"],
                snapshot=Digest(row["snapshot"]),
                state=InstallState(row["state"]),
                who=row["who"],
                at=row["at"],
            )
            for row in found
        )

    def newest(self, target: str) -> Install | None:
        """The newest install of a target."""
        return next(iter(self.installs(target)), None)

    def in_state(self, *states: InstallState) -> tuple[Install, ...]:
        """The installs in one of these states, newest first."""
        return tuple(one for one in self.installs() if one.state in states)

    def unconfirmed(self) -> tuple[Install, ...]:
        """Installs that stand, by hand or by a confirmed landing, with old files not let go."""
        found = self._connection.execute(
            "SELECT installs.id FROM installs LEFT JOIN landings ON landings.id = installs.landing"
            " WHERE installs.state = ? AND (landings.id IS NULL OR landings.state = ?)",
            (InstallState.INSTALLED, LandingState.KEPT),
        )
        numbers = {row["id"] for row in found}
        return tuple(one for one in self.installs() if one.number in numbers) if numbers else ()

    def of_landing(self, landing: int) -> tuple[Install, ...]:
        """The installs that a landing has brought about, newest first."""
        return tuple(one for one in self.installs() if one.landing == landing)

    def place(self, install: Install) -> Path:
        """The folder of an install."""
        return self.folder / install.target / str(install.number)

    def manifest(self, install: Install) -> Manifest:
        """What an install was about to do.  Raises `StoreError` when it is gone or changed."""
        found = manifests.read(self.place(install))
        same = (found.number, found.target) == (install.number, install.target)
        if found.digest != install.snapshot or not same:
            message = f"{self.place(install)}: the record of install {install.number} is another"
            raise StoreError(message, hint="run `workflow doctor`")
        return found

    def blob(self, install: Install, content: str) -> bytes:
        """Bytes that an install has put by.  Raises `StoreError`."""
        return manifests.read_blob(self.place(install), content)

    def note(self, install: Install) -> str:
        """What went wrong with an install, if anything did."""
        return str(self._state(install)["note"])

    def is_reloading(self, install: Install) -> bool:
        """Whether the service may have been told of the install's files."""
        return bool(self._state(install)["reloading"])

    def after(self, install: Install) -> Mapping[str, Entry]:
        """What the live files were once an install was through, by path."""
        rows = self.manifest(install).rows
        if install.state not in STANDING:
            return {row.path: row.before for row in rows}
        try:
            after = [manifests.entry(one) for one in self._state(install)["after"]]
            return {row.path: one for row, one in zip(rows, after, strict=True)}
        except (ValueError, KeyError, TypeError) as error:
            raise manifests.state_changed(self.place(install)) from error

    def expected(self, target: str) -> Mapping[str, Entry]:
        """What the live files of a target were when they were written last, by path."""
        there = self._there(target)
        last = max(there, key=lambda one: int(self._state(one)["turn"]), default=None)
        return self.after(last) if last else {}

    def good(self, target: str) -> Install | None:
        """The newest install of a target that was kept, and brought something from a commit."""
        kept = (one for one in self.installs(target) if one.state is InstallState.KEPT)
        return next((one for one in kept if one.commit), None)

    def is_told(self, install: Install) -> bool:
        """Whether the ledger heard of exactly this install before anything live was touched."""
        facts = self._connection.execute("SELECT body FROM ledger WHERE event = ?", (_INTENDED,))
        keys = ("install", "target", "snapshot")
        wanted = (install.number, install.target, install.snapshot)
        return any(tuple(map(ledger.parsed(row["body"]).get, keys)) == wanted for row in facts)

    def strangers(self) -> tuple[Install, ...]:
        """Installs that were cut short as their folders say, which no row knows; newest first.

        Nothing of them is to be believed unasked.  Records that cannot be read are left out.
        """
        found = []
        for place in self._without_row():
            with suppress(StoreError):
                state = InstallState(manifests.read_state(place)["state"])
                if state not in _SETTLED:
                    found.append(self._found(place, state))
        return tuple(sorted(found, key=lambda one: one.number, reverse=True))

    # --- writing ------------------------------------------------------------------------------

    def next_number(self) -> int:
        """A number that neither the store nor any folder has."""
        (most,) = self._connection.execute("SELECT max(id) FROM installs").fetchone()
        on_disk = [number for target in self._names() for number in self._numbers(target)]
        return max([most or 0, *on_disk]) + 1

    def begin(self, manifest: Manifest, blobs: Sequence[bytes]) -> Install:
        """Write an install down, as a whole or not at all, before anything live is touched.

        The ledger comes first: what has a folder and is not in there was not made by us.

        Raises `TargetRefusedError` when another account could read or change what is put by.
        """
        self._require_own()
        above = self.folder / manifest.target
        for folder in (self.folder, above):
            folder.mkdir(mode=0o700, exist_ok=True)
            sync(folder.parent)
        fresh = above / f"{_NEW}{manifest.number}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        manifests.write_blobs(fresh, blobs)
        manifests.write(fresh, manifest)
        manifests.write_state(fresh, manifests.new_state())
        with transaction(self._connection):
            install = self._insert(self._install(manifest, InstallState.INTENDED))
        fresh.rename(above / str(manifest.number))
        sync(above)
        return install

    def take_in(self, install: Install, note: str) -> Install:
        """Give a stranger its row, since a person asked for it; the ledger has `note` of it.

        Raises `TargetRefusedError` where its number is that of another install.
        """
        try:
            with transaction(self._connection):
                made = self._insert(replace(install, state=InstallState.INTENDED), note)
                is_same = made.state is install.state
                return made if is_same else self._mirror(install, install.state, note)
        except sqlite3.IntegrityError as error:
            message = f"{self.place(install)}: the number is that of another install"
            raise TargetRefusedError(message, hint="look at it, then move it away") from error

    def set(
        self,
        install: Install,
        state: InstallState,
        *,
        note: str = "",
        after: Sequence[Entry] | None = None,
    ) -> Install:
        """Write down how far an install has come: its row and the ledger, then the folder.

        Killed in between, the folder counts: it says less, and what it says can be done again.
        """
        turns = [int(self._state(one)["turn"]) for one in self._there(install.target)]
        body = {**self._state(install), "state": state, "note": note, "turn": max(turns) + 1}
        if after is not None:
            body["after"] = [plain(one) for one in after]
        mirrored = self._mirror(install, state, note)
        manifests.write_state(self.place(install), body)
        return mirrored

    def note_reload(self, install: Install) -> None:
        """Write down that the service is about to be told of the files."""
        manifests.write_state(self.place(install), {**self._state(install), "reloading": True})

    def put_by(self, install: Install, data: bytes) -> None:
        """Keep bytes that somebody else has written to a live path."""
        manifests.write_blobs(self.place(install), (data,))

    def prune(self, target: str) -> None:
        """Remove old snapshots: the newest ones, the last known good and unfinished ones stay."""
        installs = self.installs(target)
        good = self.good(target)
        for one in installs[KEPT_SNAPSHOTS:]:
            if one != good and one.state not in {*OPEN, InstallState.STUCK}:
                shutil.rmtree(self.place(one), ignore_errors=True)

    # --- after a crash ------------------------------------------------------------------------

    def is_behind(self) -> bool:
        """Whether a folder knows more than the store does, or an install is open."""
        if self.in_state(*OPEN) or self.unconfirmed():
            return True
        rows = {(one.target, one.number): one.state for one in self.installs()}
        for target in self._names():
            newest = max(self._numbers(target), default=None)
            state = rows.get((target, newest)) if newest else None
            if state and state != manifests.read_state(self.folder / target / str(newest))["state"]:
                return True
        return any(
            manifests.read_state(one)["state"] not in _SETTLED for one in self._without_row()
        )

    def catch_up(self) -> tuple[StoreError, ...]:
        """Give each row the state of its folder, which is the truth, and lost rows back.

        A row comes back for an install that the ledger knows alone.  Returns what speaks against
        the records that cannot be read.
        """
        self._finish_names()
        wrong = []
        for one in self.installs():
            if self.place(one).is_dir():
                try:
                    said = self._state(one)
                except StoreError as error:
                    wrong.append(error)
                    continue
                if one.state != said["state"]:
                    self._mirror(one, InstallState(said["state"]), said["note"])
        for place in self._without_row():
            try:
                found = self._found(place, InstallState(manifests.read_state(place)["state"]))
            except StoreError as error:
                wrong.append(error)
                continue
            if self.is_told(found):
                with transaction(self._connection):
                    self._insert(found)
        return tuple(wrong)

    def _finish_names(self) -> None:
        """Give a folder its name where the kill came between row and name; others are removed."""
        rows = {(one.target, one.number): one for one in self.in_state(*OPEN)}
        for target in self._names():
            above = self.folder / target
            for fresh in above.glob(f"{_NEW}*"):
                number = fresh.name.removeprefix(_NEW)
                one = rows.get((target, _number(number) or 0))
                with suppress(StoreError):
                    is_nameless = one is not None and not self.place(one).exists()
                    if one and is_nameless and manifests.read(fresh).digest == one.snapshot:
                        fresh.rename(self.place(one))
                        sync(above)
                        continue
                shutil.rmtree(fresh, ignore_errors=True)

    def _without_row(self) -> Iterator[Path]:
        """The folders of installs that no row knows, oldest first."""
        rows = {(one.target, one.number) for one in self.installs()}
        for target in self._names():
            for number in sorted(self._numbers(target)):
                if (target, number) not in rows:
                    yield self.folder / target / str(number)

    def _found(self, place: Path, state: InstallState) -> Install:
        """An install as its folder has it.  Raises `StoreError` where that is not its own."""
        found = manifests.read(place)
        if (found.target, str(found.number)) != (place.parent.name, place.name):
            message = f"{place}: the record is of another install"
            raise StoreError(message, hint="look at it, then move it away")
        return self._install(found, state)

    def _names(self) -> tuple[str, ...]:
        try:
            return tuple(one.name for one in sorted(self.folder.iterdir()) if one.is_dir())
        except FileNotFoundError:
            return ()

    def _numbers(self, target: str) -> tuple[int, ...]:
        names = (one.name for one in (self.folder / target).iterdir())
        return tuple(found for name in names if (found := _number(name)) is not None)

    def _there(self, target: str) -> list[Install]:
        """The installs of a target whose snapshots are still kept."""
        return [one for one in self.installs(target) if self.place(one).is_dir()]

    def _state(self, install: Install) -> dict[str, Any]:
        return manifests.read_state(self.place(install))

    def _install(self, manifest: Manifest, state: InstallState) -> Install:
        query, values = "SELECT 1 FROM landings WHERE id = ?", (manifest.landing,)
        is_known = self._connection.execute(query, values).fetchone()
        landing = manifest.landing if is_known else None
        return Install(
            manifest.number,
            manifest.target,
            landing,
            manifest.commit,
            manifest.digest,
            state,
            manifest.who,
            manifest.at,
        )

    def _insert(self, install: Install, note: str = "") -> Install:
        self._connection.execute(
            "INSERT INTO installs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(install.number, install.target, install.landing, install.commit),
                *(install.snapshot, install.state, install.who, install.at),
            ),
        )
        self._log(install, install.state, note)
        return install

    def _mirror(self, install: Install, state: InstallState, note: str) -> Install:
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE installs SET state = ? WHERE id = ?", (state, install.number)
            )
            self._log(install, state, note)
        return next(one for one in self.installs(install.target) if one.number == install.number)

    def _log(self, install: Install, state: InstallState, note: str) -> None:
        facts = {
            "install": install.number,
            "target": install.target,
            "landing": install.landing,
            "commit": install.commit,
            "snapshot": install.snapshot,
            "who": install.who,
            "note": note,
        }
        ledger.append(self._connection, f"install-{state}", facts)

    def _require_own(self) -> None:
        folder = self.folder.parent
        if (owner := folder.stat().st_uid) not in {os.geteuid(), 0}:
            message = f"{folder} belongs to another account (uid {owner})"
            hint = "live files may hold secrets: run as the account that owns the repository"
            raise TargetRefusedError(message, hint=hint)


def _number(name: str) -> int | None:
    """The number that a folder is named by; `None` for any other name."""
    is_number = name.isdecimal() and name.isascii() and not name.startswith("0")
    return int(name) if is_number and len(name) <= _MOST_DIGITS else None
