"""What an attempt is, and the table of all of them.

Every module in this folder is run in three places: on the bare host, under a lax bubblewrap, and
in the sandbox.  So it needs the standard library alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Target = dict[str, Any]
"""What the host made for attempts to aim at: paths, ports, process numbers, and `mark`."""

Attempt = Callable[[Target], str]
"""Returns what it got hold of; empty, or an `OSError`, when it got nothing."""

NOTHING = ""


class Control(StrEnum):
    """Where an attempt is shown to succeed."""

    BARE = "bare"
    """As a plain process of the host."""
    LAX = "lax"
    """Under bubblewrap with every capability and next to no wall, so that the host stays whole."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way out.

    `root` says that even the control needs the machine's root.  `unless` says what a machine may
    lack; there the control is not counted.  `seen` means that the host looks for the effect
    afterwards, whatever the attempt says of itself.
    """

    make: Attempt
    control: Control
    root: bool
    unless: str
    seen: bool

    @property
    def name(self) -> str:
        """The attempt's name in test ids."""
        return self.make.__name__


CASES: dict[str, Case] = {}


def attempt(
    control: Control = Control.BARE, *, root: bool = False, unless: str = "", seen: bool = False
) -> Callable[[Attempt], Attempt]:
    """Enter a function into the table."""

    def enter(make: Attempt) -> Attempt:
        if make.__name__ in CASES:
            message = f"two attempts of one name: {make.__name__}"
            raise ValueError(message)
        CASES[make.__name__] = Case(make, control, root, unless, seen)
        return make

    return enter
