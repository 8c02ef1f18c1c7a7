"""What a person does with a target: install it, adopt what is live, restore it, look at it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import trust
from workflow.errors import UsageError
from workflow.targets import installing
from workflow.targets.book import Book
from workflow.targets.drift import diff, differences
from workflow.targets.interface import (
    ABSENT,
    OPEN,
    STANDING,
    EntryKind,
    FileStatus,
    Health,
    InstallState,
    TargetRefusedError,
    TargetStatus,
)
from workflow.targets.landed import approved, is_trusted, own_target
from workflow.targets.plan import contents, look, plan, targets_of
from workflow.targets.rescue import FILE as RECOVERY
from workflow.types import CommitId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.targets.interface import Entry, Install, Site, Target


def chosen(site: Site, name: str | None) -> tuple[Target, ...]:
    """The targets of a name, or all of them.  Raises `UsageError` when there is none."""
    targets = targets_of(site)
    found = tuple(one for one in targets if name in {None, one.name})
    if not found:
        known = ", ".join(one.name for one in targets)
        message = f"there is no target {name!r}" if name else "there are no [[targets]]"
        hint = f"there are {known}" if known else "name live files in workflow.toml; commit it"
        raise UsageError(message, hint=hint)
    return found


def install(site: Site, target: Target) -> Install | None:
    """Install the newest approved commit's files by hand; `None` when they are live already.

    Raises as `plan` and `carry_out`, and `TargetRefusedError` when nothing is approved.
    """
    commit = approved(site, target)
    planned = plan(site, target, commit, before=commit, landing=None)
    if planned.is_nothing:
        return None
    return installing.keep(Book(site.store), installing.carry_out(site, target, planned))


def restore(site: Site, name: str, *, over_edits: bool) -> Install:
    """Take back the newest install of a target that stands, or finish with one that is stuck.

    One that only its folder knows of is taken back here alone, since a person asks for it.
    `over_edits` puts by what somebody has edited since, and goes on.  Raises `DriftError` without
    it, `TargetRefusedError` when nothing is installed, and `StuckTargetError`.
    """
    book = Book(site.store)
    one = _unsettled(book, name) or _standing(book, name)
    if not is_trusted(site.git, book, one):
        message = f"nobody trusts the commands of install {one.number} of target {name} here"
        raise trust.UntrustedError(message, hint=trust.COMMAND)
    if not over_edits:
        installing.require_untouched(book, one)
    target = own_target(site.git, book, one)
    one = _taken_in(site, book, one)
    return installing.take_back(book, one, target, site.git.top, site.seal, "restored by hand")


def mark_restored(site: Site, name: str) -> Install:
    """Believe a person that a stuck target was brought back by hand.

    Raises `TargetRefusedError` for one that is not stuck.
    """
    book = Book(site.store)
    one = _unsettled(book, name)
    if one is None:
        message = f"target {name} is not stuck"
        raise TargetRefusedError(message, hint="workflow targets status")
    one = _taken_in(site, book, one)
    return book.set(one, InstallState.RESTORED, note=f"marked as restored by {site.who}")


def _unsettled(book: Book, name: str) -> Install | None:
    open_ones = (*book.in_state(InstallState.STUCK, *OPEN), *book.strangers())
    return next((one for one in open_ones if one.target == name), None)


def _taken_in(site: Site, book: Book, one: Install) -> Install:
    """The install with a row, which a stranger does not have yet."""
    if one in book.installs(one.target):
        return one
    site.tell(f"install {one.number} of target {one.target} is known from its folder alone")
    return book.take_in(one, f"known from its folder alone; asked for by {site.who}")


def _standing(book: Book, name: str) -> Install:
    for one in book.installs(name):
        if one.state in STANDING and one.commit and book.place(one).is_dir():
            return one
    message = f"nothing that was installed of target {name} is left to take back"
    raise TargetRefusedError(message, hint="workflow targets status")


# --- looking ----------------------------------------------------------------------------------


def status(site: Site, target: Target, *, with_diff: bool = False) -> TargetStatus:
    """How a target's live files compare with what was installed and with the repository.

    With `with_diff`, it says of an edited file how its content is other.  Raises
    `TargetRefusedError` for a live file that cannot be read.
    """
    book = Book(site.store)
    good = book.good(target.name)
    current = next((one for one in book.installs(target.name) if one.state in STANDING), None)
    unsettled = _unsettled(book, target.name)
    entries = {place: look(place)[:2] for _, place in target.files}
    health, files = _health(site, target, book.expected(target.name), entries)
    recovery = note = ""
    if unsettled:
        is_stuck = unsettled.state is InstallState.STUCK
        health = Health.STUCK if is_stuck else Health.UNFINISHED
        recovery = str(book.place(unsettled) / RECOVERY) if is_stuck else ""
        note = book.note(unsettled)
    commit = current.commit if current else ""
    if with_diff and commit and health is Health.DRIFT:
        files = tuple(_with_diff(site, target, CommitId(commit), one) for one in files)
    return TargetStatus(
        target.name, health, files, commit, good.commit if good else "", recovery, note
    )


def _with_diff(site: Site, target: Target, commit: CommitId, one: FileStatus) -> FileStatus:
    """An edited file with the difference between what was installed and what is live."""
    if "content" not in one.differs:
        return one
    place = Path(one.path)
    old = contents(site, target, commit)[place]
    return replace(one, diff=diff(old, look(place)[1], one.path, site.seal))


def _health(
    site: Site,
    target: Target,
    expected: Mapping[str, Entry],
    entries: Mapping[Path, tuple[Entry, bytes]],
) -> tuple[Health, tuple[FileStatus, ...]]:
    files = tuple(
        FileStatus(str(source), str(place), _differs(expected, place, entries[place][0]))
        for source, place in target.files
    )
    if expected and any(one.differs for one in files):
        return Health.DRIFT, files
    head = site.git.head_of(target.branch) if target.branch else site.git.snapshot().commit
    wanted = contents(site, target, head)
    differs = {
        place
        for place, (entry, data) in entries.items()
        if (None if entry.kind is EntryKind.ABSENT else data) != wanted[place]
    }
    named = tuple(
        FileStatus(one.source, one.path, _behind(place in differs, wanted[place]))
        for one, (_, place) in zip(files, target.files, strict=True)
    )
    if not expected:
        return (Health.NOT_INSTALLED, named)
    return (Health.BEHIND if differs else Health.SAME), named


def _behind(is_other: bool, wanted: bytes | None) -> tuple[str, ...]:  # noqa: FBT001 - one of two facts
    """How a live file compares with the branch's newest commit."""
    if wanted is None:
        return ("not in the repository",)
    return ("repository",) if is_other else ()


def _differs(expected: Mapping[str, Entry], place: Path, found: Entry) -> tuple[str, ...]:
    if str(place) not in expected:
        return ()
    return differences(expected.get(str(place), ABSENT), found)
