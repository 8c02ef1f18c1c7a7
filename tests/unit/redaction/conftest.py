"""What tests of sealing share: a finder that finds what it is told to, and vaults that use it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from workflow.redaction.interface import Kind, Span
from workflow.redaction.reading import read
from workflow.redaction.vault.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Scripted:
    """Finds given values, the longest first, wherever they stand."""

    values: tuple[tuple[bytes, Kind], ...]

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """Find them in the text that the bytes are."""
        assert isinstance(path, str)
        reading = read(data)
        kinds = dict(self.values)
        words = sorted(filter(None, kinds), key=len, reverse=True)
        pattern = re.compile(b"|".join(map(re.escape, words)) if words else rb"(?!)")
        return tuple(
            Span(*reading.span(*match.span()), kinds[match[0]], "scripted")
            for match in pattern.finditer(reading.text)
        )


@pytest.fixture(scope="session")
def vault_of() -> Callable[..., Vault]:
    """Return what makes a vault that finds the given values: bytes are tokens, or a kind's."""

    def make(*values: bytes | tuple[bytes, Kind], key: bytes = KEY) -> Vault:
        rows = (value if isinstance(value, tuple) else (value, Kind.TOKEN) for value in values)
        return Vault(key, Scripted(tuple(rows)))

    return make
