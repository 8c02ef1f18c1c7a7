"""Cover of secrets with known places, by kind, context and encoding, and look-alikes hidden.

A case is covered when every character of its secrets lies in what was found.  Values are fresh in
each run; `--seed N` makes the same again.  Bars: 97 % covered, 95 % in every encoding, at most 10 %
of the look-alikes touched.  Ends with 1 if one of them is missed.  `--cases 0` runs every
combination once; `--show N` prints failed cases, `--by kind` (or `context`, `family`) the lowest.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

_TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_TOP))

from bench.sealing import alike, corpus, measure  # noqa: E402 - the checkout's
from bench.sealing.code import CONTEXTS  # noqa: E402 - see above
from bench.sealing.scanners import OURS  # noqa: E402 - the checkout's

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.sealing.measure import Report
    from bench.sealing.model import Case

    Failed = tuple[Case, tuple[tuple[int, int], ...]]

OVERALL, EACH, ALIKE = 0.97, 0.95, 0.10
CASES = 26_000


def main() -> int:
    """Print the tables; 1 if a bar is missed."""
    arguments = _arguments()
    print(f"seed {arguments.seed}, {len(corpus.KINDS)} kinds, {len(CONTEXTS)} contexts,")
    print(f"{len(corpus.ENCODINGS)} encodings, {len(corpus.combinations())} combinations")
    rng = random.Random(arguments.seed)  # noqa: S311 - sample secrets
    scan = OURS[arguments.detector]()
    start = time.process_time()
    found = measure.secrets(corpus.cases(rng, arguments.cases, encoding=arguments.encoding), scan)
    same = measure.look_alikes(alike.cases(rng, arguments.cases or CASES), scan)
    print(f"{time.process_time() - start:.1f} CPU seconds with generation")
    _table("encoding", found)
    for what in arguments.by:
        _table(what, found, most=40)
    print(f"covered {found.total.share:.2%} of {found.total.seen}")
    plain = [row for row in found.generous if row[0].encoding == "plain"]
    print(f"plain cases with over two dozen bytes found beside the secret: {len(plain)}")
    _table("family", same)
    for what in arguments.by:
        _table(what, same, most=-25)
    print(f"look-alikes touched {same.total.share:.2%} of {same.total.seen}")
    for failed in (found.failed, same.failed, plain):
        _show(rng, failed, arguments.show)
    worst = min(score.share for _, score in found.rows("encoding"))
    return int(found.total.share < OVERALL or worst < EACH or same.total.share > ALIKE)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--detector", choices=sorted(OURS), default="finder")
    parser.add_argument("--encoding", default="", choices=corpus.ENCODINGS)
    parser.add_argument("--by", nargs="*", default=[])
    parser.add_argument("--show", type=int, default=0)
    return parser.parse_args()


def _table(what: str, report: Report, most: int = 0) -> None:
    rows = report.rows(what)
    rows = rows[-1 : most - 1 : -1] if most < 0 else rows[: most or None]
    for name, score in rows:
        print(f"  {what:<9} {name:<34} {score.seen:>6} {score.share:>8.1%}")


def _show(rng: random.Random, failed: Sequence[Failed], count: int) -> None:
    for case, spans in rng.sample(failed, min(count, len(failed))):
        print(f"## {case.kind} | {case.context} | {case.encoding} | {case.path}")
        print(measure.shown(case, spans)[:600])


if __name__ == "__main__":
    sys.exit(main())
