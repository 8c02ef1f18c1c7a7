"""Brings a commit's files to their live places and proves them, or brings back what was there.

The order is what makes it safe: refuse, snapshot and write the intent down, make all files ready,
rename them, check, reload, probe.  Whatever is cut short after the intent was written is taken back
by `recovering.py`.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.targets import rescue
from workflow.targets.book import Book
from workflow.targets.commands import require_probes, run
from workflow.targets.drift import differences
from workflow.targets.exchange import Exchange
from workflow.targets.interface import (
    OPEN,
    STANDING,
    DriftError,
    InstallState,
    StuckTargetError,
    TargetError,
)
from workflow.targets.plan import plan_adoption

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.targets.interface import Install, Site, Target
    from workflow.targets.plan import Planned


def carry_out(site: Site, target: Target, planned: Planned) -> Install:
    """Install what was planned; it is live, checked, reloaded and probed, or nothing has changed.

    Raises `TargetError` naming what failed, once exactly what was there before is there again, and
    `StuckTargetError` when it could not be brought back.
    """
    book = Book(site.store)
    for warning in planned.warnings:
        site.tell(warning)
    install = _begin(book, target, planned)
    exchange = _exchange(book, install)
    try:
        site.tell(f"target {target.name}: {len(planned.manifest.rows)} live paths")
        exchange.stage(planned.contents)
        exchange.require_unchanged()
        exchange.switch()
        _prove(site, target, book, install)
        return book.set(install, InstallState.INSTALLED, after=exchange.now())
    except BaseException as error:
        why = error.message if isinstance(error, WorkflowError) else str(error) or "interrupted"
        why = _bare(target, why)
        take_back(book, install, target, site.git.top, site.seal, why)
        if not isinstance(error, WorkflowError | OSError | sqlite3.Error):
            raise
        message = f"target {target.name}: {why}; what was live before is live again"
        hint = error.hint if isinstance(error, WorkflowError) else "mend that, then try again"
        raise TargetError(message, hint=hint) from error


def _begin(book: Book, target: Target, planned: Planned) -> Install:
    """Write an install down.  Raises `TargetError` when that cannot be done."""
    try:
        return book.begin(planned.manifest, planned.blobs)
    except (OSError, sqlite3.Error) as error:
        message = f"target {target.name}: what is live cannot be put by: {error}"
        raise TargetError(message, hint="mend that, then try again; nothing was changed") from error


def _bare(target: Target, why: str) -> str:
    """A reason without the name of its target, which is said once."""
    return why.removeprefix(f"target {target.name}: ")


def _prove(site: Site, target: Target, book: Book, install: Install) -> None:
    """Check, reload and probe.  Raises `TargetError` for the first that says no."""
    top = site.git.top
    if target.check:
        site.tell(f"target {target.name}: validate")
        run(target.check, target, top, site.seal, "validate")
    if target.reload:
        book.note_reload(install)
        site.tell(f"target {target.name}: reload")
        run(target.reload, target, top, site.seal, "reload")
        # NOTE: a service takes a moment to take it up, and its old answers would pass for new ones.
        time.sleep(target.settle_s)
    require_probes(target, site)


def keep(book: Book, install: Install) -> Install:
    """Let go of the old files: the install stands.  Its snapshot stays."""
    _exchange(book, install).clear(and_folders=False)
    kept = book.set(install, InstallState.KEPT)
    book.prune(install.target)
    return kept


def require_untouched(book: Book, install: Install) -> None:
    """Refuse to take an install back over what somebody has edited since.  Raises `DriftError`."""
    if install.state not in STANDING:
        return
    expected = book.after(install)
    for row, found in zip(book.manifest(install).rows, _exchange(book, install).now(), strict=True):
        differs = differences(expected[row.path], found)
        if differs:
            message = (
                f"target {install.target}: live {row.path} differs from what was installed"
                f" ({', '.join(differs)}): edited by hand?"
            )
            hint = f"to put it by and go on: workflow targets restore {install.target} --over-edits"
            raise DriftError(message, hint=hint)


def take_back(  # noqa: PLR0913, PLR0917 - what to take back, and with what
    book: Book,
    install: Install,
    target: Target,
    top: Path,
    seal: Callable[[str], str],
    why: str,
) -> Install:
    """Bring back exactly what was there before an install, and reload if the service was told.

    Safe to repeat.  Raises `StuckTargetError`, with the commands in a file, when it cannot be done.
    """
    is_told = book.is_reloading(install)
    # An install that is open is taken back whatever its note says: a full disk must not keep us.
    with suppress(OSError, sqlite3.Error) if install.state in OPEN else nullcontext():
        install = book.set(install, InstallState.RESTORING, note=why)
    exchange = _exchange(book, install)
    try:
        said = exchange.put_back(lambda data: book.put_by(install, data))
        exchange.clear(and_folders=True)
    except (OSError, WorkflowError) as error:
        what = f"{why}; then its files: {_bare(target, str(error))}"
        raise _stuck(book, install, target, what) from error
    try:
        if is_told and target.reload:
            run(target.reload, target, top, seal, "the reload of what was there before")
    except WorkflowError as error:
        what = f"{why}; its files are exactly what they were, but {_bare(target, error.message)}"
        raise _stuck(book, install, target, what) from error
    with suppress(OSError, sqlite3.Error):
        # Without the note, the next command finds all of it done and notes it then.
        install = book.set(install, InstallState.RESTORED, note="; ".join((why, *said)))
    return install


def _stuck(book: Book, install: Install, target: Target, why: str) -> StuckTargetError:
    """Write down that a person has to look, with the commands for it."""
    hint = f"mend it, then: workflow targets restore {target.name}"
    with suppress(OSError, sqlite3.Error):
        book.set(install, InstallState.STUCK, note=why)
        path = rescue.write(book.place(install), book.manifest(install), target, why)
        hint = f"{hint}; {path} has each command"
    message = f"target {target.name} is stuck, and no further install is made: {why}"
    return StuckTargetError(message, hint=hint)


def _exchange(book: Book, install: Install) -> Exchange:
    return Exchange(book.manifest(install), lambda content: book.blob(install, content))


def adopt(site: Site, target: Target) -> Install:
    """Put by what is live now, which the next install may replace; nothing live is written.

    Raises `UntrustedError`, `StuckTargetError` and `TargetRefusedError`.
    """
    book = Book(site.store)
    planned = plan_adoption(site, target)
    install = _begin(book, target, planned)
    after = [row.before for row in planned.manifest.rows]
    adopted = book.set(install, InstallState.KEPT, after=after)
    book.prune(target.name)
    return adopted
