"""The corpus of secrets and look-alikes through other scanners, beside ours: one table.

`--tools DIR…` are folders with the commands detect-secrets (and its python), kingfisher, gitleaks,
betterleaks, credsweeper; those that are not there are left out.  The kingfisher library that we
build on is always measured alone.  CPU time is with starting up.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

_TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_TOP))

from bench.sealing import alike, corpus, measure, rivals  # noqa: E402 - the checkout's
from bench.sealing.scanners import OURS  # noqa: E402 - see above

if TYPE_CHECKING:
    from bench.sealing.model import Case

CASES = 6_500
Row = tuple[str, measure.Report, measure.Report, float]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--tools", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)  # noqa: S311 - sample secrets
    secrets = list(corpus.cases(rng, arguments.cases))
    same = list(alike.cases(rng, arguments.cases))
    size = sum(len(case.data) for case in (*secrets, *same)) / 1e6
    print(f"seed {arguments.seed}, {len(secrets)} secrets, {len(same)} look-alikes, {size:.1f} MB")
    rows = [_ours(name, secrets, same) for name in ("finder", "structural", "vendor")]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "cases"
        names = [_written(place, number, case) for number, case in enumerate([*secrets, *same])]
        for rival in rivals.rivals(arguments.tools):
            report = Path(folder) / f"{rival.name}.json"
            rows.append(_theirs(rival, place, report, names, secrets, same))
    _table(rows)


def _ours(name: str, secrets: list[Case], same: list[Case]) -> Row:
    start = time.process_time()
    scan = OURS[name]()
    covered = measure.secrets(secrets, scan)
    touched = measure.look_alikes(same, scan)
    return name, covered, touched, time.process_time() - start


def _theirs(  # noqa: PLR0913, PLR0917 - what a run needs
    rival: rivals.Rival,
    place: Path,
    report: Path,
    names: list[str],
    secrets: list[Case],
    same: list[Case],
) -> Row:
    found, seconds = rivals.run(rival, place, report)
    spans = iter([found.get(name, []) for name in names])
    covered = measure.secrets(secrets, lambda _data, _path: next(spans))
    touched = measure.look_alikes(same, lambda _data, _path: next(spans))
    return rival.name, covered, touched, seconds


def _written(place: Path, number: int, case: Case) -> str:
    """The case as a file in a folder of its own, so that its name says what it is."""
    name = f"{number:06d}/{case.path}"
    target = place / name
    target.parent.mkdir(parents=True)
    target.write_bytes(case.data)
    return name


def _table(rows: list[Row]) -> None:
    print(f"| {'':<24} | " + " | ".join(f"{name}" for name, *_ in rows) + " |")
    for encoding in corpus.ENCODINGS:
        shares = [f"{covered.by['encoding', encoding].share:.1%}" for _, covered, _, _ in rows]
        print(f"| {encoding:<24} | " + " | ".join(shares) + " |")
    print(f"| {'all':<24} | " + " | ".join(f"{row[1].total.share:.1%}" for row in rows) + " |")
    print(
        f"| {'look-alikes':<24} | " + " | ".join(f"{row[2].total.share:.1%}" for row in rows) + " |"
    )
    print(f"| {'CPU s':<24} | " + " | ".join(f"{row[3]:.2f}" for row in rows) + " |")


if __name__ == "__main__":
    main()
