"""Bad units that are told, beside `systemd-analyze verify` alone, and good ones left alone.

Run from a checkout: `.venv/bin/python bench/systemd_units.py [FOLDER OF UNITS]...`
The table of bad units is the tests'; real units are this machine's and those of the unpacked
systemd (`python -m tests.debian_builds`).
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.debian_builds import SYSTEMD, found  # noqa: E402 - found from the checkout
from tests.unit.gates.cases import case  # noqa: E402 - as above
from tests.unit.gates.systemd.bad_units import (  # noqa: E402 - as above
    BAD,
    BASE,
    FINE,
    GOOD,
    UNITS,
)
from workflow.gates.systemd import SystemdGate, analyze  # noqa: E402 - as above
from workflow.gates.systemd.commands import starts  # noqa: E402 - as above
from workflow.gates.systemd.fault import Level  # noqa: E402 - as above
from workflow.gates.systemd.judged import Look  # noqa: E402 - as above
from workflow.gates.systemd.units import read  # noqa: E402 - as above
from workflow.sandbox.bubblewrap import Bubblewrap  # noqa: E402 - as above
from workflow.semantics.changes.units import unit_changes  # noqa: E402 - as above
from workflow.semantics.systemd import parse, unit_of  # noqa: E402 - as above
from workflow.types import Outcome, RepoPath, Verdict  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates import Case, Tree
    from workflow.gates.systemd.analyze import Tool

CHUNK = 20
SEED = 20261123
LIMIT_S = 30.0
MOST = 14
SHORT = 3
LINKS = ("After", "Wants", "Requires", "WantedBy")
NAMES = (*LINKS, "User", "Group", "EnvironmentFile", "WorkingDirectory", "ExecStart")
PROTECTS = ("NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "User")


@dataclass(frozen=True, slots=True)
class Plain:
    """What `verify` says by itself: its status, and the lines it writes."""

    status: int | None
    lines: frozenset[str]


def ready(made: Case, sandbox: Bubblewrap) -> Case:
    """Return the case with the real sandbox and with executable scripts."""

    def programs(tree: Tree) -> Tree:
        rows = (
            replace(one, mode="100755") if one.path.endswith(".sh") else one for one in tree.entries
        )
        return replace(tree, entries=tuple(rows))

    base, patched = programs(made.base), programs(made.patched)
    return replace(made, sandbox=sandbox, base=base, patched=patched)


def plain(tool: Tool, sandbox: Bubblewrap, tree: Tree, programs: frozenset[str]) -> Plain:
    """Run `verify` on a server that has every program and unit of the base."""
    units = read(tree)
    command = analyze.verify(tool, units, UNITS, frozenset({"postgresql.service"}), LIMIT_S)
    there = (path for path in programs if not path.startswith(("/bin/", "/usr/")))
    ran = sandbox.run(replace(command, links=tuple((path, "/bin/true") for path in there)))
    return Plain(ran.exit_status, frozenset(one.key for one in analyze.complaints(ran)))


def told(verdict: Verdict) -> bool:
    """Whether the gate refuses or doubts."""
    return verdict.outcome is Outcome.FAIL or bool(verdict.doubts)


def table(gate: SystemdGate, tool: Tool, sandbox: Bubblewrap) -> None:
    """Print how many bad and good edits each way speaks of."""
    made = ready(case(BASE, BASE), sandbox)
    units = read(made.base).units
    programs = frozenset(start.program for unit in units for start in starts(unit))
    was = plain(tool, sandbox, made.base, programs)
    print(f"the base by itself: status {was.status}, {len(was.lines)} lines")
    print("| edits | number | verify, status | verify, status or new lines | gate | median ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for title, edits in (("bad", BAD), ("neutral", GOOD), ("harmless", FINE)):
        counts = [0, 0, 0]
        spent = []
        for edit in edits:
            one = ready(case(BASE, edit.patched), sandbox)
            now = plain(tool, sandbox, one.patched, programs)
            started = time.perf_counter()
            verdict = gate.judge(one)
            spent.append(time.perf_counter() - started)
            is_status = now.status != was.status
            ways = (is_status, is_status or bool(now.lines - was.lines), told(verdict))
            counts = [count + int(way) for count, way in zip(counts, ways, strict=True)]
        row = " | ".join(map(str, counts))
        print(f"| {title} | {len(edits)} | {row} | {median(spent) * 1000:.0f} |")


def units_of(folder: Path) -> dict[str, str]:
    """Return the units below a folder by their paths in a tree."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {
        f"systemd/{path.relative_to(folder)}": path.read_text("utf-8", "replace")
        for path in paths
        if unit_of(RepoPath(str(path.relative_to(folder))))
    }


def neutral(text: str) -> str:
    """Return a unit with another layout."""
    lines = [
        f"{line}\n\n# laid out anew" if line.startswith("[") else line for line in text.split("\n")
    ]
    return "\n".join(lines)


