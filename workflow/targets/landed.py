"""What a landing means for the live files: they follow it, all targets or none, and come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflow import trust
from workflow.git_store import REFS
from workflow.journal import Journal, LandingState
from workflow.targets import installing
from workflow.targets.book import Book
from workflow.targets.interface import (
    STANDING,
    InstallState,
    TargetError,
    TargetRefusedError,
)
from workflow.targets.plan import plan, require_settled, targets_of
from workflow.targets.settings import read

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.journal import Landing
    from workflow.store import Store
    from workflow.targets.interface import Install, Site, Target
    from workflow.types import CommitId


def require_ready(
    site: Site, *, branch: str, before: CommitId, after: CommitId, reverts: int | None = None
) -> None:
    """Refuse a landing whose files could not follow to their live places; nothing has moved yet.

    `reverts` is the landing that a rollback takes back.  Raises `UntrustedError`, `DriftError`,
    `StuckTargetError`, `ConfigError` and `TargetRefusedError`.
    """
    book = Book(site.store)
    backwards = _to_take_back(book, reverts)
    if backwards:
        require_settled(site.store)
    for one in backwards:
        _require_trusted(site.git, book, one)
        installing.require_untouched(book, one)
    for target in _affected(site, branch, before, after):
        if not _was_tried(book, target, reverts):
            plan(site, target, after, before=before, landing=None)


def follow(site: Site, landing: Landing) -> tuple[Install, ...]:
    """Bring a landing's files to their live places, or back for a rollback; all targets or none.

    What a rollback takes back becomes exactly what it was before, in bytes, mode and owner.  What
    has followed already is left alone.  Raises as `require_ready`, `TargetError` when a target was
    refused by its own commands, and `StuckTargetError`; but for the last, the live files are as
    before.
    """
    book = Book(site.store)
    restored = [_taken_back(site, book, one) for one in _to_take_back(book, landing.reverts)]
    done: list[tuple[Target, Install]] = []
    for target in _affected(site, landing.branch, landing.before, landing.after):
        if _was_tried(book, target, landing.reverts) or _stands(book, target, landing.id):
            continue
        try:
            planned = plan(site, target, landing.after, before=landing.before, landing=landing.id)
            if not planned.is_nothing:
                done.append((target, installing.carry_out(site, target, planned)))
        except BaseException as error:
            why = f"target {target.name} of the same landing was not installed"
            for earlier, one in done[::-1]:
                installing.take_back(book, one, earlier, site.git.top, site.seal, why)
            if done and isinstance(error, TargetError):
                also = ", ".join(earlier.name for earlier, _ in done)
                message = f"{error.message}; so is that of {also}"
                raise TargetError(message, hint=error.hint) from error
            raise
    return (*restored, *(one for _, one in done))


def undo(site: Site, landing: int) -> tuple[Install, ...]:
    """Take back exactly what `follow` of a landing did.

    Raises `UntrustedError`, and `StuckTargetError` when it cannot be done.
    """
    book = Book(site.store)
    return tuple(_taken_back(site, book, one) for one in _to_take_back(book, landing))


def keep(store: Store, landing: int) -> None:
    """Confirm the installs of a landing, once its probes have passed; safe to repeat."""
    book = Book(store)
    for one in book.of_landing(landing):
        if one.state is InstallState.INSTALLED:
            installing.keep(book, one)


def approved(site: Site, target: Target) -> CommitId:
    """The newest approved commit of the branch that a target follows.

    That is its newest confirmed landing, as long as the branch holds it, else its last known good
    commit.  Raises `TargetRefusedError` when there is neither.
    """
    branch = target.branch or site.git.snapshot().branch
    head = site.git.head_of(branch)
    for landing in Journal(site.store.folder, site.store.connection).landings():
        is_kept = landing.state is LandingState.KEPT and landing.branch == branch
        if is_kept and head and site.git.is_ancestor(landing.after, head):
            return landing.after
    good = site.git.read_ref(f"{REFS}/last-known-good/{branch}")
    if good is None or head is None or not site.git.is_ancestor(good, head):
        message = f"nothing that was approved has landed on {branch}, and nothing else is installed"
        raise TargetRefusedError(message, hint="workflow propose, approve and apply a change first")
    return good


def own_target(git: GitStore, book: Book, one: Install) -> Target:
    """The target of an install as its own settings had it.

    Raises `StoreError` for a record that was changed, and `TargetRefusedError` for one that does
    not belong to its own settings.
    """
    found = book.manifest(one)
    targets = {target.name: target for target in read(found.settings, git.top, git.common_dir)}
    target = targets.get(one.target)
    places = {str(place) for _, place in target.files} if target else set()
    paths = {row.path for row in found.rows}
    above = {str(folder) for path in paths for folder in Path(path).parents}
    if target is None or not paths <= places or not set(found.folders) <= above:
        message = f"install {one.number} names files or folders that its settings do not"
        raise TargetRefusedError(message, hint="workflow doctor")
    return target


def is_trusted(git: GitStore, book: Book, one: Install) -> bool:
    """Whether a person trusts the settings of an install on this machine."""
    found = book.manifest(one)
    return trust.knows(trust.Place(found.repository, git.common_dir), found.trusted)


def _require_trusted(git: GitStore, book: Book, one: Install) -> None:
    """Refuse an install of untrusted commands, and one that only a row and a folder know of."""
    if not book.is_told(one):
        message = f"the ledger does not know of install {one.number} of target {one.target}"
        hint = f"look at {book.place(one)}, then: workflow targets restore {one.target}"
        raise TargetRefusedError(message, hint=hint)
    if not is_trusted(git, book, one):
        message = f"nobody trusts the commands of install {one.number} of target {one.target} here"
        raise trust.UntrustedError(message, hint=trust.COMMAND)


def _affected(site: Site, branch: str, before: CommitId, after: CommitId) -> list[Target]:
    """The targets with a file that a landing on a branch changes."""
    targets = [one for one in targets_of(site) if one.branch in {"", branch}]
    if not targets:
        return []
    changed = set(site.git.between(before, after).paths)
    return [one for one in targets if any(source in changed for source, _ in one.files)]


def _to_take_back(book: Book, landing: int | None) -> list[Install]:
    """The installs of a landing that are still the newest of their targets, and live."""
    if landing is None:
        return []
    installs = book.of_landing(landing)
    return [one for one in installs if one.state in STANDING and book.newest(one.target) == one]


def _was_tried(book: Book, target: Target, reverts: int | None) -> bool:
    """Whether the newest install of a target is the one to take back, or was already."""
    newest = book.newest(target.name)
    return reverts is not None and newest is not None and newest.landing == reverts


def _stands(book: Book, target: Target, landing: int) -> bool:
    newest = book.newest(target.name)
    return newest is not None and newest.landing == landing and newest.state in STANDING


def _taken_back(site: Site, book: Book, one: Install) -> Install:
    _require_trusted(site.git, book, one)
    site.tell(f"target {one.target}: back to what it was")
    target = own_target(site.git, book, one)
    return installing.take_back(book, one, target, site.git.top, site.seal, "rolled back")
