"""Reads a draft in any dialect into the edit model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.patch.interface import Reading


def read(data: bytes) -> Reading:
    """What a draft says.

    Raises `PatchError` with all that stands against it.
    """
    raise NotImplementedError(data)
