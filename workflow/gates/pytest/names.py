"""Names of tests as a record keeps them: printable and bounded, and no two of them the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_NAMED = 20
"""How many names of tests stand in one tally."""
_MAX_PROOF = 200
_MAX_PROOFS = 200


def shown(name: str) -> str:
    """Return a test's name for a person: printable and bounded, and no other test's."""
    text = one_line(name, _MAX_PROOF)
    return text if text == name else f"{text} ({_hash(name)})"


def proofs(names: Sequence[str]) -> tuple[str, ...]:
    """Return what tests prove, in order; the surplus is counted, and its hash tells it apart."""
    ordered = sorted({f"pytest: {shown(name)}" for name in names})
    if len(ordered) <= _MAX_PROOFS:
        return tuple(ordered)
    rest = ordered[_MAX_PROOFS:]
    return (*ordered[:_MAX_PROOFS], f"pytest: and {len(rest)} more ({_hash(repr(rest))})")


def lines(names: Sequence[str]) -> bytes:
    """Names of tests, one a line, in order."""
    escaped = (name.replace("\n", "\\n") for name in sorted(set(names)))
    return "".join(f"{name}\n" for name in escaped).encode("utf-8", "backslashreplace")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
