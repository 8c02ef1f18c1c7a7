"""Where a new server block goes, beside the nginx files that a repository has."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.first_pass.saying import refused

if TYPE_CHECKING:
    from collections.abc import Collection

_SAFE = re.compile(r"(?!.*(?:^|/)\.)[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){0,8}\Z")
_PARTS = ("sites-available", "conf.d", "http.d", "sites", "vhosts", "vhosts.d", "servers")
_SEVERAL = 50


@dataclass(frozen=True, slots=True)
class Location:
    """The file to write, the folder that stands for /etc/nginx, and the site's name in paths."""

    path: str
    home: str
    stem: str

    @property
    def switch(self) -> str:
        """The file with the listeners for HTTP/3, switched off by its name."""
        return posixpath.join(self.home, "http3.d", self.stem, "listen.conf.off")


def located(name: str, wanted: str, existing: Collection[str]) -> Location:
    """The place for a site's file: the one that the request names, or one beside its likes.

    Raises `NotUnderstoodError` for a name that leads out of the repository or is taken.
    """
    taken = frozenset(path.lower() for path in existing)
    if wanted:
        return _as_wanted(wanted, taken)
    stem = re.sub(r"[^A-Za-z0-9.-]", "_", name.replace("*.", "wildcard."))
    folder = _folder(existing)
    for number in range(1, _SEVERAL):
        candidate = stem if number == 1 else f"{stem}-{number}"
        path = posixpath.join(folder, f"{candidate}.conf")
        place = Location(path, _home(path), candidate)
        if path.lower() not in taken and place.switch.lower() not in taken:
            return place
    message = f"{folder} has {_SEVERAL} files for {name}"
    raise refused(message, "say in which file: in nginx/x.conf")


def _as_wanted(wanted: str, taken: Collection[str]) -> Location:
    """The file that the request names; names that differ in case alone are one on some disks."""
    path = posixpath.normpath(wanted) if not wanted.startswith(("/", "~")) else wanted
    if path != wanted.removeprefix("./") or not _SAFE.match(path):
        message = f"'{wanted}' is not a plain path of the repository"
        raise refused(message, "say for example: in nginx/shop.conf")
    if path.lower() in taken:
        message = f"{path} is there already, and an architect writes new files only"
        raise refused(message, "name another file, or ask the surgeon for an edit of this one")
    place = Location(path, _home(path), posixpath.basename(path).removesuffix(".conf"))
    if place.switch.lower() in taken:
        message = f"{place.switch} is there already"
        raise refused(message, "name another file")
    return place


def _home(path: str) -> str:
    """The folder that stands for /etc/nginx: above `conf.d` and the like."""
    folder = posixpath.dirname(path)
    return posixpath.dirname(folder) if posixpath.basename(folder) in _PARTS else folder


def _folder(existing: Collection[str]) -> str:
    """The folder where sites are kept: a known one, the main file's, or `nginx`."""
    folders = {posixpath.dirname(path) for path in existing}
    for name in _PARTS:
        found = sorted(
            (folder for folder in folders if posixpath.basename(folder) == name),
            key=lambda folder: ("nginx" not in folder, folder.count("/"), folder),
        )
        if found and ("nginx" in found[0] or _has_main(existing, posixpath.dirname(found[0]))):
            return found[0]
    mains = sorted(
        (path for path in existing if posixpath.basename(path) == "nginx.conf"),
        key=lambda path: (path.count("/"), path),
    )
    return posixpath.dirname(mains[0]) if mains else "nginx"


def _has_main(existing: Collection[str], folder: str) -> bool:
    return posixpath.join(folder, "nginx.conf") in existing
