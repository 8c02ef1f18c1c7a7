"""Hostile text takes no longer to compare than any other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from workflow.redaction.vault.restore import restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.redaction.vault.vault import Vault

    VaultOf = Callable[..., Vault]

VALUE = b"Tr0ub4dor-and-3"


@pytest.mark.parametrize("path", ["a.py", "a.yaml", "a.conf"])
@pytest.mark.parametrize(
    "text",
    [
        b"{\n" * 10_000 + VALUE,
        b"(" * 100_000 + VALUE,
        b'"' + b'\\"' * 50_000 + VALUE,
        b"'\"" * 50_000 + VALUE,
        b"x\n" * 10_000 + VALUE + b"\n" + b"y\n" * 10_000,
        b"".join(b"%d {\nk: %s\n}\n" % (number % 7, VALUE) for number in range(3_000)),
        b"".join(b" " * (number % 300) + b"x:\n" for number in range(10_000)) + VALUE,
    ],
    ids=["braces", "parentheses", "escapes", "quotes", "two-lines", "blocks", "steps"],
)
def test_hostile_text_takes_no_longer(vault_of: VaultOf, path: str, text: bytes) -> None:
    """Time grows with the size, whatever stands there."""
    vault = vault_of(VALUE)
    sealed = vault.seal(text, path)
    swapped = b"z\n" + sealed.data[len(sealed.data) // 2 :] + b"\n" + sealed.data[:1000]
    start = time.process_time()
    restore(vault, sealed, swapped, path)
    assert time.process_time() - start < 10
