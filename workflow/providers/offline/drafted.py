"""What the offline architect hands over, before it is written in a dialect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.providers.new_files import NewFile
    from workflow.types import Forecast, Wanted


@dataclass(frozen=True, slots=True)
class OfflineDraft:
    """New files, what is expected of the gates, and what a reviewer should know.

    `wanted` are edits of existing files, which are the surgeon's.
    """

    files: tuple[NewFile, ...]
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]
    wanted: tuple[Wanted, ...] = ()
