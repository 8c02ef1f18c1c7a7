"""What the pipeline is given: what its stages work with, and the engine that runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from workflow.gates import Gate
    from workflow.git_store import GitStore
    from workflow.journal import Journal
    from workflow.policy import Policy
    from workflow.probes import Probe
    from workflow.prompts import Recipe
    from workflow.providers import Provider
    from workflow.redaction import Span, Vault
    from workflow.sandbox import Sandbox
    from workflow.store import Store
    from workflow.targets import Site
    from workflow.types import Role, Snapshot

P = ParamSpec("P")
T = TypeVar("T")


class Engine(Protocol):
    """Runs stages one after the other, each to its end or not at all."""

    def step(self, name: str, stage: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one stage and return its result."""
        ...

    def tell(self, detail: str) -> None:
        """Say what the present stage is at."""
        ...

    def fresh_folder(self) -> Path:
        """A new empty folder for a stage, gone when the command ends."""
        ...


@dataclass(frozen=True, slots=True)
class Live:
    """The live machine beside the repository: its targets, its probes, and what seals their words.

    All of it is as the base's settings say.
    """

    site: Site
    probes: tuple[Probe, ...]
    vault: Vault


class Records(Protocol):
    """What is written down of a repository."""

    @property
    def git(self) -> GitStore:
        """The repository."""
        ...

    @property
    def store(self) -> Store:
        """Its proposals."""
        ...

    @property
    def journal(self) -> Journal:
        """Its landings."""
        ...


class Grounds(Records, Protocol):
    """What a rollback needs, and no more: no policy or gate can stand in its way."""

    @property
    def live(self) -> Live:
        """What follows a landing, and what proves it."""
        ...


@dataclass(frozen=True, slots=True)
class Undoing:
    """What a rollback works with."""

    git: GitStore
    store: Store
    journal: Journal
    live: Live


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that stages work with; `wiring.py` builds it.

    The settings and the policy are those of `base`, which is what is changed.  `vault` holds in
    memory what must not leave, and `secrets` finds those that a draft brings in.  `recipe` gives
    the one of a name, and `room` is how many tokens a role's brief may have.  `shrink_s` is how
    long the search for spare parts may run gates, in seconds of wall time.
    """

    base: Snapshot
    git: GitStore
    store: Store
    journal: Journal
    policy: Policy
    vault: Vault
    secrets: Callable[[bytes, str], Sequence[Span]]
    recipe: Callable[[str], Recipe]
    providers: Mapping[Role, Provider]
    room: Mapping[Role, int]
    gates: tuple[Gate, ...]
    sandbox: Sandbox
    shrink_s: float
    live: Live
