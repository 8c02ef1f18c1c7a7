"""`systemd-analyze` in the sandbox: what it complains about, and how exposed a service is."""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.sandbox import Command, Limits
from workflow.sandbox.recipe import is_placeable
from workflow.semantics.systemd import is_drop_in, suffix_of
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflow.gates.systemd.units import Unit, Units
    from workflow.process import Ran

SYSTEM = "system"
_OUTPUT = 1024 * 1024
_HERE, _ELSEWHERE, _STUBS = "/units", "/elsewhere", "/stubs"
_STOCK = "/usr/lib/systemd/system"
_PROGRAM = "usr/bin/systemd-analyze"
_PLACE = re.compile(r"(?:/units/|/elsewhere/|/stubs/)")
_LINE = re.compile(r"\A([^\s:]+):(\d+): ")
_UNKNOWN = re.compile(r"Unknown key(?: name)? '([^']*)' in section ['\[]([^'\]]*)")
_SECTION = re.compile(r"Unknown section '")
_CYCLE = re.compile(r"\bcycle\b|Found dependency on ")
# What the gate's own rules say better, or what another line says already.
_LEFT_OUT = re.compile(
    r"Command .* is not executable: |Unit .* has a bad unit file setting|Assignment outside of"
    r"|Missing '=', ignoring|Unknown lvalue|Invalid section header"
)
_STUB = {
    ".service": b"[Service]\nType=oneshot\nExecStart=/bin/true\n",
    ".socket": b"[Socket]\nListenStream=/run/stub\nService=stub.service\n",
    ".timer": b"[Timer]\nOnBootSec=1h\nUnit=stub.service\n",
    ".path": b"[Path]\nPathExists=/\nUnit=stub.service\n",
}
_ANY = b"[Unit]\nDescription=stub\n"


@dataclass(frozen=True, slots=True)
class Tool:
    """One `systemd-analyze`: how it is started inside, what it needs there, its own units."""

    program: Path
    argv: tuple[str, ...]
    shown: tuple[Path, ...]
    stock: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line that it wrote, without paths of the sandbox; `line` is 0 where there is none."""

    path: str
    line: int
    words: str

    @property
    def key(self) -> str:
        """What tells it from others, on both trees: everything but the line."""
        return f"{self.path}: {self.words}" if self.line else self.words

    @property
    def unknown_key(self) -> tuple[str, str] | None:
        """The section and key that this systemd does not know, if it is about one."""
        found = _UNKNOWN.search(self.words)
        return (found[2], found[1]) if found else None

    @property
    def is_covered(self) -> bool:
        """Whether the gate's own rules say it, too."""
        return bool(_LEFT_OUT.search(self.words) or _SECTION.search(self.words))

    @property
    def is_cycle(self) -> bool:
        """Whether it is about units that wait for each other; which ones are named is by chance."""
        return bool(_CYCLE.search(self.words))

    def __str__(self) -> str:
        """One line, as compilers print it."""
        return f"{self.path}:{self.line}: {self.words}" if self.line else self.words


def find(setting: str) -> Tool | None:
    """Return the program that a setting names: `system`, its full path, or an unpacked folder."""
    if setting == SYSTEM:
        found = shutil.which("systemd-analyze", path="/usr/bin:/bin:/usr/local/bin")
        return Tool(Path(found), (found,), (), _STOCK) if found else None
    path = Path(setting)
    if not path.is_absolute() or not is_placeable(path):
        return None
    if path.is_file():
        return Tool(path, (str(path),), (path,), _STOCK)
    program = path / _PROGRAM
    loader = next(iter(sorted(path.glob("usr/lib/*/ld-linux*.so.*"))), None)
    if loader is None or not program.is_file():
        return None
    libraries = f"{loader.parent}:{loader.parent / 'systemd'}"
    argv = (str(loader), "--library-path", libraries, str(program))
    return Tool(program, argv, (path,), str(path / "usr/lib/systemd/system"))


