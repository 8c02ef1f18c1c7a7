"""Remembers this process's vaults, so that its last words hold no value either.

An error's message or a traceback may quote what a file held.  Whoever prints one has it sealed here
first, by every vault that the process has made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Iterable


class Sealer(Protocol):
    """What knows values, and can take them out of text."""

    def scrub_text(self, text: str) -> str:
        """The text with placeholders for the values."""
        ...


_VAULTS: WeakSet[Sealer] = WeakSet()
WITHHELD = "(withheld: it could not be sealed)"


def watch(vault: Sealer) -> None:
    """Remember a vault for as long as it is in use."""
    _VAULTS.add(vault)


def sealed(text: str, vaults: Iterable[Sealer] = _VAULTS) -> str:
    """A text without the values of any vault, or `WITHHELD` when one cannot seal it."""
    try:
        for vault in tuple(vaults):
            text = vault.scrub_text(text)
    except Exception:  # noqa: BLE001 - the edge: what broke is what is being reported already
        return WITHHELD
    return text
