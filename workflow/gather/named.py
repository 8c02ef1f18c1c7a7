"""Finds the files that a request is about, without guessing."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from workflow.errors import PathError, VagueRequestError
from workflow.gather.near import is_foreign
from workflow.gather.shelf import Shelf
from workflow.gather.touching import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_store import GitStore
    from workflow.types import ChangeRequest, Entry, RepoPath, Snapshot, TreeId

_SUBMODULE = "160000"
_SOME = 5
_SCRIPTS = (".js", ".mjs", ".ts", ".html")
_TALKS = re.compile(r"\bfetch\s*\(|\bXMLHttpRequest\b|\bsendBeacon\b")
_OF_A_TOOL = re.compile(r"(?:^|/)\.|\.config\.\w+$|(?:^|/)(?:Gruntfile|gulpfile)\.\w+$")
_WORD = re.compile(r"[\w./+@-]*[\w+@-]")
_CONFIGURATION = re.compile(r"(?:^|/)(?:nginx|conf\.d|sites-(?:available|enabled)|snippets)/|nginx")


def resolve(git: GitStore, base: Snapshot, request: ChangeRequest) -> tuple[RepoPath, ...]:
    """The files of the base that a request is about.

    Named paths first; a name that is not a path from the top stands for the one file whose path
    ends in it.  Without names, the files that the request's own words name, which may be none.

    Raises `PathError` for a name that cannot be edited.
    """
    entries = git.entries(base.tree)
    if request.paths:
        return tuple(dict.fromkeys(_find(name, entries, base) for name in request.paths))
    found = _WORD.findall(request.text)
    words = {*found, *(word.lstrip("./") for word in found)}
    paths = [entry.path for entry in entries if entry.is_regular]
    return tuple(
        path for path in paths if path in words or ("." in path.name and path.name in words)
    )


def default_file(git: GitStore, tree: TreeId) -> RepoPath:
    """The file that an unnamed edit can only mean: the repository's one NGINX site.

    Raises `VagueRequestError` naming the candidates when there is none or more than one.
    """
    return site_of(Shelf(git, tree))


def site_of(shelf: Shelf) -> RepoPath:
    """The same, of a shelf's tree."""
    paths = [
        path
        for path, entry in shelf.entries.items()
        if entry.is_regular and path.endswith(".conf") and _CONFIGURATION.search(path)
    ]
    shelf.open(paths)
    # What could not be read may be one.
    sites = [path for path in paths if not shelf.has(path) or b"server_name" in shelf.data(path)]
    if len(sites) == 1:
        return sites[0]
    shown = f" (NGINX sites here: {_some(sites)})" if sites else ""
    message = f"the request does not say which file to change{shown}"
    raise VagueRequestError(message, hint='workflow propose "…" PATH')


def the_only(shelf: Shelf, pattern: str, named: Sequence[RepoPath]) -> tuple[RepoPath, ...]:
    """The one file that a pattern can only mean, unless a named one matches it.

    A pattern with a `/` is for whole paths, another for names.  What others wrote, tests and
    settings of tools do not count; among several scripts, those that send requests do.

    Raises `VagueRequestError` naming the candidates when there is none or more than one.
    """
    if any(_matches(path, pattern) for path in named):
        return ()
    found = [
        path
        for path, entry in shelf.entries.items()
        if entry.is_regular and _matches(path, pattern)
        if not (is_foreign(path) or is_test(path) or _OF_A_TOOL.search(path))
    ]
    if len(found) > 1 and pattern.endswith(_SCRIPTS):
        shelf.open(found)
        talking = [p for p in found if not shelf.has(p) or _TALKS.search(shelf.text(p))]
        found = talking or found
    if len(found) == 1:
        return (found[0],)
    shown = f" (there are {_some(found)})" if found else ", and there is none"
    message = f"the request does not say which {pattern} it is about{shown}"
    raise VagueRequestError(message, hint='workflow propose "…" PATH')


def _matches(path: RepoPath, pattern: str) -> bool:
    return fnmatchcase(path if "/" in pattern else path.name, pattern)


def _some(paths: Sequence[RepoPath]) -> str:
    more = f" and {len(paths) - _SOME} more" if len(paths) > _SOME else ""
    return f"{', '.join(paths[:_SOME])}{more}"


def _find(name: RepoPath, entries: Sequence[Entry], base: Snapshot) -> RepoPath:
    """The regular file that a name stands for."""
    inside = [e for e in entries if e.mode == _SUBMODULE and f"{name}/".startswith(f"{e.path}/")]
    is_folder = any(entry.path.startswith(f"{name}/") for entry in entries)
    matches = [entry for entry in entries if entry.path == name]
    if not (matches or inside or is_folder):
        matches = [entry for entry in entries if entry.path.endswith(f"/{name}")]
    if len(matches) == 1 and matches[0].is_regular:
        return matches[0].path
    where = f"commit {base.commit.short} of {base.branch}"
    if inside:
        message = f"{name} is in the submodule {inside[0].path}"
        raise PathError(message, hint=f"cd {inside[0].path}, and propose the change there")
    if len(matches) == 1:
        is_link = matches[0].mode != _SUBMODULE
        message = f"{name} is a {'symbolic link' if is_link else 'submodule'} in {where}"
        raise PathError(message, hint="name the file itself, from the top of its own repository")
    if matches:
        shown = ", ".join(entry.path for entry in matches[:5])
        message = f"{name} stands for {len(matches)} files: {shown}"
        raise PathError(message, hint="name one of them by its whole path")
    if is_folder:
        message = f"{name} is a folder"
        raise PathError(message, hint="name the files in it that may be edited")
    message = f"{name} is not in {where}"
    raise PathError(message, hint="commit it first, or check the name with `git ls-files`")
