"""What is known for certain: which files and names of a request exist in the base, and which not.

Of what files hold, only this counts: whether a name from the request stands there.  Whatever else
is written in them cannot change who drafts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.routing import names
from workflow.routing.kinds import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from workflow.types import Entry

_MAX_FILES = 24
_MAX_BYTES = 256 * 1024
_CONFIGURATION = re.compile(r"(?:^|/)(?:nginx|conf\.d|sites-(?:available|enabled)|snippets)/|nginx")
# Files that a repository has before anything is built in it.
_BARE = frozenset({"README", "LICENSE", "COPYING", "CHANGELOG", "NOTICE"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a request names, and whether it is there; all empty where there is no repository.

    `existing` and `missing` are files, and `beside` those that exist and are not in the words but
    were given with them; `no_input` are missing ones out of which something is to be made.
    `found` and `unfound` are names of directives, headers, locations and code, which were looked
    for in `searched`, and `new_hosts` those that a site is asked for and that stand nowhere there.
    `kinds` are kinds of files that the base has, `absent` those that it has not.  `files` counts
    the base's, `None` without a repository; `bare` are all of them, `None` where one is more than a
    readme or the like.
    """

    existing: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    no_input: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    unfound: tuple[str, ...] = ()
    new_hosts: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    files: int | None = None
    bare: tuple[str, ...] | None = None


def look(
    text: str,
    given: Sequence[str],
    named: Sequence[str],
    entries: Sequence[Entry],
    read: Callable[[Sequence[Entry]], Sequence[bytes]],
) -> Facts:
    """The facts about a request.

    `given` are the paths that came with it, `named` those of the base that it is about, `entries`
    are the base's files, and `read` has the contents of some of them.
    """
    regular = [entry for entry in entries if entry.is_regular]
    paths = {entry.path for entry in regular}
    written = [mention.path for mention in names.files(text)]
    whole = {name: _whole(name, paths) for name in dict.fromkeys((*given, *written))}
    existing = dict.fromkeys((*named, *(path for found in whole.values() for path in found)))
    missing = tuple(name for name, found in whole.items() if not found)
    said = {path for name in written for path in whole[name]}
    things = names.things(text)
    searched = [entry for entry in regular if entry.path in existing]
    searched += [e for e in regular if e.path not in existing and _is_configuration(e.path)]
    sites = names.sites(text)
    searched = searched[:_MAX_FILES] if things or sites else []
    found = _found((*things, *sites), read(searched)) if searched else ()
    there, absent = kinds(text, tuple(paths))
    return Facts(
        existing=tuple(existing),
        beside=tuple(path for path in existing if path not in said),
        missing=missing,
        no_input=tuple(name for name in names.sources(text) if name in missing),
        found=tuple(name for name in things if name in found),
        unfound=tuple(name for name in things if name not in found),
        new_hosts=tuple(host for host in sites if host not in found),
        searched=tuple(entry.path for entry in searched),
        kinds=there,
        absent=absent,
        files=len(regular),
        bare=tuple(sorted(paths)) if all(map(_is_bare, paths)) else None,
    )


def _whole(name: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The files that a name stands for: that path, or else those whose path ends in it."""
    name = name.removeprefix("./")
    if name in paths:
        return (name,)
    return tuple(sorted(path for path in paths if path.endswith(f"/{name}")))[:_MAX_FILES]


def _found(things: Sequence[str], contents: Sequence[bytes]) -> tuple[str, ...]:
    texts = [data[:_MAX_BYTES].decode("utf-8", "replace") for data in contents]
    return tuple(name for name in things if any(names.is_in(name, text) for text in texts))


def _is_configuration(path: str) -> bool:
    return path.endswith((".conf", ".service", ".timer")) and (
        not path.endswith(".conf") or _CONFIGURATION.search(path) is not None
    )


def _is_bare(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith(".git") or name.partition(".")[0].upper() in _BARE
