"""Reads `[[targets]]`: what one section alone cannot say wrong is refused here, by name."""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.config import FILE, ConfigError
from workflow.targets.interface import Target
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.config import Settings, TargetSettings

_MOST_PATH = 1024
_MOST_FILES = 1000
_CORRECT = f"correct {FILE} and commit it"


def read(settings: Settings, top: Path, state: Path) -> tuple[Target, ...]:
    """The targets of a repository at `top`, whose own records lie below `state`.

    Raises `ConfigError` for two of one name, a probe that is none, a path that is not plain or lies
    in the repository, and two files of one place.
    """
    probes = {one.name for one in settings.probes}
    found: dict[str, Target] = {}
    for one in settings.targets:
        if one.name in found:
            raise _wrong(one.name, "there are two targets of this name")
        unknown = [name for name in one.probes if name not in probes]
        if unknown:
            raise _wrong(one.name, f"there is no [[probes]] section named {unknown[0]!r}")
        found[one.name] = _target(one, top, state)
    _refuse_same_places(found.values())
    return tuple(found.values())


def resolve(argv: Sequence[str], top: Path, name: str) -> tuple[str, ...]:
    """A command with its program's full path.

    Raises `ConfigError` when it is not on this machine, and when any word of it is a file of the
    repository: then a patch could change what runs on the live machine.
    """
    program = shutil.which(argv[0], path=search_path()) if argv else None
    if program is None:
        raise _wrong(name, f"there is no program {argv[0]!r} on this machine")
    for word in (program, *argv[1:]):
        inside = word.startswith("/") and _is_below(Path(os.path.realpath(word)), top)
        if inside or (word.startswith(("./", "../")) and (top / word).exists()):
            said = f"`{shlex.join(argv)}` uses {word} of the repository, which a patch could change"
            raise _wrong(name, said, hint="name a program outside the repository")
    return (program, *argv[1:])


def search_path() -> str:
    """The folders of `$PATH` that are named in full."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(one for one in folders if one.startswith("/"))


def _target(one: TargetSettings, top: Path, state: Path) -> Target:
    if len(one.files) > _MOST_FILES:
        raise _wrong(one.name, f"over {_MOST_FILES} files")
    return Target(
        name=one.name,
        files=tuple(
            (_source(one.name, source), _place(one.name, live, top, state))
            for source, live in one.files.items()
        ),
        mode=int(one.mode, 8),
        may_replace_links=one.links == "replace",
        branch=one.branch,
        check=one.check or (),
        reload=one.reload or (),
        probes=one.probes,
        timeout_s=one.timeout_s,
        settle_s=one.settle_s,
    )


def _source(name: str, source: str) -> RepoPath:
    try:
        return RepoPath(source)
    except ValueError as error:
        raise _wrong(name, str(error)) from error


def _place(name: str, live: str, top: Path, state: Path) -> Path:
    is_plain = live == posixpath.normpath(live) and not live.startswith("//") and live != "/"
    if not is_plain or "\0" in live or len(live) > _MOST_PATH:
        raise _wrong(name, f"{live!r} is not a plain absolute path of a file")
    place = Path(live)
    if _is_below(place, top) or _is_below(place, state):
        raise _wrong(name, f"{live!r} lies in the repository, where landings put files themselves")
    return place


def _refuse_same_places(targets: Iterable[Target]) -> None:
    taken: dict[Path, str] = {}
    for target in targets:
        for _, place in target.files:
            if place in taken:
                raise _wrong(target.name, f"{place} is named twice")
            taken[place] = target.name
    for place, name in taken.items():
        if any(above in taken for above in place.parents):
            raise _wrong(name, f"{place} lies below a path that is a file itself")


def _is_below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or path.is_relative_to(os.path.realpath(folder))


def _wrong(name: str, said: str, hint: str = _CORRECT) -> ConfigError:
    return ConfigError(f"{FILE}: target {name}: {said}", hint=hint)
