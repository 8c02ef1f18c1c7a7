"""The only place that starts a process: argument lists, a deadline, bounded output, no survivors.

`run` starts each command in a session of its own and kills that whole process group before it
returns, however it returns: normally, at the deadline, or on Ctrl-C.  Nothing of ours runs between
fork and exec, so that it may be called from any thread.  `supervise` does the same for a `Child`
that somebody else starts, as the sandbox's launcher does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias, TypeVar

from workflow.errors import WorkflowError
from workflow.streams import Pipes, Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024
_REAP_S = 5.0


T = TypeVar("T")


class ProgramNotFoundError(WorkflowError):
    """The program is not on this machine, or cannot be started."""


class Child(Protocol):
    """A process that was started, with all that it starts itself."""

    @property
    def end(self) -> int:
        """A descriptor that can be read from once it has ended."""
        ...

    def kill(self) -> None:
        """End it and all that is left of it; one that is gone already is fine."""
        ...

    def reap(self) -> int:
        """Wait for the end, which must be near, and return the status; `-N` for signal N."""
        ...

    def excess(self) -> str:
        """Say which bound it has passed that nobody else watches, or nothing."""
        ...


Start: TypeAlias = "Callable[[int, int, int], Child]"
"""Starts a child with these descriptors as its stdin, stdout and stderr; they stay the caller's."""


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
    inherited = [*pass_fds, *([] if report_pipe is None else report_pipe[1:])]

    def start(*streams: int) -> Child:
        return _Group(_popen(argv, streams, inherited, env=env, cwd=cwd, executable=executable))

    return supervise(
        argv,
        start,
        stdin=stdin,
        timeout=timeout,
        max_output=max_output,
        report_pipe=report_pipe,
    )


def supervise(  # noqa: PLR0913 - as `run`
    argv: Sequence[str],
    start: Start,
    *,
    stdin: bytes = b"",
    timeout: float = DEFAULT_TIMEOUT_S,
    max_output: int = DEFAULT_MAX_OUTPUT,
    report_pipe: tuple[int, int] | None = None,
) -> Ran:
    """Run the child that `start` starts, within the same bounds as `run`, and say how it ended.

    `argv` is what to say of it.  Raises what `start` raises.
    """
    started = time.monotonic()
    with Pipes() as pipes, _HeldInterrupt() as held:
        try:
            child = start(*pipes.theirs)
        finally:
            if report_pipe is not None:
                os.close(report_pipe[1])
        try:
            _LIVE.add(child)
            held.release()
            pipes.close_theirs()
            streams = Streams(pipes, child.end, stdin, max_output, report_pipe and report_pipe[0])
            cut = streams.pump(started + timeout, child.excess)
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
        out_of_memory=cut == "memory",
        report=report,
    )


def resident(argv: Sequence[str], descriptor: int) -> subprocess.Popen[bytes]:
    """Start a process of ours that stays, in a session of its own, with one descriptor and no more.

    It must end when that descriptor's other side closes; to see to that is the caller's.
    """
    return _popen(argv, (subprocess.DEVNULL,) * 3, [descriptor], env={})


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


def _popen(  # noqa: PLR0913 - what a process is started with
    argv: Sequence[str],
    streams: tuple[int, ...],
    inherited: Sequence[int],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    executable: str | None = None,
) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr = streams
    try:
        # NOTE: start_new_session gives a process group of its own, which is what gets killed.
        return subprocess.Popen(  # noqa: S603 - argv list, never a shell
            list(argv),
            executable=executable,
            cwd=cwd,
            env=dict(env),
            pass_fds=inherited,
            start_new_session=True,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
    except OSError as error:
        message = f"cannot start {executable or argv[0]!r}: {error.strerror}"
        raise ProgramNotFoundError(
            message, hint="run `workflow doctor` to see what this machine lacks"
        ) from error


def _end(child: Child) -> int:
    """Kill what is left of a child, reap it, and return its status."""
    # NOTE: it is killed before it is reaped: then its number may be another's.
    child.kill()
    _LIVE.discard(child)
    return child.reap()


class _Group:
    """A child of our own with its process group."""

    __slots__ = ("_process", "end")

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.end = os.pidfd_open(process.pid)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def reap(self) -> int:
        os.close(self.end)
        return self._process.wait(timeout=_REAP_S)

    def excess(self) -> str:
        return ""


class _Live:
    """The processes that are running now, in whatever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: set[Child] = set()
        self._is_ending = False

    def add(self, child: Child) -> None:
        """Count a child in; one that comes while all are ended is killed at once."""
        with self._lock:
            self._children.add(child)
            if self._is_ending:
                child.kill()

    def discard(self, child: Child) -> None:
        """Count a child out, before it is reaped."""
        with self._lock:
            self._children.discard(child)

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """Kill every child, and those that are started meanwhile."""
        with self._lock:
            self._is_ending = True
            for child in self._children:
                child.kill()
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
