"""How often the router is right on requests whose phrasing it has not seen, and how often it asks.

`test` has families of its own; `later` was written after the head was first fixed, and `later2`
after it was fitted again.  The head is made without any of them.  Bars: 95 % right of what is
answered where 85 % are, on `test`; 50 ms of CPU time for one request, median.  Ends with 1 if one
is missed.  `--show` prints the wrong answers.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.routing import measure
from bench.routing.rows import HERE, rows
from workflow.routing.head import WAYS, head
from workflow.types import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.routing.measure import Answer
    from bench.routing.rows import Row

COVERAGE, RIGHT, SECONDS = 0.85, 0.95, 0.050
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)


def main() -> int:
    """Print the tables; 1 if a bar is missed."""
    train = rows("train")
    print(f"fitted to {len(train)} requests of {_families(train)} families")
    missed = 0
    for name in ("test", "later", "later2"):
        if not (HERE / f"{name}.jsonl").is_file():
            continue
        held = rows(name)
        answers = [measure.answer(row) for row in held]
        shared = measure.shared_phrases(train, held)
        print(f"\n## {name}: {len(held)} requests of {_families(held)} families")
        print(f"runs of five words shared with the training rows: {len(shared)}")
        _table(answers)
        _curve(answers)
        _confusion(answers)
        if name == "test":
            missed = measure.at_coverage(answers, COVERAGE)[2] < RIGHT
            missed |= statistics.median(each.cpu_s for each in answers) > SECONDS
        if "--show" in sys.argv:
            _wrong(answers)
    return int(missed)


def _families(held: Sequence[Row]) -> int:
    return len({row.family for row in held})


def _table(answers: Sequence[Answer]) -> None:
    """The router beside what it replaces."""
    covered, right = measure.as_shipped(answers)
    drafting = [each for each in answers if each.row.label is not Way.ASK]
    words = sum(measure.keywords(each.row) is each.row.label for each in answers) / len(answers)
    most, count = Counter(each.row.label for each in answers).most_common(1)[0]
    facts = sum(each.by_fact for each in answers)
    asked = [each for each in answers if each.row.label is Way.ASK]
    print("\n| who answers | answered | right of it |\n| --- | --- | --- |")
    print(f"| the router (threshold {head().threshold:.2f}) | {covered:.1%} | {right:.1%} |")
    print(f"| keywords | 100 % | {words:.1%} |")
    print(f"| always `{most}` | 100 % | {count / len(answers):.1%} |")
    print(f"\n{facts} of {len(answers)} are decided by facts alone;", end=" ")
    kept = sum(each.way is Way.ASK for each in asked)
    print(f"{kept} of {len(asked)} without an answer are asked about, {len(drafting)} have one")
    for name, taken in (
        ("CPU", [each.cpu_s for each in answers]),
        ("wall", [each.seconds for each in answers]),
    ):
        median, tail = statistics.median(taken) * 1000, sorted(taken)[len(taken) * 95 // 100] * 1000
        print(f"one request, {name} time: median {median:.1f} ms, 95 % below {tail:.1f} ms")


def _curve(answers: Sequence[Answer]) -> None:
    print("\n| answered | right of it | threshold |\n| --- | --- | --- |")
    for share in _SHARES:
        threshold, covered, right = measure.at_coverage(answers, share)
        print(f"| {covered:.1%} | {right:.1%} | {threshold:.2f} |")


def _confusion(answers: Sequence[Answer]) -> None:
    counts = Counter((each.row.label, each.way) for each in answers)
    print("\n| label | " + " | ".join(f"said {way}" for way in WAYS) + " |")
    print("| --- " * (len(WAYS) + 1) + "|")
    for label in WAYS:
        print(f"| {label} | " + " | ".join(str(counts[label, way]) for way in WAYS) + " |")


def _wrong(answers: Sequence[Answer]) -> None:
    for each in sorted(answers, key=lambda a: -a.confidence):
        if each.likeliest is not each.row.label:
            by = "fact" if each.by_fact else f"{each.confidence:.2f}"
            print(f"{each.row.label:>9} not {each.likeliest:<9} {by}  {each.row.text}")


if __name__ == "__main__":
    raise SystemExit(main())
