"""Collects what a role needs to see, and no more: exact bytes, bounded, within a budget."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.errors import PathError
from workflow.gather.clients import mentioning
from workflow.gather.globs import Names
from workflow.gather.importers import importing
from workflow.gather.interface import Gathered, TooLargeError
from workflow.gather.named import site_of, the_only
from workflow.gather.near import Lead, Leads, nearness
from workflow.gather.nginx import Surroundings, surroundings
from workflow.gather.python import Sources
from workflow.gather.shelf import MAX_FILE, NOT_UTF8, Shelf
from workflow.gather.touching import touching
from workflow.providers.tokens import estimate
from workflow.types import LeftOut, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gather.interface import Needs
    from workflow.gather.near import Nearness
    from workflow.git_store import GitStore
    from workflow.types import RepoPath, TreeId

_MAX_EXISTING = 5000
# Names are worth less than what is in a file.
_LISTING_SHARE = 10
_MOST_LEFT_OUT = 100
# A search looks for each of them in each file.
_MOST_TARGETS = 50
# Tokens: two lines with 32 random digits, and words.
_FENCE = 60
# From this many includes or imports away on, a file is less useful than a test.
_FAR = 2


def gather(git: GitStore, tree: TreeId, needs: Needs, named: Sequence[RepoPath]) -> Gathered:
    """What a drafter is shown of a tree.

    A surgeon may edit the named files, an architect reads them and is given the names of what there
    is.  Context is added by its usefulness while the budget lasts; a file is whole or left out.

    Raises `PathError` for a named file that is no text or larger than 1 MiB, `TooLargeError` when
    the named ones alone pass the budget, and `VagueRequestError` when none is named and more than
    one could be meant.
    """
    shelf = Shelf(git, tree)
    chosen = _chosen(shelf, needs, tuple(dict.fromkeys(named)))
    near = nearness(chosen)
    sources = tuple(_source(shelf, path) for path in chosen)
    left = needs.room - sum(map(_tokens, sources))
    if left < 0:
        raise TooLargeError(len(sources), needs.room - left, needs.room)
    existing: tuple[RepoPath, ...] = ()
    if needs.role is Role.ARCHITECT or "listing" in needs.context:
        existing = _existing(shelf, near, left // _LISTING_SHARE)
        left -= sum(map(_listed, existing))
    leads, not_followed = _leads(shelf, near, needs, chosen)
    context, not_shown = _within(shelf, leads, left, needs.room)
    left_out = _bounded((*not_followed, *not_shown))
    if needs.role is Role.SURGEON:
        return Gathered(sources, context, existing, left_out)
    return Gathered((), (*sources, *context), existing, left_out)


def _chosen(shelf: Shelf, needs: Needs, named: tuple[RepoPath, ...]) -> tuple[RepoPath, ...]:
    """The named files, and those that can only be meant where none is."""
    found = dict.fromkeys(named)
    for pattern in needs.inputs:
        found.update(dict.fromkeys(the_only(shelf, pattern, named)))
    if not found and needs.role is Role.SURGEON and needs.may_default:
        return (site_of(shelf),)
    return tuple(found)


def _source(shelf: Shelf, path: RepoPath) -> SourceFile:
    """A named file, whole."""
    if not path.isprintable():
        message = f"{path!r}: a name with unprintable characters cannot be edited"
        raise PathError(message, hint="rename the file")
    fault = shelf.fault(path)
    if shelf.size(path) > MAX_FILE:
        message = f"{path} has {shelf.size(path)} bytes; at most {MAX_FILE} can be edited"
        raise PathError(message, hint="split it, or edit it by hand and commit")
    if fault and fault != NOT_UTF8:
        message = f"{path} is {fault}"
        hint = "only text files can be edited" if shelf.has(path) else "name a file that git has"
        raise PathError(message, hint=hint)
    return SourceFile(path, shelf.data(path))


def _leads(
    shelf: Shelf, near: Nearness, needs: Needs, chosen: tuple[RepoPath, ...]
) -> tuple[list[RepoPath], list[LeftOut]]:
    """The files that may be of use, the most useful first, and what could not be followed.

    What is read together with the named files, then their tests, then what is farther away, what
    imports them, and what speaks of the same endpoints.
    """
    rules = frozenset(needs.context)
    sources = Sources(shelf, {path: path for path in shelf.entries if path.endswith(".py")})
    around = Surroundings()
    if rules & {"includes", "tests"}:
        around = surroundings(shelf, Names(shelf.entries), near, chosen)
    included = around.leads if "includes" in rules else Leads()
    imports = _imports(sources, chosen) if "imports" in rules else Leads()
    tests = importers = clients = Leads()
    if "tests" in rules:
        tests = touching(shelf, sources, near, (*chosen, *around.outer)[:_MOST_TARGETS])
    if "importers" in rules or ("tests" in rules and not tests.found):
        importers = importing(shelf, sources, near, chosen[:_MOST_TARGETS])
    if "tests" in rules and not tests.found and importers.found:
        # What no test imports is tested by way of what imports it.
        through = tuple(lead.path for lead in importers.found[:_MOST_TARGETS])
        tests = touching(shelf, sources, near, through)
    if "clients" in rules:
        clients = mentioning(shelf, near, chosen[:_MOST_TARGETS])
    close = [lead for lead in included.found if lead.rank < _FAR]
    far = [lead for lead in included.found if lead.rank >= _FAR]
    others = (importers.found if "importers" in rules else (), clients.found)
    by_use = (close, imports.found, tests.found, far, *others)
    paths = dict.fromkeys(lead.path for leads in by_use for lead in leads)
    notes = [one for leads in (included, imports, tests) for one in leads.left_out]
    return [path for path in paths if path not in chosen], notes


def _imports(sources: Sources, chosen: Sequence[RepoPath]) -> Leads:
    """The repository's own modules that some files import, in the files' order."""
    found: dict[RepoPath, None] = {}
    left: list[LeftOut] = []
    for path in chosen:
        if path.endswith(".py"):
            found.update(dict.fromkeys(sources.imported(path)))
            fault = sources.module(path).fault
            left += [LeftOut(path, f"its imports were not followed: {fault}")] if fault else []
    return Leads(tuple(Lead(path, 0) for path in found), tuple(left))


def _within(
    shelf: Shelf, paths: Sequence[RepoPath], room: int, budget: int
) -> tuple[tuple[SourceFile, ...], list[LeftOut]]:
    """Those of some files that fit into the room, in tokens; and why each of the others is out."""
    shown: list[SourceFile] = []
    left: list[LeftOut] = []
    shelf.open(paths)
    for path in paths:
        fault = shelf.fault(path)
        source = SourceFile(path, shelf.data(path))
        size = _tokens(source)
        if fault:
            left.append(LeftOut(path, fault))
        elif size > room:
            left.append(LeftOut(path, f"over the budget of {budget} tokens"))
        elif source.data.strip():
            shown.append(source)
            room -= size
    return tuple(shown), left


def _tokens(source: SourceFile) -> int:
    """What a file takes of a budget, with its name and its fence."""
    text = source.data.decode("utf-8", "surrogateescape")
    return estimate(text) + estimate(source.path) + _FENCE


def _existing(shelf: Shelf, near: Nearness, room: int) -> tuple[RepoPath, ...]:
    """The names of the nearest files that fit into the room, in the order of the alphabet."""
    found: list[RepoPath] = []
    for path in near.sorted(shelf.entries)[:_MAX_EXISTING]:
        room -= _listed(path)
        if room < 0:
            break
        found.append(path)
    return tuple(sorted(found))


def _listed(path: RepoPath) -> int:
    """What a name takes of a budget, with the line that it stands on."""
    return estimate(f"- {path}\n")


def _bounded(left: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """What was left out, each file once; the last row says how many more there are."""
    rows = tuple({one.path: one for one in reversed(left)}.values())[::-1]
    if len(rows) <= _MOST_LEFT_OUT:
        return rows
    last = rows[_MOST_LEFT_OUT - 1]
    more = len(rows) - _MOST_LEFT_OUT
    return (*rows[: _MOST_LEFT_OUT - 1], replace(last, why=f"{last.why}; {more:,} more are"))
