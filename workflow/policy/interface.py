"""What a policy holds, and what a rule says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.types import Digest


@dataclass(frozen=True, slots=True)
class Policy:
    """The values that rules judge by, and the digest of the text that they came from."""

    max_files: int
    max_changed_lines: int
    protected: tuple[str, ...]
    source: str
    digest: Digest
