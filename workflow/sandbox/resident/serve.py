"""The resident launcher: one small process beside each of ours that forks sandboxes.

A request comes over a Unix socket with descriptors: a connection, orders, and the lists of
processes of control groups.  The child that is forked for it gets into its namespaces and groups
and waits for its orders, which may come at once or when the next run is wanted; then it becomes the
run.  The connection is the run's life: the launcher says there that it has begun and how it ended,
and when the other side closes, the run is killed.  When our process is gone, all runs are ended,
and so does the launcher.
"""

from __future__ import annotations

import contextlib
import marshal
import mmap
import os
import select
import selectors
import signal
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from workflow.sandbox.resident import linux, stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

MOST_BYTES = 4096
"""The most that a message is long, without its descriptors."""

_UNUSED_S = 2.0
_UNUSED_STATUS = 98
_MOST_DESCRIPTORS = 16
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)


class Request(TypedDict):
    """What a sandbox is to be like before its orders are known.

    `owner` is the tree's, where the launcher is the machine's root and must leave it, else `None`.
    `groups` are the folders of its control groups: ours to remove, should nobody else.
    """

    own_network: bool
    owner: tuple[int, int] | None
    groups: list[str]


class _Run(NamedTuple):
    """A sandbox: its process, the connection to whom it is for, and its control groups."""

    pid: int
    end: int
    connection: int
    groups: tuple[str, ...]


def main(requests: int) -> None:
    """Serve until the other side closes."""
    os.dup2(requests, stage.REPORT, inheritable=False)
    os.close(requests)
    with socket.socket(fileno=stage.REPORT) as listening:
        _Launcher(listening).serve()


