"""The only place that starts a process: argument lists, a deadline, bounded output, no survivors.

`run` starts each command in a session of its own and kills that whole process group before it
returns, however it returns: normally, at the deadline, or on Ctrl-C.  Nothing of ours runs between
fork and exec, so that it may be called from any thread.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from workflow.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024
_CHUNK = 65536
_REAP_S = 5.0
_LOOK_S = 0.05


T = TypeVar("T")


class ProgramNotFoundError(WorkflowError):
    """The program is not on this machine, or cannot be started."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended.

    `exit_status` is `None` when the deadline, the output bound or the memory bound killed it, and
    `-N` when signal N did.  `report` holds what came over the extra pipe, where one was asked for.
    """

    argv: tuple[str, ...]
    exit_status: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False
    truncated: bool = False
    out_of_memory: bool = False
    report: bytes = b""

    @property
    def is_ok(self) -> bool:
        """Whether it ended by itself with status 0 and nothing was cut off."""
        return self.exit_status == 0 and not self.truncated


def run(  # noqa: PLR0913 - the one door for processes: each keyword is a separate, documented limit
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    timeout: float = DEFAULT_TIMEOUT_S,
    max_output: int = DEFAULT_MAX_OUTPUT,
    pass_fds: Sequence[int] = (),
    report_pipe: tuple[int, int] | None = None,
    executable: str | None = None,
) -> Ran:
    """Run `argv` without a shell and return how it ended.

    `timeout` is in seconds of wall time; `max_output` bounds each of stdout, stderr and the report,
    in bytes, and a command that writes more is killed.  `pass_fds` stay open in the child.
    `report_pipe` is an `os.pipe()`: its write end goes to the child and is closed here at once, its
    read end is the caller's to close.  `executable` is the program, where `argv[0]` is a mere name.

    Raises `ProgramNotFoundError` when the program cannot be started.
    """
    started = time.monotonic()
    report_read, report_write = report_pipe or (None, None)
    inherited = [*pass_fds, *([] if report_write is None else [report_write])]
    with _HeldInterrupt() as held:
        try:
            child = _start(argv, executable, cwd, env, inherited)
        finally:
            if report_write is not None:
                os.close(report_write)
        try:
            _LIVE.add(child)
            held.release()
            streams = _Streams(child, stdin, max_output, report_read)
            cut = streams.pump(started + timeout)
        finally:
            status = _end(child)
    out, err, report = streams.collected
    return Ran(
        argv=tuple(argv),
        exit_status=None if cut else status,
        stdout=out,
        stderr=err,
        seconds=time.monotonic() - started,
        timed_out=cut == "deadline",
        truncated=cut == "output",
        report=report,
    )


def side_by_side(calls: Sequence[Callable[[], T]]) -> tuple[T, ...]:
    """Make calls that run processes at the same time, each in a thread of its own.

    Whatever one of them raises, or Ctrl-C, ends the processes of all before it is raised here.
    """
    with ThreadPoolExecutor(max_workers=len(calls) or 1) as pool:
        futures = [pool.submit(call) for call in calls]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            return tuple(future.result() for future in futures)
        except BaseException:
            # NOTE: leaving the pool waits for its threads, and those wait for their processes.
            with _LIVE.ending():
                wait(futures)
            raise


def _start(
    argv: Sequence[str],
    executable: str | None,
    cwd: Path | None,
    env: Mapping[str, str],
    inherited: Sequence[int],
) -> subprocess.Popen[bytes]:
    try:
        # NOTE: start_new_session gives a process group of its own, which is what gets killed.
        return subprocess.Popen(  # noqa: S603 - argv list, never a shell
            list(argv),
            executable=executable,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=inherited,
            start_new_session=True,
        )
    except OSError as error:
        message = f"cannot start {executable or argv[0]!r}: {error.strerror}"
        raise ProgramNotFoundError(
            message, hint="run `workflow doctor` to see what this machine lacks"
        ) from error


def _end(child: subprocess.Popen[bytes]) -> int:
    """Kill what is left of a child and its group, reap it, and return its status."""
    # NOTE: the group goes before the child is reaped: then its number may be another's.
    _kill_group(child)
    _LIVE.discard(child)
    status = child.wait(timeout=_REAP_S)
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    return status


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's group; a group that is already gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


class _Live:
    """The processes that are running now, in whatever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._is_ending = False

    def add(self, child: subprocess.Popen[bytes]) -> None:
        """Count a child in; one that comes while all are ended is killed at once."""
        with self._lock:
            self._children.add(child)
            if self._is_ending:
                _kill_group(child)

    def discard(self, child: subprocess.Popen[bytes]) -> None:
        """Count a child out, before it is reaped."""
        with self._lock:
            self._children.discard(child)

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """Kill every child, and those that are started meanwhile."""
        with self._lock:
            self._is_ending = True
            for child in self._children:
                _kill_group(child)
        try:
            yield
        finally:
            with self._lock:
                self._is_ending = False


