"""Real trees through the seal: lines touched, files that still parse, bytes that come back.

Each file is sealed and restored by itself with the built-in policy.  Bars: 0.1 % of the lines
touched in each tree, every Python, JSON, TOML, YAML and nginx file that parsed parses when sealed,
and seal then restore gives the same bytes.  The last tree is the corpus' own plain files, which are
full of secrets: there only the parsing and the restoring count.  Ends with 1 if a bar is missed.
`--show N` prints touched lines; do not paste them, as real trees may hold real secrets.
"""

from __future__ import annotations

import argparse
import random
import resource
import secrets
import sys
import sysconfig
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

_TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_TOP))

from bench.sealing import corpus, parsing  # noqa: E402 - the checkout's
from bench.sealing.scanners import default_finder  # noqa: E402 - see above
from workflow.redaction import Finder, UndecodableError, Vault, restore  # noqa: E402 - see above

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BAR = 0.001
_SHOWN_RULES = 8
_CASES = 13_000
Text = tuple[str, bytes]


@dataclass(slots=True)
class Tree:
    """What sealing a tree's files came to."""

    files: int = 0
    no_text: int = 0
    size: int = 0
    lines: int = 0
    touched: int = 0
    seconds: float = 0.0
    rules: Counter[str] = field(default_factory=Counter)
    parsed: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)


def main() -> int:
    """Print a block for each tree; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", default=[])
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    finder = default_finder()
    finder.find(b"warm = 1\n")
    rng = random.Random(arguments.seed)  # noqa: S311 - sample secrets and lines
    bad = 0
    for place in arguments.tree or _trees():
        tree = _sealed(_texts(place), finder)
        print(f"{place}:")
        _print(tree, rng, arguments.show)
        bad += bool(tree.touched > tree.lines * _BAR or tree.broken or tree.lost)
    if not arguments.tree:
        tree = _sealed(_cases(rng), finder)
        print(f"the corpus' plain files (seed {arguments.seed}):")
        _print(tree, rng, 0)
        bad += bool(tree.broken or tree.lost)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return int(bad > 0)


def _trees() -> Iterator[Path]:
    yield Path(sysconfig.get_path("stdlib"))
    yield Path(sysconfig.get_path("purelib"))
    yield Path("/etc")
    yield Path("/usr/share/doc")


def _texts(place: Path) -> Iterator[Text]:
    inside = Path(sysconfig.get_path("stdlib")) / "site-packages"
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.is_symlink() and inside not in path.parents:
            try:
                yield str(path.relative_to(place)), path.read_bytes()
            except PermissionError:
                continue


def _cases(rng: random.Random) -> Iterator[Text]:
    return ((case.path, case.data) for case in corpus.cases(rng, _CASES, encoding="plain"))


def _sealed(texts: Iterable[Text], finder: Finder) -> Tree:
    tree = Tree()
    key = secrets.token_bytes(32)
    for path, data in texts:
        vault = Vault(key, finder)
        start = time.process_time()
        try:
            sealed = vault.seal(data, path)
        except UndecodableError:
            tree.no_text += 1
            continue
        tree.seconds += time.process_time() - start
        tree.files += 1
        tree.size += len(data)
        tree.lines += data.count(b"\n") + 1
        if not sealed.marks:
            tree.lost += [path] if sealed.data != data else []
            continue
        tree.touched += len({mark.line for mark in sealed.marks})
        tree.rules.update(mark.span.rule for mark in sealed.marks)
        lines = data.split(b"\n")
        tree.samples += [
            f"{path}:{mark.line}: {mark.span.rule}: {lines[mark.line - 1][:120]!r}"
            for mark in sealed.marks[:3]
        ]
        restored = restore(vault, sealed, sealed.data, path)
        if restored.data != data or restored.faults:
            tree.lost.append(path)
        _parse(tree, path, data, sealed.data)
    return tree


def _parse(tree: Tree, path: str, data: bytes, sealed: bytes) -> None:
    """Only of files that sealing changed; the others are what they were."""
    syntax = parsing.syntax(path)
    if syntax and not parsing.fault(path, data):
        tree.parsed[syntax] += 1
        said = parsing.fault(path, sealed)
        tree.broken += [f"{path}: {said}"] if said else []


def _print(tree: Tree, rng: random.Random, show: int) -> None:
    share = tree.touched / max(1, tree.lines)
    speed = tree.size / 1e6 / max(tree.seconds, 1e-9)
    size = f"{tree.size / 1e6:.1f} MB, {speed:.0f} MB/s"
    print(f"  {tree.files} files ({tree.no_text} are no text), {size}")
    print(f"  {tree.touched} of {tree.lines} lines touched: {share:.3%}")
    for rule, count in tree.rules.most_common(_SHOWN_RULES):
        print(f"    {rule:<44} {count:>6}")
    parsed = ", ".join(f"{count} {name}" for name, count in sorted(tree.parsed.items()))
    print(f"  sealed files that parsed: {parsed or 'none'}; {len(tree.broken)} parse no more")
    for said in tree.broken[:10]:
        print(f"    {said}")
    print(f"  not restored: {len(tree.lost)} {tree.lost[:5]}")
    for sample in rng.sample(tree.samples, min(show, len(tree.samples))):
        print(f"    {sample}")


if __name__ == "__main__":
    sys.exit(main())
