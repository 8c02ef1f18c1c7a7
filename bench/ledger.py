"""A ledger of 100,000 rows: writing, verifying, and what that is beside.

Baselines: reading the same rows from the same file, and SHA-256 over the bytes that are hashed,
which no verifier can do without.  Bar: 5 s for 100,000 rows.  Memory is what a process has at its
peak beyond what it had before it verified.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.database import connect, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

ROWS = (1_000, 10_000, 100_000)
ROUNDS = 5
LOG = "sha256:" + "0" * 64
RUN = {"side": "patched", "command": "pytest -q", "exit_status": 0, "seconds": 1.25, "log": LOG}
FACT = {
    "gate": "pytest",
    "outcome": "pass",
    "summary": "94 passed on the patched tree (base: 92 passed)",
    "evidence": [RUN, {**RUN, "side": "base"}],
    "notes": ["a note of a tool, of the usual length"] * 3,
}


def main() -> None:
    """Print the table; with an argument, verify that store and print seconds and peak memory."""
    if len(sys.argv) > 1:
        _alone(Path(sys.argv[1]))
        return
    print(f"{'rows':>8} {'MB':>7} {'written s':>10} {'read s':>8} {'sha256 s':>9}", end="")
    print(f" {'verify s':>9} {'beside read':>12} {'us a row':>9} {'memory MB':>10}")
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as name:
            _row(rows, Path(name) / "workflow")


def _row(rows: int, folder: Path) -> None:
    with closing(connect(folder)) as connection:
        started = time.process_time()
        with transaction(connection):
            for number in range(rows):
                ledger.append(connection, "verdict", {"proposal": number // 20, **FACT})
        written = time.process_time() - started
        read = _median(lambda: _read(connection))
        bytes_ = list(_hashed(connection))
        hashed = _median(lambda: [hashlib.sha256(one).digest() for one in bytes_])
        size = sum(map(len, bytes_)) / 1e6
    runs = [_apart(folder) for _ in range(ROUNDS)]
    took = statistics.median(seconds for seconds, _ in runs)
    memory = statistics.median(peak for _, peak in runs)
    print(f"{rows:>8,} {size:>7.1f} {written:>10.2f} {read:>8.3f} {hashed:>9.3f}", end="")
    print(f" {took:>9.3f} {took / read:>12.1f} {took / rows * 1e6:>9.1f} {memory:>10.1f}")


def _read(connection: sqlite3.Connection) -> None:
    for _ in connection.execute("SELECT seq, at, event, body, previous, hash FROM ledger"):
        pass


def _hashed(connection: sqlite3.Connection) -> list[bytes]:
    keys = ("seq", "at", "event", "body", "previous")
    return [
        json.dumps({key: row[key] for key in keys}, ensure_ascii=False).encode()
        for row in connection.execute("SELECT * FROM ledger ORDER BY seq")
    ]


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return statistics.median(took)


def _apart(folder: Path) -> tuple[float, float]:
    """CPU seconds and MB of a verification in a process of its own."""
    top = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": top},
    )
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def _alone(folder: Path) -> None:
    with closing(connect(folder)) as connection:
        ledger.head(connection)
        before = _peak()
        started = time.process_time()
        _, breaks = ledger.verify(connection)
        took = time.process_time() - started
        if breaks:
            sys.exit(str(breaks[0]))
        peak = _peak() - before
    print(took, peak / 1024)


def _peak() -> int:
    """KB that this program has had at most; `getrusage` would count the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
