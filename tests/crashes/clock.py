"""A clock that jumps: what the standard library says the time is, shifted by some seconds.

It is put in place before anything of the package is imported, as a machine's own would be.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from datetime import tzinfo

_real_time = time.time
_Real = dt.datetime
_shift = {"seconds": 0}


class _Shifted(_Real):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + dt.timedelta(seconds=_shift["seconds"])


def _time() -> float:
    return _real_time() + _shift["seconds"]


def install() -> None:
    """Give every module that is imported from now on the clock that jumps."""
    setattr(dt, "datetime", _Shifted)  # noqa: B010 - mypy allows no assignment to a class
    time.time = _time


def jump(seconds: int) -> None:
    """Let the clock jump; a negative number is backwards."""
    _shift["seconds"] += seconds
