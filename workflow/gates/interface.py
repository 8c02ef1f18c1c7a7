"""What a gate is asked and what it answers."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.sandbox import Sandbox, Scratch
    from workflow.types import Entry, Keep, RepoPath, TreeChange, TreeId, Verdict


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as a gate sees it.

    `scratch` is how a sandbox shows it; nobody else may look there, for a symbolic link in it can
    point anywhere.  On the host, content is read by `read`, from git's objects, of regular files
    alone; `links` says where each symbolic link points to, in its own words.
    """

    id: TreeId
    scratch: Scratch
    entries: Sequence[Entry]
    read: Callable[[RepoPath], bytes]
    links: Mapping[RepoPath, str] = field(default_factory=dict)


def _unforeseen() -> Callable[[str], str]:
    """Return what makes tokens from a key of this process alone."""
    key = secrets.token_bytes(32)
    return lambda text: hmac.digest(key, text.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be judged: the change, both trees, and the means to run and to keep output.

    `token` makes a word that nobody outside this repository can foretell, the same one for the same
    text; it is made of lower-case hexadecimal digits.  `declared` are the ids of policy rules whose
    objection the requester says is intended.
    """

    change: TreeChange
    base: Tree
    patched: Tree
    sandbox: Sandbox
    keep: Keep
    token: Callable[[str], str] = field(default_factory=_unforeseen)
    declared: frozenset[str] = frozenset()


class Gate(Protocol):
    """One check that a proposal must pass on its patched tree, with the base beside it."""

    @property
    def name(self) -> str:
        """The gate's name in verdicts, forecasts and configuration."""
        ...

    def applies(self, case: Case) -> bool:
        """Whether this change is this gate's business."""
        ...

    def identity(self, case: Case) -> str:
        """What decides the verdict beside the two trees: settings, and tools with their versions.

        Empty where that cannot be told, so that no verdict is remembered.
        """
        ...

    def judge(self, case: Case) -> Verdict:
        """Judge the patched tree; `ERROR` with a hint when that is not possible."""
        ...
