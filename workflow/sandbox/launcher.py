"""Starts sandboxes through one resident process per process of ours: see `resident`.

Starting a Python for each run would cost ten times what the sandbox itself does, and this process,
which has threads and much memory, is not one to fork.
"""

from __future__ import annotations

import atexit
import contextlib
import marshal
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import process
from workflow.sandbox import cgroup, resident
from workflow.sandbox.memory import Watch
from workflow.sandbox.resident.serve import MOST_BYTES

if TYPE_CHECKING:
    from workflow.sandbox.interface import Limits
    from workflow.sandbox.resident.serve import Request

_PROGRAM = Path(resident.__file__).parent / "__main__.py"
_WAIT_S = 10.0


class LauncherError(Exception):
    """The launcher could not begin a run; its text says why."""


class _GoneError(Exception):
    """The launcher is not there any more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sandbox can be prepared for before it is known what runs in it.

    `owner` is the tree's, where this is the machine's root and the run must leave it.
    """

    limits: Limits
    own_network: bool
    owner: tuple[int, int] | None


class Launched:
    """A sandbox in the launcher's hands, at first prepared and then a run: a `process.Child`.

    `pid` is its first process, `group` its control group where one may be had.
    """

    __slots__ = ("_connection", "_orders", "_watch", "group", "kind", "pid")

    def __init__(self, kind: Kind, connection: socket.socket, orders: socket.socket) -> None:
        connection.settimeout(_WAIT_S)
        orders.settimeout(_WAIT_S)
        self.kind = kind
        self.group = cgroup.make(kind.limits)
        self.pid = 0
        self._connection = connection
        self._orders = orders
        self._watch: Watch | None = None

    @property
    def end(self) -> int:
        """The connection: it can be read from when the run has ended, or the launcher."""
        return self._connection.fileno()

    def begin(self, descriptors: tuple[int, ...]) -> None:
        """Give it its orders: the streams, a report pipe perhaps, the plan, the status.

        Raises `LauncherError` when it could not be prepared, and `_GoneError` when it is not there
        any more.
        """
        try:
            said = _received(self._connection)
            if "failed" in said:
                raise LauncherError(said["failed"])
            socket.send_fds(self._orders, [b"go"], descriptors)
            if not self._orders.recv(1):
                raise _GoneError
        except (OSError, KeyError) as error:
            raise _GoneError from error
        self.pid = int(said["pid"])
        if self.group is None:
            self._watch = Watch(self.pid, self.kind.limits.memory)

    def kill(self) -> None:
        """Have the launcher end it with all that it started."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def reap(self) -> int:
        """Wait for the end and return the status; that of a kill when the launcher is gone."""
        try:
            status = _received(self._connection).get("status")
        except OSError:
            status = None
        self._connection.close()
        self._orders.close()
        return status if isinstance(status, int) else -signal.SIGKILL

    def excess(self) -> str:
        """Say that it has passed its bound of memory, or nothing."""
        return self.group.reason() if self.group else self._watch() if self._watch else ""

    def close(self) -> None:
        """End what is left of it; call it when nothing more is asked of this."""
        self._connection.close()
        self._orders.close()
        # NOTE: not twice, for by then a descriptor's number may be another thread's.
        group, self.group = self.group, None
        if group is not None:
            group.close()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def leave(self) -> None:
        """Let go of it without ending it: it is another process's."""
        self._connection.close()
        self._orders.close()


def _begun(launched: Launched, descriptors: tuple[int, ...]) -> Launched:
    """Begin a run, or close it and raise what came of it."""
    with contextlib.ExitStack() as held:
        held.callback(launched.close)
        launched.begin(descriptors)
        held.pop_all()
    return launched


def _received(connection: socket.socket) -> dict[str, int | str]:
    said = connection.recv(MOST_BYTES)
    return marshal.loads(said) if said else {}  # noqa: S302 - from our own launcher