_LIVE = _Live()


class _HeldInterrupt:
    """Holds Ctrl-C back while a child is started: between fork and `try` nobody would kill it.

    A signal that comes meanwhile is handled at `release`.  Only the main thread gets signals.
    """

    def __init__(self) -> None:
        self._handler: Callable[[int, FrameType | None], object] | int | None = None
        self._came = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Put the handler back, and call it for what came."""
        handler, self._handler = self._handler, None
        if callable(handler):
            signal.signal(signal.SIGINT, handler)
            if self._came:
                handler(signal.SIGINT, None)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._came = True


@contextlib.contextmanager
def _closing(fd: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(fd)


class _Streams:
    """Feeds stdin and reads the outputs side by side, so that no full pipe can block the other."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        stdin: bytes,
        max_output: int,
        report_fd: int | None,
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._end = os.pidfd_open(child.pid)
        self._selector.register(self._end, selectors.EVENT_READ)
        self._stdin = child.stdin
        self._to_send = memoryview(stdin)
        self._max_output = max_output
        self._outputs = (bytearray(), bytearray(), bytearray())
        for source, buffer in zip(
            (child.stdout, child.stderr, report_fd), self._outputs, strict=True
        ):
            if source is not None:
                os.set_blocking(source if isinstance(source, int) else source.fileno(), False)
                self._selector.register(source, selectors.EVENT_READ, buffer)
        if child.stdin:
            os.set_blocking(child.stdin.fileno(), False)
            self._selector.register(child.stdin, selectors.EVENT_WRITE)

    @property
    def collected(self) -> tuple[bytes, bytes, bytes]:
        """What came over stdout, stderr and the report pipe."""
        out, err, report = self._outputs
        return bytes(out), bytes(err), bytes(report)

    def pump(self, deadline: float) -> str:
        """Move bytes until the child has ended; say `deadline` or `output` if one stopped it.

        What is in the pipes by then is read; a daemon that holds them open is not waited for.
        """
        with self._selector, _closing(self._end):
            ended = False
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return "deadline"
                ready = self._selector.select(0 if ended else left)
                if ended and not ready:
                    return ""
                for key, _ in ready:
                    if key.fileobj == self._end:
                        ended = True
                        self._selector.unregister(self._end)
                    elif key.data is None:
                        self._feed()
                    elif not self._read(key.fd, key.data):
                        return "output"

    def _feed(self) -> None:
        if self._stdin is None:
            return
        with contextlib.suppress(BlockingIOError):
            try:
                sent = (
                    os.write(self._stdin.fileno(), self._to_send[:_CHUNK]) if self._to_send else 0
                )
            except BrokenPipeError:
                sent = len(self._to_send)
            self._to_send = self._to_send[sent:]
        if not self._to_send:
            self._selector.unregister(self._stdin)
            self._stdin.close()
            self._stdin = None

    def _read(self, fd: int, buffer: bytearray) -> bool:
        """Read one chunk; `False` when the bound is passed."""
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        if not chunk:
            self._selector.unregister(fd)
            return True
        room = self._max_output - len(buffer)
        buffer += chunk[:room]
        return len(chunk) <= room
