"""Takes back an install that was cut short, and tells of one that only its folder knows of."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from workflow import trust
from workflow.errors import WorkflowError
from workflow.targets import installing
from workflow.targets.book import Book
from workflow.targets.interface import OPEN
from workflow.targets.landed import is_trusted, own_target

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.store import Store
    from workflow.targets.interface import Install


def is_needed(store: Store) -> bool:
    """Whether an install is open, or one is on disk that the store does not know."""
    try:
        return Book(store).is_behind()
    except WorkflowError:
        return True


def recover(git: GitStore, store: Store) -> tuple[str, ...]:
    """Take back every install that was cut short, and say so; safe to repeat.

    Whoever calls this holds the repository's lock.  What cannot be taken back is said as well, and
    so is an install that the ledger does not know: a person may have it taken back.
    """
    book = Book(store)
    wrong = [f"{error.message}; {error.hint}" for error in book.catch_up()]
    confirmed = [_confirmed(book, one) for one in book.unconfirmed() if book.is_told(one)]
    recovered = [_recovered(git, book, one) for one in book.in_state(*OPEN)]
    return (*wrong, *confirmed, *recovered, *(_unknown(book, one) for one in book.strangers()))


def _confirmed(book: Book, one: Install) -> str:
    """Let go of the old files of an install by hand that was through."""
    what = f"install {one.number} of target {one.target} was through"
    try:
        installing.keep(book, one)
    except (WorkflowError, OSError) as error:
        return f"{what}, and what it put aside is left: {error}"
    return f"{what}, and is kept"


def _recovered(git: GitStore, book: Book, one: Install) -> str:
    what = f"install {one.number} of target {one.target} was cut short"
    if not book.is_told(one):
        return _unknown(book, one)
    try:
        if not is_trusted(git, book, one):
            return f"{what}, and its commands are not trusted here: {trust.COMMAND}"
        target = own_target(git, book, one)
        installing.take_back(book, one, target, git.top, _withhold, "it was cut short")
    except WorkflowError as error:
        return f"{what}: {error.message}; {error.hint}"
    return f"{what}; what was live before is live again"


def _unknown(book: Book, one: Install) -> str:
    name = shlex.quote(one.target)
    return (
        f"install {one.number} of target {one.target} was cut short, says {book.place(one)},"
        " and the ledger does not know of it: nothing was done.  Look at its manifest.json; to have"
        f" what was live before: workflow targets restore {name}; to leave what is live:"
        f" workflow targets restore {name} --mark-restored"
    )


def _withhold(_text: str) -> str:
    """What a command said is not shown where nothing is there to seal it."""
    return "(what it said is not shown here)"
