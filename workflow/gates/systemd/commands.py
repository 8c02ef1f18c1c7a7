"""The command lines of a unit, split as systemd does, and what they start."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.systemd.units import Unit
    from workflow.semantics.systemd import Assignment

EXEC = (
    *("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost"),
    *("ExecReload", "ExecStop", "ExecStopPost"),
)
_PREFIX = re.compile(r"[@\-:+!|]*")
_WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^\s"'\\])+""")
_DIRECTORIES = {
    "%S": "/var/lib",
    "%C": "/var/cache",
    "%L": "/var/log",
    "%t": "/run",
    "%E": "/etc",
    "%%": "%",
}
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_PORT = re.compile(r"(?:.*:)?(\d{1,5})\Z")
_LISTENS = ("--port", "-p", "--bind", "-b", "--http", "--listen")
_HANDED = ("--fd", "fd://", "systemd")


@dataclass(frozen=True, slots=True)
class Start:
    """One command of a unit: the prefix of systemd's own signs, and its words."""

    setting: Assignment
    prefix: str
    argv: tuple[str, ...]

    @property
    def program(self) -> str:
        """The program as it is written."""
        return self.argv[0]

    @property
    def name(self) -> str:
        """The program's name, of Python's module where it is started by `python -m`."""
        name = posixpath.basename(self.program)
        if _PYTHON.match(name) and "-m" in self.argv[1:-1]:
            return self.argv[self.argv.index("-m") + 1]
        return name

    @property
    def port(self) -> int:
        """The TCP port that its words name; 0 without one."""
        for number, word in enumerate(self.argv[1:], 1):
            option, equals, value = word.partition("=")
            if option not in _LISTENS:
                continue
            value = value if equals else "".join(self.argv[number + 1 : number + 2])
            if found := _PORT.match(value):
                return int(found[1])
        return 0

    @property
    def is_handed_socket(self) -> bool:
        """Whether its words say that it takes a socket that is open already."""
        return any(sign in word for word in self.argv[1:] for sign in _HANDED)

    def option(self, *names: str) -> str:
        """Return the value of an option; empty without it."""
        for number, word in enumerate(self.argv):
            option, equals, value = word.partition("=")
            if option in names:
                return value if equals else "".join(self.argv[number + 1 : number + 2])
        return ""


def starts(unit: Unit, *keys: str) -> Iterator[Start]:
    """Yield the commands of these keys, by default of all that start something."""
    for key in keys or EXEC:
        for setting in unit.every(key):
            prefix = _PREFIX.match(setting.value)
            sign = prefix[0] if prefix else ""
            words = [plain(word) for word in _WORD.findall(setting.value[len(sign) :])]
            for argv in _parts(words):
                yield Start(setting, sign, tuple(expand(word, unit) for word in argv))


def _parts(words: list[str]) -> Iterator[list[str]]:
    """Yield the commands between lone semicolons."""
    part: list[str] = []
    for word in words:
        if word == ";":
            if part:
                yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def plain(word: str) -> str:
    """Return a word without its quotes and backslashes."""
    return re.sub(r"""\\(.)|["']""", lambda found: found[1] or "", word)


def expand(value: str, unit: Unit) -> str:
    """Return a value with the specifiers that mean the same on every machine filled in."""
    table = {**_DIRECTORIES, "%n": unit.name, "%N": unit.name.rpartition(".")[0], "%p": unit.stem}
    return re.sub(r"%.", lambda found: table.get(found[0], found[0]), value)
