"""Puts what a draft says where it belongs: proven places only, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.patch.interface import Files, Operation, Placement


def place(operations: Sequence[Operation], files: Files) -> Placement:
    """The files that a draft gives; nothing is written.

    Raises `PatchError` with one refusal for each hunk or file that has no proven place.
    """
    raise NotImplementedError(operations, files)
