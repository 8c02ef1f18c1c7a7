"""Collects what a role needs to see: the exact bytes of the files that may be edited."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.errors import PathError, VagueRequestError
from workflow.types import RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.git_store import GitStore
    from workflow.types import ChangeRequest, Entry, Route, Snapshot

_SUBMODULE = "160000"
_MAX_BYTES = 1024 * 1024
_SNIFFED = 8192
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


def default_file(git: GitStore, base: Snapshot) -> RepoPath:
    """The file that an unnamed edit can only mean: the repository's one NGINX site.

    Raises `VagueRequestError` naming the candidates when there is none or more than one.
    """
    paths = [
        entry.path
        for entry in git.entries(base.tree)
        if entry.is_regular and entry.path.endswith(".conf") and _CONFIGURATION.search(entry.path)
    ]
    sites = [path for path in paths if b"server_name" in git.read(base.tree, path)]
    if len(sites) == 1:
        return sites[0]
    shown = f" (NGINX sites here: {', '.join(sites[:5])})" if sites else ""
    message = f"the request does not say which file to change{shown}"
    raise VagueRequestError(message, hint='workflow propose "…" PATH')


def gather(
    git: GitStore, base: Snapshot, route: Route, paths: Sequence[RepoPath]
) -> tuple[SourceFile, ...]:
    """The files that a role needs to see, with their exact bytes.

    Raises `PathError` for a file that is binary, larger than 1 MiB, or oddly named.
    """
    chosen = tuple(paths)
    if not chosen and route.role is Role.SURGEON:
        chosen = (default_file(git, base),)
    return tuple(_source(git, base, path) for path in chosen)


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


def _source(git: GitStore, base: Snapshot, path: RepoPath) -> SourceFile:
    if not path.isprintable():
        message = f"{path!r}: a name with unprintable characters cannot be edited"
        raise PathError(message, hint="rename the file")
    data = git.read(base.tree, path)
    if b"\0" in data[:_SNIFFED]:
        message = f"{path} is binary"
        raise PathError(message, hint="only text files can be edited")
    if len(data) > _MAX_BYTES:
        message = f"{path} has {len(data)} bytes; at most {_MAX_BYTES} can be edited"
        raise PathError(message, hint="split it, or edit it by hand and commit")
    return SourceFile(path, data)
