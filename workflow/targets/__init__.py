"""Files that live outside git: installed after a landing, proven live, and brought back exactly."""

from workflow.targets.book import Book
from workflow.targets.by_hand import chosen, install, mark_restored, restore, status
from workflow.targets.installing import adopt
from workflow.targets.interface import (
    DriftError,
    FileStatus,
    Health,
    Install,
    InstallState,
    Site,
    StuckTargetError,
    Target,
    TargetError,
    TargetRefusedError,
    TargetStatus,
)
from workflow.targets.landed import follow, keep, require_ready, undo
from workflow.targets.plan import place_of, require_settled, targets_of
from workflow.targets.recovering import is_needed, recover

__all__ = [
    "Book",
    "DriftError",
    "FileStatus",
    "Health",
    "Install",
    "InstallState",
    "Site",
    "StuckTargetError",
    "Target",
    "TargetError",
    "TargetRefusedError",
    "TargetStatus",
    "adopt",
    "chosen",
    "follow",
    "install",
    "is_needed",
    "keep",
    "mark_restored",
    "place_of",
    "recover",
    "require_ready",
    "require_settled",
    "restore",
    "status",
    "targets_of",
    "undo",
]
