"""A sandbox that runs no command twice, and no more of them at a time than there are cores.

What is remembered is in this process's memory alone: a tool's output may hold what must not be
stored.  Verdicts, which are sealed, are what is kept from one command of ours to the next.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from workflow.canonical import encode, sha256
from workflow.sandbox.interface import Network

if TYPE_CHECKING:
    from workflow.process import Ran
    from workflow.sandbox.interface import Command, Sandbox, Wall
    from workflow.types import Digest

_MOST_BYTES = 64 * 1024**2


class Remembering:
    """Runs through another sandbox what was not run before.

    A run is remembered when it came to an end of its own, in a tree with an id and without the
    host's network; a command's `attempt` makes it another one.  Safe to use from several threads.
    """

    def __init__(self, sandbox: Sandbox, slots: int = 0) -> None:
        self._sandbox = sandbox
        self._slots = threading.BoundedSemaphore(slots or os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._runs: OrderedDict[Digest, Ran] = OrderedDict()
        self._size = 0

    def run(self, command: Command) -> Ran:
        """Return how `command` ended, now or when it was run before."""
        tree = command.tree
        is_known = (tree is None or tree.id) and command.network is not Network.HOST
        if not is_known:
            return self._run(command)
        name = _name(command)
        with self._lock:
            ran = self._runs.get(name)
            if ran:
                self._runs.move_to_end(name)
                return ran
        ran = self._run(command)
        if ran.exit_status is not None:
            self._remember(name, ran)
        return ran

    def walls(self) -> tuple[Wall, ...]:
        """Try each wall of the sandbox behind this one."""
        return self._sandbox.walls()

    def _run(self, command: Command) -> Ran:
        with self._slots:
            return self._sandbox.run(command)

    def _remember(self, name: Digest, ran: Ran) -> None:
        with self._lock:
            if name in self._runs:
                return
            self._runs[name] = ran
            self._size += _size(ran)
            while self._size > _MOST_BYTES:
                _, oldest = self._runs.popitem(last=False)
                self._size -= _size(oldest)


def _size(ran: Ran) -> int:
    return len(ran.stdout) + len(ran.stderr) + len(ran.report)


def _name(command: Command) -> Digest:
    """Return what tells a command from every other one; host paths stay as they are for a while."""
    limits = command.limits
    return sha256(
        encode(
            {
                "argv": list(command.argv),
                "tree": command.tree.id if command.tree else None,
                "cwd": command.cwd,
                "env": sorted([key, value] for key, value in command.env.items()),
                "read_only": [str(path) for path in command.read_only],
                "files": [[path, sha256(data)] for path, data in command.files],
                "dirs": list(command.dirs),
                "links": [list(link) for link in command.links],
                "limits": [getattr(limits, name) for name in type(limits).__dataclass_fields__],
                "network": command.network.value,
                "stdin": sha256(command.stdin),
                "flags": [command.low_ports, command.as_root, command.report],
                "attempt": command.attempt,
            }
        )
    )