class _Launcher:
    """Starts runs, tells of their ends, and ends them."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._owner = os.geteuid(), os.getegid()
        # NOTE: this process dying closes the writing end, which its children see.
        self._life, self._living = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._namespaces: dict[tuple[int, int], int] = {}
        self._runs: set[_Run] = set()
        self._ended: list[str] = []

    def serve(self) -> None:
        """Serve until there is nobody to serve."""
        parent = os.pidfd_open(os.getppid())
        self._selector.register(self._requests, selectors.EVENT_READ, None)
        self._selector.register(parent, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select():
                run = key.data
                if run is not None:
                    self._attend(run, key.fd)
                elif key.fd == parent or not self._accept():
                    self._end_all()
                    return

    def _accept(self) -> bool:
        """Take one request; `False` when there will be no more."""
        said, found = _receive(self._requests)
        if not said:
            return False
        connection, orders, *groups = found
        try:
            request: Request = marshal.loads(said)  # noqa: S302 - from the process that started us
            self._begin(request, connection, orders, groups)
        except OSError as error:
            _say(connection, {"failed": f"{error.strerror}: {error.filename}"})
            os.close(connection)
        finally:
            for descriptor in (orders, *groups):
                os.close(descriptor)
        return True

    def _begin(self, request: Request, connection: int, orders: int, groups: list[int]) -> None:
        owner = request["owner"]
        namespace = None if owner is None else self._namespace(owner)
        flags = linux.CLONE_NEWNS | linux.CLONE_NEWPID
        flags |= linux.CLONE_NEWUSER if namespace is None else 0
        flags |= linux.CLONE_NEWNET if request["own_network"] else 0
        pid = linux.clone(flags)
        if pid == 0:
            self._become(orders, groups, namespace)
        run = _Run(pid, os.pidfd_open(pid), connection, tuple(request["groups"]))
        self._runs.add(run)
        self._selector.register(run.end, selectors.EVENT_READ, run)
        self._selector.register(run.connection, selectors.EVENT_READ, run)
        _say(run.connection, {"pid": pid})

    def _namespace(self, owner: tuple[int, int]) -> int:
        """Return the user namespace that maps `owner`, made once for all runs."""
        if owner not in self._namespaces:
            self._namespaces[owner] = stage.mapping(owner)
        return self._namespaces[owner]

    def _become(self, orders: int, groups: list[int], namespace: int | None) -> NoReturn:
        """Wait for the orders and carry them out; never come back to serve here."""
        status = -1
        try:
            os.close(self._living)
            for group in groups:
                os.write(group, b"0")
            for ignored in _IGNORED:  # Python's own choice; a program expects the system's.
                signal.signal(ignored, signal.SIG_DFL)
            *streams, written, status = self._orders(orders)
            for number, descriptor in enumerate(streams):
                os.dup2(descriptor, number)
                if namespace is not None:  # What a program opens by name must be its own.
                    os.fchown(descriptor, stage.NOBODY, stage.NOBODY)
            os.set_inheritable(status, True)
            with mmap.mmap(written, 0, prot=mmap.PROT_READ) as content:
                plan: stage.Plan = marshal.loads(content)  # noqa: S302 - as above
            plan["words"] += ["--json-status-fd", str(status)]
            stage.build(plan, owner=self._owner, namespace=namespace)
            stage.start(plan, self._life)
        except OSError as error:
            _tell(status, f"failed: {error.strerror}: {error.filename}")
        except ValueError as error:
            _tell(status, f"refused: {error}")
        finally:
            os._exit(1)

    def _orders(self, orders: int) -> list[int]:
        """Return the descriptors that the orders come with: streams, the plan, the status.

        The streams are three, and the report pipe if there is one.  Nobody waits here for long, so
        that what was prepared and not used keeps nothing of the host busy.
        """
        ready, _, _ = select.select([orders, self._life], [], [], _UNUSED_S)
        with socket.socket(fileno=os.dup(orders)) as given:
            said, found = _receive(given) if orders in ready else (b"", [])
            if not said:
                os._exit(_UNUSED_STATUS)
            given.send(said)
        return found

    def _attend(self, run: _Run, descriptor: int) -> None:
        """A run has ended, or whom it is for does not want it any more."""
        if run not in self._runs:
            return  # Both at once: it was the end already.
        if descriptor == run.end:
            _, status = os.waitpid(run.pid, 0)
            self._forget(run, was_used=os.waitstatus_to_exitcode(status) != _UNUSED_STATUS)
            _say(run.connection, {"status": os.waitstatus_to_exitcode(status)})
            os.close(run.connection)
            return
        with contextlib.suppress(ConnectionError):
            if os.read(run.connection, 1):
                return
        self._selector.unregister(run.connection)
        signal.pidfd_send_signal(run.end, signal.SIGKILL)

    def _forget(self, run: _Run, *, was_used: bool) -> None:
        self._runs.remove(run)
        self._selector.unregister(run.end)
        with contextlib.suppress(KeyError):
            self._selector.unregister(run.connection)
        os.close(run.end)
        if was_used:  # Then whom it was for still reads there why it ended.
            self._ended = [path for path in self._ended if os.path.isdir(path)]  # noqa: PTH112 - pathlib costs the start-up milliseconds
            self._ended += run.groups
        else:
            _remove(run.groups)

    def _end_all(self) -> None:
        for run in self._runs:
            signal.pidfd_send_signal(run.end, signal.SIGKILL)
        for run in self._runs:
            os.waitpid(run.pid, 0)
            _remove(run.groups)
        _remove(self._ended)


def _receive(source: socket.socket) -> tuple[bytes, list[int]]:
    """Return a message and its descriptors, none of which a started program gets.

    `socket.recv_fds` ignores its flags (CPython 3.11), so it would hand them all on.
    """
    room = socket.CMSG_SPACE(_MOST_DESCRIPTORS * struct.calcsize("i"))
    try:
        said, attached, _, _ = source.recvmsg(MOST_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    except ConnectionError:
        return b"", []
    found = [
        descriptor
        for level, kind, data in attached
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        for (descriptor,) in struct.iter_unpack("i", data)
    ]
    return said, found


def _remove(groups: Iterable[str]) -> None:
    for path in groups:
        with contextlib.suppress(OSError):
            os.rmdir(path)  # noqa: PTH106 - as above


def _say(connection: int, what: dict[str, int | str]) -> None:
    """Send one message, unless nobody listens any more."""
    with contextlib.suppress(OSError):
        os.write(connection, marshal.dumps(what))


def _tell(status: int, line: str) -> None:
    os.write(status, line.encode("utf-8", "backslashreplace"))
