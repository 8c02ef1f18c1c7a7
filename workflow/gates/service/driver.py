"""Starts a service inside the sandbox, sends it requests, and reports the bytes that come back.

A process of its own beside the tested one, which is its child: what is reported is what came over
the socket.  It judges nothing and reads no answer but for the first status, so that a hostile one
has nothing to work on; the host does that.  Its memory and its descriptors are out of the child's
reach (`_withdraw`).  Runs on the project's interpreter, which may be older than ours, without its
packages: standard library only.  Its one argument names a JSON file, made by `exchange.command`.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import errno
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque

_PR_SET_DUMPABLE = 4
_CHUNK = 65536
_LOG_HEAD, _LOG_TAIL = 128 * 1024, 64 * 1024
_RETRY_S = 0.02
_END_S = 0.5
_GIVE_UP = 3
"""So many answers in a row that do not come in time: no other is waited for."""
_FINDS = "import importlib.util as u, sys; sys.exit(0 if u.find_spec('uvicorn') else 9)"
_MISSING = 9


def _withdraw() -> int:
    """Put this process out of reach of its child, and return the report's descriptor.

    The child is the same user.  A process that is not dumpable cannot be traced by it, nor its
    /proc/PID/fd and /proc/PID/mem be opened; `exec` makes the child itself an ordinary one again.
    """
    report = int(os.environ.pop("WORKFLOW_REPORT_FD"))
    os.set_inheritable(report, False)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        sys.exit("the probe cannot withdraw from the service's reach")
    return report


class _Log:
    """What the service prints: the first and the last of it, the rest is thrown away."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.is_open = True
        self._head = 0
        self._tail: deque[bytes] = deque()
        self._kept = self._lost = 0
        os.set_blocking(fd, False)

    @property
    def is_full(self) -> bool:
        """Whether something was thrown away already."""
        return self._lost > 0

    def drain(self) -> None:
        """Take one chunk of what is there."""
        try:
            chunk = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self.is_open = False
            return
        room = max(_LOG_HEAD - self._head, 0)
        self._head += len(chunk[:room])
        sys.stderr.buffer.write(chunk[:room])
        if chunk[room:]:
            self._tail.append(chunk[room:])
            self._kept += len(chunk[room:])
        while self._kept > _LOG_TAIL:
            gone = len(self._tail.popleft())
            self._kept -= gone
            self._lost += gone

    def end(self) -> None:
        """Write what was kept of the end."""
        if self._lost:
            sys.stderr.buffer.write(b"\n[... %d bytes left out ...]\n" % self._lost)
        for chunk in self._tail:
            sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()


class _Service:
    """The tested process, and the one way to wait: whatever is waited for, its log is drained."""

    def __init__(self, told: dict) -> None:  # type: ignore[type-arg]  # older Pythons run this
        read, write = os.pipe()
        self.log = _Log(read)
        self._port = told["port"]
        self._max_read, self._max_kept = told["max_read"], told["max_kept"]
        self.process = subprocess.Popen(  # noqa: S603 - words of ours, inside the sandbox
            told["argv"],
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            env={**os.environ, **told["env"]},
        )
        os.close(write)

    def wait(self, sock: socket.socket | None, *, sends: bool, until: float) -> tuple[bool, bool]:
        """Wait until the socket can be read or written; `(False, False)` at the time `until`."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return False, False
            number = -1 if sock is None else sock.fileno()
            reads = [fd for fd in (self.log.fd if self.log.is_open else -1, number) if fd >= 0]
            writes = [number] if sends and number >= 0 else []
            can_read, can_write, _ = select.select(reads, writes, [], min(left, 0.5))
            if self.log.fd in can_read:
                self.log.drain()
            if number in can_read or number in can_write:
                return number in can_read, number in can_write

    def pause(self) -> None:
        """Let a moment pass."""
        self.wait(None, sends=False, until=time.monotonic() + _RETRY_S)

    def ask(self, request: bytes, until: float) -> dict:  # type: ignore[type-arg]  # as above
        """Send bytes and return all that comes back, how it ended, and how long it took."""
        started = time.monotonic()
        taken, digest, size, end = bytearray(), hashlib.sha256(), 0, "deadline"
        left = memoryview(request)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            try:
                self._connect(sock, until)
                while True:
                    can_read, can_write = self.wait(sock, sends=bool(left), until=until)
                    if not can_read and not can_write:
                        break
                    if can_write:
                        left = _send(sock, left)
                    if can_read:
                        chunk = sock.recv(_CHUNK)
                        size += len(chunk)
                        digest.update(chunk)
                        taken += chunk[: self._max_kept - len(taken)]
                        if not chunk or size > self._max_read:
                            end = "limit" if chunk else "closed"
                            break
            except ConnectionRefusedError:
                end = "refused"
            except OSError:
                end = "reset"
        return {
            "end": end,
            "ms": int((time.monotonic() - started) * 1000),
            "size": size,
            "sha256": digest.hexdigest(),
            "raw": base64.b64encode(taken).decode(),
        }

    def _connect(self, sock: socket.socket, until: float) -> None:
        """Connect, or raise `OSError`; one that takes too long shows when it is written to."""
        sock.setblocking(False)
        status = sock.connect_ex(("127.0.0.1", self._port))
        if status == errno.EINPROGRESS:
            self.wait(sock, sends=True, until=until)
            status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if status:
            raise OSError(status, os.strerror(status))

    def ended(self, *, is_likely: bool) -> int | None:
        """Return the status of a process that has ended; where that is likely, wait a moment.

        Its sockets are closed before it has ended.
        """
        until = time.monotonic() + _END_S
        while is_likely and self.process.poll() is None and time.monotonic() < until:
            self.pause()
        return self.process.poll()

    def stop(self) -> None:
        """End the tested process; the sandbox ends whatever it has left behind."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        # A daemon may hold the log open, so it is not read to its end.
        while self.log.is_open and select.select([self.log.fd], [], [], 0)[0]:
            self.log.drain()
            if self.log.is_full:
                break
        self.log.end()


