"""What a rule is: words for people, a good and a bad sample, and the check itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.policy.look import Look
    from workflow.redaction.interface import Fault
    from workflow.types import RepoPath, Requirement, Role

Said: TypeAlias = "tuple[RepoPath, str] | Requirement"
"""An objection, as a file and a reason in one line; or who has to approve a file."""


@dataclass(frozen=True, slots=True)
class Special:
    """A file of a sample that is not an ordinary one: git's octal mode and its bytes."""

    mode: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """Two small trees, and who drafted the change; ordinary files are given by their bytes.

    `given` are the files that the drafter was shown, by default all of the base.  `spare_lines` of
    the changed ones are not needed, for the rule that judges excess.  `faults` are those that
    restoring found, and `secrets` the values that count as secrets here.
    """

    base: Mapping[str, bytes | Special]
    proposed: Mapping[str, bytes | Special]
    role: Role | None = None
    given: tuple[str, ...] | None = None
    spare_lines: int = 0
    faults: tuple[Fault, ...] = ()
    secrets: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason for which a change can be refused.

    `reason` is one line and `about` a paragraph for `docs/rules.md`.  Under the built-in policy the
    bad sample makes this rule object and no other, and the good one makes none.  A fixed rule has
    no level in a policy: it always refuses.
    """

    id: str
    reason: str
    about: str
    good: Sample
    bad: Sample
    check: Callable[[Look], Iterator[Said]]
    is_fixed: bool = False
