"""Hostile patches: how many take effect with us and with the tools that people apply patches with.

Ours is all of read, place, git's trees and the default policy, for a patch from anywhere; it counts
as refused by name when the refusal has the expected id.  The others run in scratch folders below a
temporary one; unidiff only parses, and lets through what it parses.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from bench.patches.hostile import HOSTILE
from bench.patches.outcome import COMMANDS, UNIDIFF
from bench.patches.trial import Court, takes_effect

if TYPE_CHECKING:
    from bench.patches.attack import Hostile


def main() -> None:
    """Print the table."""
    through = dict.fromkeys((*COMMANDS, UNIDIFF), 0)
    effective: list[str] = []
    unnamed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        court = Court.open(Path(name) / "court")
        for row in HOSTILE:
            for role, refused in zip(row.roles, court.tried(row), strict=True):
                if not refused.ids:
                    effective.append(f"{row.name} ({role or 'anybody'})")
                elif role is row.roles[0] and not refused.ids & row.expected:
                    unnamed.append(f"{row.name}: {', '.join(sorted(refused.ids))}")
            for tool in COMMANDS:
                through[tool] += takes_effect(row, tool, Path(name) / "scratch")
            through[UNIDIFF] += _is_parsed(row)
    print(f"{len(HOSTILE)} hostile patches\n{'tool':<24}{'let through':>12}")
    for tool, count in through.items():
        print(f"{tool:<24}{count:>12}")
    print(f"{'ours':<24}{len(effective):>12}")
    print(f"refused under another name than expected: {len(unnamed)}")
    for line in (*effective, *unnamed):
        print(f"  {line}")


def _is_parsed(row: Hostile) -> bool:
    text = row.draft.decode("utf-8", "surrogateescape")
    try:
        return bool(PatchSet(io.StringIO(text, newline="\n")))
    except UnidiffParseError:
        return False


if __name__ == "__main__":
    main()