def _send(sock: socket.socket, left: memoryview) -> memoryview:
    """Send some; a service may answer and close before it has read everything."""
    try:
        return left[sock.send(left[:_CHUNK]) :]
    except BlockingIOError:
        return left
    except (BrokenPipeError, ConnectionResetError):
        return left[:0]


class _Probe:
    """Waits for the service, then sends every request, in order, as often as it is told."""

    def __init__(self, told: dict, report: int) -> None:  # type: ignore[type-arg]  # as above
        self._told = told
        self._report = report
        self._until = time.monotonic() + told["timeout_s"]
        self._service = _Service(told)

    def run(self) -> None:
        """Probe, and say at the end that this is all."""
        if self._start():
            self._ask_all()
        ended = self._service.ended(is_likely=False)
        self._service.stop()
        self._say({"done": True, "ended": ended})

    def _say(self, said: dict) -> None:  # type: ignore[type-arg]  # as above
        data = json.dumps(said).encode() + b"\n"
        while data:
            data = data[os.write(self._report, data) :]

    def _start(self) -> bool:
        """Wait until the service is up; say how long that took, or why it is not."""
        started = time.monotonic()
        until = min(started + self._told["start_s"], self._until)
        request = base64.b64decode(self._told["health"])
        last = {}
        while time.monotonic() < until:
            status = self._service.process.poll()
            if status is not None:
                self._say({"stopped": status, "missing": self._is_missing()})
                return False
            wait = min(until, time.monotonic() + self._told["request_s"])
            answer = self._service.ask(request, wait)
            if answer["end"] != "refused":
                last = answer
            if self._is_up(answer):
                self._say({"started_ms": int((time.monotonic() - started) * 1000)})
                return True
            self._service.pause()
        self._say({"not_up": last})
        return False

    def _is_up(self, answer: dict) -> bool:  # type: ignore[type-arg]  # as above
        start = base64.b64decode(answer["raw"][:32])
        is_http = start[:7] == b"HTTP/1." and start[8:9] == b" " and start[9:12].isdigit()
        return is_http and (start[9:10] == b"2" or not self._told["is_strict"])

    def _is_missing(self) -> bool:
        """Whether the interpreter has no uvicorn: asked of a clean one, not of the service."""
        argv = [self._told["argv"][0], "-I", "-c", _FINDS]
        try:
            return subprocess.call(argv, cwd="/", timeout=10) == _MISSING  # noqa: S603 - as above
        except (OSError, subprocess.SubprocessError):
            return False

    def _ask_all(self) -> None:
        late = 0
        for turn in range(self._told["turns"]):
            for number, request in enumerate(self._told["requests"]):
                now = time.monotonic()
                if now >= self._until or late >= _GIVE_UP:
                    return
                wait = min(self._until, now + self._told["request_s"])
                answer = self._service.ask(_bytes_of(request), wait)
                late = late + 1 if answer["end"] == "deadline" else 0
                ended = self._service.ended(is_likely=answer["size"] == 0)
                self._say({"turn": turn, "request": number, "ended": ended, **answer})
                if ended is not None:
                    return


def _bytes_of(request: dict) -> bytes:  # type: ignore[type-arg]  # as above
    """Return the bytes of a request; padding is spaces, so that no megabytes have to be told."""
    head, body, tail = (base64.b64decode(request[key]) for key in ("head", "body", "tail"))
    return b"".join((head, body, b" " * request["pad"], tail))


def main() -> None:
    """Probe the service that the file says."""
    report = _withdraw()
    # NOTE: a service that sends these to its whole group must not end its own probe.  A handler and
    # not SIG_IGN, which the service would inherit.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs start-up time
        told = json.load(file)
    _Probe(told, report).run()


if __name__ == "__main__":
    main()
