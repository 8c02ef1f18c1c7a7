"""The pipes of a child: its input and outputs moved side by side, within bounds."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CHUNK = 65536
_LOOK_S = 0.1
_NAMES = ("stdin", "stdout", "stderr")


class Pipes:
    """Three pipes: `theirs` are a child's stdin, stdout and stderr, `ours` the other ends."""

    def __init__(self) -> None:
        pairs: list[tuple[int, int]] = []
        try:
            pairs.extend(os.pipe() for _ in _NAMES)
        except OSError:
            _close(fd for pair in pairs for fd in pair)
            raise
        (their_in, our_in), (our_out, their_out), (our_err, their_err) = pairs
        self.theirs = [their_in, their_out, their_err]
        self.ours = [our_in, our_out, our_err]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_theirs()
        _close(self.ours)
        self.ours = []

    def close_theirs(self) -> None:
        """Close the child's ends here, so that its end of each pipe is the only one."""
        _close(self.theirs)
        self.theirs = []

    def close_stdin(self) -> None:
        """Say that no more input comes."""
        _close([self.ours.pop(0)])


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)


class Streams:
    """Feeds stdin and reads the outputs side by side, so that no full pipe can block the other."""

    def __init__(
        self, pipes: Pipes, end: int, stdin: bytes, max_output: int, report_fd: int | None
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._pipes, self._end = pipes, end
        self._to_send = memoryview(stdin)
        self._max_output = max_output
        self._outputs = (bytearray(), bytearray(), bytearray())
        sending, *reading = pipes.ours
        for source, buffer in zip((*reading, report_fd), self._outputs, strict=True):
            if source is not None:
                os.set_blocking(source, False)
                self._selector.register(source, selectors.EVENT_READ, buffer)
        os.set_blocking(sending, False)
        self._selector.register(sending, selectors.EVENT_WRITE)
        self._selector.register(end, selectors.EVENT_READ)

    @property
    def collected(self) -> tuple[bytes, bytes, bytes]:
        """What came over stdout, stderr and the report pipe."""
        out, err, report = self._outputs
        return bytes(out), bytes(err), bytes(report)

    def pump(self, deadline: float, excess: Callable[[], str]) -> str:
        """Move bytes until the child has ended, and say nothing, or why that was not waited for.

        The reasons are `deadline`, `output`, and `memory` when `excess` says something.  What is in
        the pipes at the end is read; a daemon that holds them open is not waited for.
        """
        look = time.monotonic() + _LOOK_S
        with self._selector:
            ended = False
            while True:
                now = time.monotonic()
                if now >= deadline:
                    return "deadline"
                if now >= look:
                    look = now + _LOOK_S
                    if excess():
                        return "memory"
                ready = self._selector.select(0 if ended else min(deadline, look) - now)
                if ended and not ready:
                    return ""
                for key, _ in ready:
                    if key.fd == self._end:
                        ended = True
                        self._selector.unregister(key.fd)
                    elif key.data is None:
                        self._feed(key.fd)
                    elif not self._read(key.fd, key.data):
                        return "output"

    def _feed(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                sent = os.write(fd, self._to_send[:_CHUNK]) if self._to_send else 0
            except BrokenPipeError:
                sent = len(self._to_send)
            self._to_send = self._to_send[sent:]
        if not self._to_send:
            self._selector.unregister(fd)
            self._pipes.close_stdin()

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
