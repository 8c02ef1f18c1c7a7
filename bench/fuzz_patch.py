"""Fuzzes the patch engine: mutated drafts in every dialect, and inputs that grow.

Usage: `python bench/fuzz_patch.py [SECONDS [SEED]]`.  It must hold that nothing but `PatchError` is
raised, that the bytes between the hunks stay, that the diff of a result gives that result again or
is refused, and that time grows with size.  Exits 1 and prints the smallest input it can find when
something does not.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from functools import partial
from pathlib import Path

from bench.patches.corpus import changes
from bench.patches.faults import cases
from bench.patches.growth import FACTOR, FAMILIES, excess
from bench.patches.hostile import HOSTILE
from bench.patches.model import seeded
from bench.patches.mutate import Finding, checked, drafts, mutated, round_trip, smallest

SECONDS = 20.0
CASES = 800
CHANGES = 120
SIZE = 4_000
_LARGEST = 200_000
_BY_GIT = 10


def main() -> int:
    """Fuzz, print the sums, and return the exit status."""
    budget = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    seed = sys.argv[2] if len(sys.argv) > 2 else secrets.token_hex(4)  # noqa: PLR2004 - the second
    print(f"seed {seed}, {budget:.0f} s")
    grown = _grow()
    found = _fuzz(seed, budget)
    for what, finding in found.items():
        small = smallest(finding, partial(_is_still, what, finding))
        print(f"\n{what}\n  draft  {small!r:.1500}\n  path   {finding.path}")
        print(f"  before {finding.before!r:.600}")
    return 1 if grown or found else 0


def _grow() -> int:
    """Print every family of inputs whose time grows faster than its size."""
    count = 0
    for name, family in FAMILIES.items():
        small, large, is_excess = excess(family, SIZE)
        if is_excess:
            count += 1
            print(f"grows too fast: {name}: {small:.3f} s, {FACTOR} times as much: {large:.3f} s")
    print(f"{len(FAMILIES)} kinds of input that grow, {count} of them too fast")
    return count


def _fuzz(seed: str, budget: float) -> dict[str, Finding]:
    rng = seeded(seed)
    starts = drafts(tuple(cases(rng, changes(rng, CHANGES), CASES)))
    small = [row.draft for row in HOSTILE if len(row.draft) < _LARGEST]
    texts = (*(draft for draft, _, _ in starts), *small)
    found: dict[str, Finding] = {}
    counts: Counter[str] = Counter()
    until = time.monotonic() + budget
    while time.monotonic() < until:
        draft, before, path = rng.choice(starts)
        if not rng.randrange(4):
            draft = rng.choice(small)
        start = Finding("", mutated(rng, draft, texts)[:_LARGEST], before, path)
        what, after = _tried(start.draft, start)
        counts["inputs"] += 1
        counts["applied"] += after is not None
        if after is not None and not what and counts["applied"] % _BY_GIT == 0:
            counts["round trips by git"] += 1
            what = round_trip(_git_diff(before, after, path), before, after, path)
        if what:
            counts[what] += 1
            found.setdefault(what, start)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return found


def _git_diff(before: bytes, after: bytes, path: str) -> bytes:
    """Git's own diff of two texts."""
    with tempfile.TemporaryDirectory() as place:
        for side, data in (("a", before), ("b", after)):
            file = Path(place) / side / path
            file.parent.mkdir(parents=True)
            file.write_bytes(data)
        # Without prefixes, the folders' own names are the prefixes.
        command = ["git", "diff", "--no-index", "--histogram", "--text", "--no-prefix", "a", "b"]
        return subprocess.run(command, cwd=place, capture_output=True, check=False).stdout


def _is_still(what: str, finding: Finding, draft: bytes) -> bool:
    return _tried(draft, finding)[0] == what


def _tried(draft: bytes, start: Finding) -> tuple[str, bytes | None]:
    """What is wrong with a draft in a few words, nothing if all is well; and what comes of it."""
    try:
        what, after = checked(draft, start.before, start.path)
    except Exception as error:  # noqa: BLE001 - any error is what this looks for
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {last.name}, line {last.lineno}: {error!s:.80}", None
    return what.partition(":")[0], after


if __name__ == "__main__":
    sys.exit(main())
