"""Keeps Ctrl-C and the like from cutting in where something would be left half done."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int"


class HeldSignals:
    """Lets Ctrl-C and the like wait, but for moments in which nothing is half done.

    By handlers and not by a mask, which is one thread's: the system gives a signal to any other.
    """

    # Ctrl-C last: once it is let in again, it may end whatever comes after it.
    _HELD = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

    def __init__(self) -> None:
        self._came: list[int] = []
        self._before: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        for held in reversed(self._HELD):
            self._before[held] = signal.signal(held, self._note) or signal.SIG_DFL
        return self

    def __exit__(self, *_: object) -> None:
        for held in self._HELD:
            signal.signal(held, self._before[held])
        for number in self._came:
            signal.raise_signal(number)

    def let_in(self) -> None:
        """Take the signals that have come meanwhile."""
        while self._came:
            number = self._came.pop()
            try:
                signal.signal(number, self._before[number])
                signal.raise_signal(number)
            finally:
                signal.signal(number, self._note)

    def forget_interrupt(self) -> None:
        """Drop a Ctrl-C that came too late to stop anything."""
        self._came = [number for number in self._came if number != signal.SIGINT]

    def _note(self, number: int, _: FrameType | None) -> None:
        self._came.append(number)
