"""What a sandbox is asked and what it answers; nothing runs unconfined because one was missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from workflow.canonical import encode, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.process import Ran

TREE = "/tree"
"""Where the scratch tree appears inside, writable, its writes thrown away afterwards."""

REPORT_FD_VARIABLE = "WORKFLOW_REPORT_FD"
"""Names the descriptor of the report pipe inside, when a command asks for one."""


class Network(StrEnum):
    """What a run can reach.  Nothing of the host's network, whatever is chosen, but for `HOST`."""

    NONE = "none"
    """No address at all: sockets of the internet families cannot be made."""
    LOOPBACK = "loopback"
    """A loopback interface of its own, with nothing but the run's own processes on it."""
    HOST = "host"
    """The host's network: for building an environment from an index, never for tested code."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run.

    Seconds of wall time; bytes of each output, of memory of all processes together, of address
    space of one process (interpreters reserve by the core and hardly use it), of one file, and of
    all that is written anywhere, with the number of files; processes and open files at one time.
    """

    wall_s: float = 60.0
    output: int = 8 * 1024 * 1024
    memory: int = 2 * 1024**3
    address_space: int = 4 * 1024**3
    file_size: int = 256 * 1024**2
    disk: int = 1024**3
    files: int = 100_000
    processes: int = 256
    open_files: int = 1024


@dataclass(frozen=True, slots=True)
class Laid:
    """One file laid over a folder: git's mode and the content, or a removal.

    `mode` is `100644`, `100755`, or `120000` for a symbolic link whose content is its target.
    `content` of `None` removes what is there, a whole folder, too.
    """

    path: str
    mode: str = "100644"
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch tree: a folder of the host that nobody writes to, and files laid over it.

    The folder is shown copy-on-write: what is laid over it and what a run writes is in memory and
    gone with the run.  `id` tells trees apart: two of one id have the same content, however they
    are made up.  It is git's for a tree of git's, and empty where nothing is known.
    """

    folder: Path
    over: tuple[Laid, ...] = ()
    id: str = ""

    def laid(self, *files: Laid) -> Scratch:
        """Return this tree with more files laid over it, under an id that says so."""
        rows = [
            [file.path, file.mode, None if file.content is None else sha256(file.content)]
            for file in files
        ]
        name = sha256(encode({"tree": self.id, "laid": rows})) if self.id and files else self.id
        return Scratch(self.folder, (*self.over, *files), name)


@dataclass(frozen=True, slots=True)
class Command:
    """One program to run confined.

    `tree` appears at `TREE`, copy-on-write.  `read_only` are host paths that appear inside at the
    same place (an interpreter, a binary); a folder is shown through a layer, so that sockets and
    pipes in it lead nowhere.  `files` are made for this run: path inside, content.
    `dirs` are empty and writable.  `links` are symbolic links: path inside, target.  Paths inside
    must not lead through a symbolic link of the tree; that raises `ValueError`.  `low_ports` allows
    ports below 1024, and makes every IPv4 address the sandbox's own, in its own network.
    `as_root` shows the program uid 0, for tools that ask; it carries no privilege and no
    capability.  `stdin` is its input.  `report` gives the program a pipe of its own, whose
    descriptor number stands in the variable `REPORT_FD_VARIABLE` and whose bytes come back in
    `Ran.report`.  `attempt` tells a second run of the same command from the first, whose result may
    be remembered.
    """

    argv: tuple[str, ...]
    tree: Scratch | None = None
    cwd: str = TREE
    env: Mapping[str, str] = field(default_factory=dict)
    read_only: tuple[Path, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    dirs: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    limits: Limits = Limits()
    network: Network = Network.NONE
    low_ports: bool = False
    as_root: bool = False
    stdin: bytes = b""
    report: bool = False
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Wall:
    """One protection, and whether it stands on this machine.

    One that is not `needed` is a second one behind others, and some kernels do not have it.
    """

    name: str
    stands: bool
    detail: str
    needed: bool = True


class Sandbox(Protocol):
    """Runs a command confined, or raises `SandboxUnavailableError`; there is no third way."""

    def run(self, command: Command) -> Ran:
        """Run `command` and return how it ended; a signal N that ended it shows as 128 + N."""
        ...

    def walls(self) -> tuple[Wall, ...]:
        """Try each wall for real and say whether it stands."""
        ...
