"""How long one call may take and how much may come for it; known without an HTTP library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long (`remaining`, in seconds from now) and how much (`most_bytes`, as received)."""

    remaining: Callable[[], float]
    most_bytes: int
