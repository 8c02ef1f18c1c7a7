"""What the pytest gate's evidence costs, beside running the tests of both trees.

Run from a checkout: `.venv/bin/python bench/pytest_evidence.py [SECONDS_OF_TESTS]`
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from workflow.gates import Case, Tree
from workflow.gates.pytest import PytestGate
from workflow.process import side_by_side
from workflow.sandbox import TREE, Command, Limits, Network, Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.sandbox.interpreter import interpreter
from workflow.types import (
    BlobId,
    ChangeKind,
    Digest,
    Entry,
    FileChange,
    RepoPath,
    TreeChange,
    TreeId,
)

ROUNDS = 3
FILES = 8
CONFIG = "[tool.pytest.ini_options]\ntestpaths = ['tests']\n"
APP = "def add(a, b):\n    return a + b if a else 1\n"
CURED = "def add(a, b):\n    return a + b\n"
TEST = """\
import time
from app import add

def test_add():
    time.sleep({pause})
    assert add(1, {n}) == {n} + 1

def test_zero():
    assert add(0, {n} - {n}) == 0
"""
NEW = "from app import add\n\ndef test_new():\n    assert add(0, 5) == 5\n"


def _digest(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _tree(root: Path, files: dict[str, str]) -> Tree:
    """Write a tree, and return it as a gate sees it."""
    contents = {RepoPath(name): text.encode() for name, text in files.items()}
    for name, data in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    entries = [Entry("100644", BlobId(_digest(data)), path) for path, data in contents.items()]
    tree = TreeId(_digest(repr(entries).encode()))
    return Tree(tree, Scratch(root, id=tree), entries, contents.__getitem__)


def _case(root: Path, base: dict[str, str], changes: dict[str, str], sandbox: Bubblewrap) -> Case:
    old, new = _tree(root / "base", base), _tree(root / "patched", {**base, **changes})
    rows = [
        FileChange(
            path=RepoPath(name),
            kind=ChangeKind.MODIFIED if name in base else ChangeKind.ADDED,
            old_mode="100644" if name in base else None,
            new_mode="100644",
            old=BlobId(_digest(base[name].encode())) if name in base else None,
            new=BlobId(_digest(text.encode())),
        )
        for name, text in changes.items()
    ]
    change = TreeChange(old.id, new.id, tuple(rows))
    return Case(change, old, new, sandbox, lambda data: Digest(f"sha256:{_digest(data) * 2:.64}"))


def _plain(case: Case) -> float:
    """Return the seconds of plain runs of both trees, side by side in the same sandbox."""
    python = interpreter(Path(sys.executable))
    calls = [
        partial(
            case.sandbox.run,
            Command(
                argv=(str(python.program), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                tree=tree.scratch,
                cwd=TREE,
                env={
                    "PATH": "/usr/bin:/bin",
                    "PYTHONPATH": TREE,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                },
                read_only=python.folders,
                limits=Limits(wall_s=120.0),
                network=Network.LOOPBACK,
            ),
        )
        for tree in (case.base, case.patched)
    ]
    started = time.monotonic()
    side_by_side(calls)
    return time.monotonic() - started


def main() -> None:
    """Print medians: plain runs of both trees, the gate, and how many runs that was."""
    wanted = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    texts = {f"tests/test_n{n}.py": TEST.format(pause=wanted / FILES, n=n) for n in range(FILES)}
    base = {"pyproject.toml": CONFIG, "app.py": APP, **texts}
    ways = {
        "breaks a test": {"app.py": "def add(a, b):\n    return a - b\n"},
        "sources only": {"app.py": CURED},
        "sources and a test": {"app.py": CURED, "tests/test_new.py": NEW},
    }
    sandbox = Bubblewrap()
    print(f"{FILES} test files of {wanted:.1f} s together; medians of {ROUNDS}, in seconds")
    for way, changes in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            case = _case(Path(folder), base, changes, sandbox)
            gate = PytestGate(timeout_s=120.0)
            plain, whole, runs = [], [], 0
            for _ in range(ROUNDS):
                plain.append(_plain(case))
                started = time.monotonic()
                verdict = gate.judge(case)
                whole.append(time.monotonic() - started)
                runs = len(verdict.evidence)
            before, after = median(plain), median(whole)
            print(
                f"  {way:<20} both trees plainly {before:6.2f}   gate {after:6.2f} "
                f"({after / before:.1f} times, {runs} runs): {verdict.outcome} {verdict.doubts}"
            )


if __name__ == "__main__":
    main()