class Launcher:
    """The resident process of this one: started at the first run, and again when it is gone.

    One sandbox of the kind that ran last is kept prepared for a moment, which saves a third of the
    time.  Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._spare: Launched | None = None
        self._through: tuple[str, ...] = ()

    @property
    def pid(self) -> int | None:
        """The resident process, when there is one."""
        return None if self._process is None else self._process.pid

    def start(self, kind: Kind, descriptors: tuple[int, ...]) -> Launched:
        """Begin a run with the descriptors that `Launched.begin` takes; they stay the caller's.

        What is returned must be closed.  Raises `LauncherError` when the run cannot begin, and
        `process.ProgramNotFoundError` when the launcher cannot be started.
        """
        launched = self._first_of(kind, self._kept(None), descriptors)
        with contextlib.suppress(_GoneError, OSError):  # If not now, the next run will see to it.
            replaced = self._kept(self.prepared(kind))
            if replaced is not None:
                replaced.close()
        return launched

    def through(self, words: tuple[str, ...]) -> None:
        """Start the launcher behind these words from now on: what lends it a user namespace."""
        self.close()
        self._through = words

    def close(self) -> None:
        """End the launcher and with it all that it has started."""
        with self._lock:
            running, self._process = self._process, None
            requests, self._requests = self._requests, None
        spare = self._kept(None)
        if spare is not None:
            spare.close()
        if requests is not None:
            requests.close()
        if running is not None:
            try:
                running.wait(_WAIT_S)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()

    def forget(self) -> None:
        """Leave the launcher to the process that this one was forked from."""
        self._lock = threading.Lock()
        if self._spare is not None:
            self._spare.leave()
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.returncode = 0  # It is not our child: nobody here waits for it.
        self._process = self._requests = self._spare = None

    def _kept(self, spare: Launched | None) -> Launched | None:
        """Keep another prepared sandbox, or none, and return the one that was kept."""
        with self._lock:
            kept, self._spare = self._spare, spare
        return kept

    def _first_of(
        self, kind: Kind, spare: Launched | None, descriptors: tuple[int, ...]
    ) -> Launched:
        """Return the first that begins: what is prepared, a new one, one of a new launcher."""
        if spare is not None and spare.kind == kind:
            with contextlib.suppress(_GoneError):
                return _begun(spare, descriptors)
        elif spare is not None:
            spare.close()
        with contextlib.suppress(_GoneError):
            return _begun(self.prepared(kind), descriptors)
        self.close()
        try:
            return _begun(self.prepared(kind), descriptors)
        except _GoneError as error:
            message = "the launcher of sandboxes ends as soon as it has started"
            raise LauncherError(message) from error

    def prepared(self, kind: Kind) -> Launched:
        """Have a sandbox prepared; `_GoneError` when nobody is there to do it."""
        connection, connected = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        orders, ordered = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with connected, ordered:
            launched = Launched(kind, connection, orders)
            group = launched.group
            request: Request = {
                "own_network": kind.own_network,
                "owner": kind.owner,
                "groups": [str(folder) for folder in group.folders] if group else [],
            }
            passed = [connected.fileno(), ordered.fileno(), *(group.descriptors if group else ())]
            try:
                socket.send_fds(self._running(), [marshal.dumps(dict(request))], passed)
            except OSError as error:
                launched.close()
                raise _GoneError from error
        return launched

    def _running(self) -> socket.socket:
        """Return where to send requests to, of a launcher that has been started."""
        with self._lock:
            if self._requests is None:
                cgroup.sweep()
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    argv = [
                        *self._through,
                        sys.executable,
                        "-I",
                        "-S",
                        str(_PROGRAM),
                        str(theirs.fileno()),
                    ]
                    self._process = process.resident(argv, theirs.fileno())
                self._requests = ours
            return self._requests


LAUNCHER = Launcher()
"""The one of this process."""

atexit.register(LAUNCHER.close)
os.register_at_fork(after_in_child=LAUNCHER.forget)