def edits(text: str, chance: random.Random) -> Iterator[str]:
    """Yield real edits of a unit: a value changed, a setting removed, one added."""
    # A list of several dependencies is several things.
    rows = [one for one in parse(text).assignments if not one.joined and one.value.count(" ") == 0]
    rows = [one for one in rows if one.value]
    if not rows:
        return
    lines = text.split("\n")
    place = chance.choice(rows).line - 1
    key = lines[place].partition("=")[0]
    if sum(line.startswith(f"{key}=") for line in lines) == 1:
        yield "\n".join([*lines[:place], f"{key}=changed", *lines[place + 1 :]])
        yield "\n".join([*lines[:place], *lines[place + 1 :]])
    yield text.rstrip("\n") + "\n[X-New]\nA=1\n"


def real(gate: SystemdGate, sandbox: Bubblewrap, folders: list[Path]) -> None:
    """Print what becomes of real units that are laid out anew, and of single edits."""
    chance = random.Random(SEED)  # noqa: S311 - the same edits at each run
    number = refused = doubted = changed = kept = once = 0
    for folder in folders:
        units = units_of(folder)
        rows = sorted(units.items())
        for start in range(0, len(rows), CHUNK):
            base = dict(rows[start : start + CHUNK])
            patched = {path: neutral(text) for path, text in base.items()}
            verdict = gate.judge(ready(case(base, patched), sandbox))
            number += len(base)
            refused += verdict.outcome is not Outcome.PASS
            doubted += bool(verdict.doubts)
            kept += sum(unit_changes(text, neutral(text)) == [] for text in base.values())
        for text in units.values():
            for edit in edits(text, chance):
                changed += 1
                once += len(unit_changes(text, edit)) == 1
    print(f"{number} real units laid out anew: {refused} refusals, {doubted} doubts")
    print(f"  {kept} without any change of meaning, as it should be")
    print(f"{changed} single edits of real units: {once} told as one change")


def mistyped(word: str, chance: random.Random) -> str:
    """Return a word with a letter less, more, or other than its own; the first one stays."""
    place = chance.randrange(1, len(word))
    other = "q" if word[place] != "q" else "w"
    letters = ("", other, chance.choice("aeioxz") + word[place])
    return word[:place] + chance.choice(letters) + word[place + 1 :]


def mutants(text: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield mistyped keys, sections and names of a unit, and units without a protection."""
    unit, lines = parse(text), text.split("\n")

    def line(number: int, *new: str) -> str:
        return "\n".join([*lines[: number - 1], *new, *lines[number:]])

    for number, name in unit.headers:
        yield "section", line(number, f"[{mistyped(name, chance)}]")
    for one in unit.assignments:
        if one.joined or not one.value:
            continue
        yield "key", line(one.line, f"{mistyped(one.key, chance)}={one.value}")
        first, _, rest = one.value.partition(" ")
        if one.key in PROTECTS:
            yield "protection removed", line(one.line)
        if (
            one.key in NAMES
            and len(first.rpartition(".")[0] or first) > SHORT
            and first[0] not in "-%"
        ):
            stem, dot, kind = first.rpartition(".") if one.key in LINKS else (first, "", "")
            new = f"{mistyped(stem, chance)}{dot}{kind}"
            yield one.key, line(one.line, f"{one.key}={new} {rest}".rstrip())


def fresh(folders: list[Path], seed: int) -> None:
    """Print how many mutants of real units our own rules refuse, the unmutated unit as the base."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes it repeatable
    made: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for folder in folders:
        for path, text in units_of(folder).items():
            every = list(mutants(text, chance))
            for kind, mutant in chance.sample(every, min(len(every), MOST)):
                faults, _ = Look(case({path: text}, {path: mutant})).faults()
                made[kind] += 1
                told[kind] += any(fault.level is Level.FAULT for fault in faults)
    print(f"mutants of real units, seed {seed}: {told.total()} of {made.total()} refused")
    for kind, count in sorted(made.items()):
        print(f"  {kind}: {told[kind]} of {count}")


def main() -> None:
    """Print the tables."""
    build = found(SYSTEMD)
    binary = str(build.folder) if build else analyze.SYSTEM
    tool = analyze.find(binary)
    if tool is None:
        sys.exit("no systemd-analyze: run `python -m tests.debian_builds`")
    gate, sandbox = SystemdGate(binary=binary), Bubblewrap()
    table(gate, tool, sandbox)
    folders = [Path(word) for word in sys.argv[1:]] or [Path("/usr/lib/systemd/system")]
    if build:
        folders.append(build.folder / "usr/lib/systemd/system")
    folders = [folder for folder in folders if folder.is_dir()]
    real(gate, sandbox, folders)
    fresh(folders, time.time_ns() % 1_000_000)


if __name__ == "__main__":
    main()
