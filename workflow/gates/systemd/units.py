"""The units of a tree: files and their drop-ins, each with what it sets in the end."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.semantics.systemd import (
    Assignment,
    UnitFile,
    UnitSyntaxError,
    effective,
    is_drop_in,
    parse,
    section_of,
    suffix_of,
    unit_of,
)
from workflow.semantics.systemd.keys import sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workflow.gates.interface import Tree
    from workflow.types import RepoPath

MAX_FILES = 400
_MAX_BYTES = 64 * 1024
_MAX_TOTAL = 4 * 1024 * 1024
_TEMPLATED = re.compile(r"\{\{|\{%|<%|^@[A-Z_]+@|=@[A-Za-z_]+@", re.MULTILINE)
_HEADER = re.compile(r"^\[([^\]\n]*)\][ \t]*$", re.MULTILINE)
# Other programs' files of the same names: D-Bus activation, desktop entries, Avahi.
_FOREIGN = ("D-BUS Service", "Desktop Entry")


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: its own file, when the tree has it, and its drop-ins in their order.

    `settings` are what counts in the end.
    """

    name: str
    folder: str
    files: Mapping[str, UnitFile]
    has_file: bool
    settings: tuple[Assignment, ...]

    @property
    def section(self) -> str:
        """The section that its kind has for itself."""
        return section_of(self.name)

    @property
    def stem(self) -> str:
        """The name without its kind, and without what comes behind an `@`."""
        return self.name.removesuffix(suffix_of(self.name)).partition("@")[0]

    @property
    def path(self) -> str:
        """The file to name for it."""
        return next(iter(self.files))

    def every(self, key: str, section: str = "") -> tuple[Assignment, ...]:
        """Return a key's settings that are not empty, by default of the kind's own section."""
        place = section or self.section
        return tuple(
            one for one in self.settings if (one.section, one.key) == (place, key) and one.value
        )

    def last(self, key: str, section: str = "") -> Assignment | None:
        """Return the setting of a key that counts last."""
        return next(reversed(self.every(key, section)), None)

    def value(self, key: str, section: str = "") -> str:
        """Return the value of a key; empty without one."""
        found = self.last(key, section)
        return found.value if found else ""

    def is_on(self, key: str) -> bool:
        """Whether a switch of the unit's own section is on."""
        return is_yes(self.value(key))

    def words(self, key: str, section: str = "") -> Iterator[tuple[Assignment, str]]:
        """Yield the words of all settings of a key, each with its setting."""
        for one in self.every(key, section):
            for word in one.value.split():
                yield one, word


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a tree, with which files and folders it has.

    `skipped` are files that a program fills in first, and `unread` those that cannot be read.
    """

    units: tuple[Unit, ...]
    texts: Mapping[str, bytes]
    modes: Mapping[str, str]
    folders: frozenset[str]
    skipped: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    by_name: Mapping[str, Unit] = field(default_factory=dict)


def is_yes(value: str) -> bool:
    """Whether systemd takes a value as true."""
    return value.lower() in {"yes", "true", "on", "1", "y", "t"}


def is_unit(path: RepoPath, text: str) -> bool:
    """Whether a file is systemd's, and not of another program that names its files alike."""
    if not unit_of(path):
        return False
    headers = _HEADER.findall(text)
    if any(header in _FOREIGN for header in headers) or text.lstrip().startswith("<"):
        return False
    return "systemd" in path.parts or any(name in sections() for name in headers)


def read(tree: Tree) -> Units:
    """Read the units of a tree; at most 400 files of 64 KiB each, and 4 MiB."""
    modes = {str(entry.path): entry.mode for entry in tree.entries}
    texts: dict[str, bytes] = {}
    parsed: dict[RepoPath, UnitFile] = {}
    skipped, unread, total = [], [], 0
    for entry in tree.entries:
        if not unit_of(entry.path) or not entry.mode.startswith("100"):
            continue
        if len(texts) >= MAX_FILES or total > _MAX_TOTAL:
            unread.append(str(entry.path))
            continue
        data = tree.read(entry.path)
        total += min(len(data), _MAX_BYTES)
        text = data[:_MAX_BYTES].decode("utf-8", "replace")
        if not is_unit(entry.path, text):
            continue
        if _TEMPLATED.search(text):
            skipped.append(str(entry.path))
            continue
        try:
            parsed[entry.path] = _parsed(entry.path, data)
        except UnitSyntaxError:
            unread.append(str(entry.path))
            continue
        texts[str(entry.path)] = data
    units = tuple(_units(parsed))
    by_name = {unit.name: unit for unit in reversed(units)}
    folders = frozenset(_folders(modes))
    return Units(units, texts, modes, folders, tuple(skipped), tuple(unread), by_name)


def _parsed(path: RepoPath, data: bytes) -> UnitFile:
    """Return what a file assigns; raises `UnitSyntaxError` for a large one."""
    if len(data) > _MAX_BYTES:
        message = f"{path} is larger than {_MAX_BYTES} bytes"
        raise UnitSyntaxError(message)
    return parse(data.decode("utf-8", "replace"), path)


def _folders(paths: Iterable[str]) -> Iterator[str]:
    seen = {""}
    yield ""
    for path in paths:
        folder = posixpath.dirname(path)
        while folder not in seen:
            seen.add(folder)
            yield folder
            folder = posixpath.dirname(folder)


def _units(parsed: Mapping[RepoPath, UnitFile]) -> Iterator[Unit]:
    """Yield units by folder: a file with the drop-ins beside it, and those of no file beside."""
    drop_ins: dict[str, dict[str, list[RepoPath]]] = {}
    for path in sorted(parsed, key=lambda one: (one.name, one)):
        if is_drop_in(path):
            about = drop_ins.setdefault(unit_of(path), {})
            about.setdefault(posixpath.dirname(posixpath.dirname(path)), []).append(path)
    own = {path for path in parsed if not is_drop_in(path)}
    names = {path.name for path in own}
    for path in sorted(own):
        folder = posixpath.dirname(path)
        theirs = _reaching(path.name, folder, drop_ins, {posixpath.dirname(one) for one in own})
        yield _unit(path.name, folder, [path, *theirs], parsed, has_file=True)
    for name, places in drop_ins.items():
        if name in names or not suffix_of(name):
            continue
        for folder, paths in places.items():
            yield _unit(name, folder, paths, parsed, has_file=False)


def _reaching(
    name: str,
    folder: str,
    drop_ins: Mapping[str, Mapping[str, list[RepoPath]]],
    homes: set[str],
) -> list[RepoPath]:
    """Return the drop-ins of a unit: in its folder, or in one that has no units of its own."""
    template = re.sub(r"@[^.]+", "@", name)
    found = []
    for about in dict.fromkeys((suffix_of(name)[1:], template, name)):
        for place, paths in drop_ins.get(about, {}).items():
            if place == folder or place not in homes:
                found += paths
    return sorted(found, key=lambda one: (one.name, one))


def _unit(
    name: str,
    folder: str,
    paths: list[RepoPath],
    parsed: Mapping[RepoPath, UnitFile],
    *,
    has_file: bool,
) -> Unit:
    files = {str(path): parsed[path] for path in paths}
    rows = [one for path in paths for one in parsed[path].assignments]
    return Unit(name, folder, files, has_file, effective(rows))
