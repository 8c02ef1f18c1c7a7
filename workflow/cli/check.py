"""One thing that `workflow doctor` tries, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Callable

RESTORE = "restore .git/workflow from a backup: it is damaged, or somebody has edited it"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: whether it is well, what was seen, and how to mend it.

    A check that is `needed` and not well makes `doctor` fail; the others inform.  `parts` are what
    `detail` counts, for `--json`.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""
    needed: bool = True
    parts: tuple[str, ...] = ()


def attempt(name: str, look: Callable[[], str], mend: str, *, always: bool = False) -> Check:
    """A check that is well when looking raises nothing; `always` prefers `mend` to the hint."""
    try:
        return Check(name, ok=True, detail=look())
    except WorkflowError as error:
        return Check(name, ok=False, detail=error.message, mend=mend if always else error.hint)