def folders(units: Iterable[Unit]) -> tuple[str, ...]:
    """Return the folders that units are in, each once."""
    return tuple(dict.fromkeys(unit.folder for unit in units))


def verify(tool: Tool, units: Units, folder: str, stubs: frozenset[str], limit_s: float) -> Command:
    """Return the run that checks all units of a folder, those of other folders around them."""
    ours = [unit for unit in units.units if unit.folder == folder]
    paths = [_inside(unit, folder) for unit in ours]
    words = ("verify", "--man=no", *paths)
    extra = {unit.name for unit in ours if not unit.has_file}
    return _command(tool, words, units, folder, stubs | extra, limit_s)


def security(
    tool: Tool, units: Units, unit: Unit, stubs: frozenset[str], limit_s: float
) -> Command:
    """Return the run that says how exposed a service is."""
    words = ("security", "--offline=yes", "--json=short", _inside(unit, unit.folder))
    extra = frozenset() if unit.has_file else frozenset((unit.name,))
    return _command(tool, words, units, unit.folder, stubs | extra, limit_s)


def _inside(unit: Unit, folder: str) -> str:
    return posixpath.join(_HERE, folder, unit.name) if unit.has_file else f"{_STUBS}/{unit.name}"


def _command(  # noqa: PLR0913, PLR0917 - a tool, its words, and the units around them
    tool: Tool,
    words: tuple[str, ...],
    units: Units,
    folder: str,
    stubs: frozenset[str],
    limit_s: float,
) -> Command:
    here = posixpath.join(_HERE, folder).rstrip("/")
    return Command(
        argv=(*tool.argv, *words),
        cwd="/",
        env={
            "SYSTEMD_UNIT_PATH": f"{here}:{_ELSEWHERE}:{tool.stock}:{_STUBS}",
            "SYSTEMD_COLORS": "0",
            "SYSTEMD_LOG_LEVEL": "notice",
            "LC_ALL": "C.UTF-8",
        },
        read_only=tool.shown,
        files=tuple(_files(units.texts, folder, stubs).items()),
        dirs=("/run/systemd",),
        limits=Limits(wall_s=limit_s, output=_OUTPUT),
    )


def _files(texts: Mapping[str, bytes], folder: str, stubs: frozenset[str]) -> dict[str, bytes]:
    """Return the files of a run: a folder's own, those of others behind them, and stubs."""
    found: dict[str, bytes] = {}
    for path, data in texts.items():
        is_drop = is_drop_in(RepoPath(path))
        home = posixpath.dirname(posixpath.dirname(path) if is_drop else path)
        if home == folder:
            found[posixpath.join(_HERE, path)] = data
        else:
            inside = "/".join(path.split("/")[-2 if is_drop else -1 :])
            found.setdefault(f"{_ELSEWHERE}/{inside}", data)
    for name in sorted(stubs | {"stub.service"}):
        template = re.sub(r"@[^.]*", "@", name)
        found[f"{_STUBS}/{template}"] = _STUB.get(suffix_of(name), _ANY)
    return found


def complaints(ran: Ran) -> tuple[Complaint, ...]:
    """Return what a run of `verify` complains about."""
    found = []
    for raw in ran.stderr.decode("utf-8", "backslashreplace").splitlines():
        line = _PLACE.sub("", raw.strip())
        if not line:
            continue
        place = _LINE.match(line)
        if place:
            found.append(Complaint(place[1], int(place[2]), line[place.end() :]))
        else:
            found.append(Complaint("", 0, line))
    return tuple(found)


def exposures(ran: Ran) -> dict[str, float] | None:
    """Return how much each setting exposes a service, or that the run did not say."""
    try:
        rows = json.loads(ran.stdout)
        return {str(row["name"]): float(row["exposure"] or 0) for row in rows}
    except (ValueError, TypeError, KeyError):
        return None
