"""Runs the pipeline's stages in this process, noting each one before it begins.

A durable engine replaces this class without a change to any stage: a stage is a plain function of
its arguments, and whatever it does to the repository can be done again.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.journal import Run

P = ParamSpec("P")
T = TypeVar("T")


class Observer(Protocol):
    """Hears how a command gets on."""

    def began(self, stage: str) -> None:
        """A stage begins."""
        ...

    def detail(self, text: str) -> None:
        """The present stage says what it is at."""
        ...

    def ended(self, stage: str, seconds: float) -> None:
        """A stage has ended well."""
        ...


@dataclass(frozen=True, slots=True)
class Inline:
    """The engine of one command: stages run one after the other, here and now."""

    run: Run
    observer: Observer

    def fresh_folder(self) -> Path:
        """A new empty folder, gone when the command ends."""
        return Path(tempfile.mkdtemp(dir=self.run.folder))

    def step(self, name: str, stage: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one stage; what it raises passes through."""
        self.run.note(name)
        self.observer.began(name)
        started = time.monotonic()
        result = stage(*args, **kwargs)
        self.observer.ended(name, time.monotonic() - started)
        return result

    def tell(self, detail: str) -> None:
        """Pass a detail on."""
        self.observer.detail(detail)
