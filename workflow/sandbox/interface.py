"""What a sandbox is asked and what it answers; nothing runs unconfined because one was missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.process import Ran

TREE = "/work"
"""Where the scratch tree appears inside, writable, its writes thrown away afterwards."""

REPORT_FD_VARIABLE = "WORKFLOW_REPORT_FD"
"""Names the descriptor of the report pipe inside, when a command asks for one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run: seconds of wall time, bytes of output, of memory and of one file."""

    wall_s: float = 60.0
    output: int = 8 * 1024 * 1024
    memory: int = 2 * 1024**3
    file_size: int = 256 * 1024**2
    processes: int = 256
    open_files: int = 1024


@dataclass(frozen=True, slots=True)
class Command:
    """One program to run confined.

    `tree` is a folder of the host that appears at `TREE`, copy-on-write.  `read_only` are host
    paths that appear inside at the same place (an interpreter, a binary).  `files` are made for
    this run: path inside, content.  `dirs` are empty and writable.  `links` are symbolic links:
    path inside, target.  Paths inside must not lead through a symbolic link of the tree; that
    raises `ValueError`.  `low_ports` allows ports below 1024, and addresses that are not this
    machine's, in the sandbox's own network.  `as_root` shows the program uid 0, for tools that
    ask; it carries no privilege and no capability.  `report` gives the program a pipe of its own,
    whose descriptor number stands in the variable `REPORT_FD_VARIABLE` and whose bytes come back in
    `Ran.report`.
    """

    argv: tuple[str, ...]
    tree: Path | None = None
    cwd: str = TREE
    env: Mapping[str, str] = field(default_factory=dict)
    read_only: tuple[Path, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    dirs: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    limits: Limits = Limits()
    low_ports: bool = False
    as_root: bool = False
    report: bool = False


@dataclass(frozen=True, slots=True)
class Wall:
    """One protection, and whether it stands on this machine.

    `planned` marks one that this version does not build anywhere yet.
    """

    name: str
    stands: bool
    detail: str
    planned: bool = False


class Sandbox(Protocol):
    """Runs a command confined, or raises `SandboxUnavailableError`; there is no third way."""

    def run(self, command: Command) -> Ran:
        """Run `command` and return how it ended; a signal N that ended it shows as 128 + N."""
        ...

    def walls(self) -> tuple[Wall, ...]:
        """Try each wall for real and say whether it stands."""
        ...
