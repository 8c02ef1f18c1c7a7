"""Seeded faults over real commits: our engine beside git, GNU patch and unidiff.

Usage: `python bench/patch_faults.py [CASES [SEED]]`.  A case is a real change of one file, written
down with one or two faults; what has to come of it is decided by counting lines, without the
engine.  `refused` is a refusal of what is proven; `unproven` is the commit's result where nothing
but a line number says so, and `WRONG` any other result.  Other tools get the draft as it is.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.patches.corpus import changes
from bench.patches.faults import KINDS, Case, cases
from bench.patches.model import Truth, seeded
from bench.patches.outcome import GIT_APPLY, PATCH, RECOUNT, UNIDIFF, Outcome, Result, ours, theirs

if TYPE_CHECKING:
    from collections.abc import Iterable

CASES = 1500
CHANGES = 400
OURS = "ours"
TOOLS = (OURS, GIT_APPLY, RECOUNT, PATCH, UNIDIFF)
_SHOWN = 20


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    seed = sys.argv[2] if len(sys.argv) > 2 else secrets.token_hex(4)  # noqa: PLR2004 - the second
    rng = seeded(seed)
    made = tuple(cases(rng, changes(rng, CHANGES), count))
    tallies: dict[str, dict[str, Counter[Outcome]]] = defaultdict(lambda: defaultdict(Counter))
    own: list[tuple[Case, Result]] = []
    with tempfile.TemporaryDirectory() as name:
        for case in made:
            result = ours(case)
            own.append((case, result))
            tallies[case.names[0]][OURS][result.outcome] += 1
            if case.is_unified:
                for tool in TOOLS[1:]:
                    outcome = theirs(case, tool, Path(name) / "scratch").outcome
                    tallies[case.names[0]][tool][outcome] += 1
    print(f"seed {seed}: {len(made)} cases of {len(KINDS)} kinds of faults\n")
    _table(tallies)
    _sums(own)


def _table(tallies: dict[str, dict[str, Counter[Outcome]]]) -> None:
    print("right / refused although proven / unproven / WRONG; unidiff only parses")
    print(f"{'fault':<38}" + "".join(f"{tool:>24}" for tool in TOOLS))
    total: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for kind in KINDS:
        counts = tallies[kind.name]
        print(f"{kind.name:<38}" + "".join(f"{_cell(counts[tool]):>24}" for tool in TOOLS))
        for tool in TOOLS:
            total[tool] += counts[tool]
    print(f"{'all':<38}" + "".join(f"{_cell(total[tool]):>24}" for tool in TOOLS))


def _cell(counts: Counter[Outcome]) -> str:
    if not counts:
        return "-"
    right = counts[Outcome.RIGHT] + counts[Outcome.ALLOWED]
    others = (counts[key] for key in (Outcome.REFUSED, Outcome.UNPROVEN, Outcome.WRONG))
    return " / ".join(map(str, (right, *others)))


def _sums(own: Iterable[tuple[Case, Result]]) -> None:
    results = tuple(own)
    proven = [result for case, result in results if case.truth is Truth.RIGHT]
    right = sum(result.outcome is Outcome.RIGHT for result in proven)
    wrong = sum(result.outcome.is_unsafe for _, result in results)
    took = sorted(result.seconds * 1000 for _, result in results)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"\nrecoverable: {right} of {len(proven)} right ({right / len(proven):.2%})")
    print(f"wrong or unproven: {wrong} of {len(results)}")
    print(f"read and place: p50 {statistics.median(took):.2f} ms, p95 {p95:.2f} ms (bar: 10)")
    missed = [
        (case.names, result.outcome.value, result.said)
        for case, result in results
        if result.outcome is Outcome.REFUSED or result.outcome.is_unsafe
    ]
    for names, outcome, said in missed[:_SHOWN]:
        print(f"  {outcome}: {' + '.join(names)}: {said}")


if __name__ == "__main__":
    main()
