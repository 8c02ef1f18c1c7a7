"""Asks the gate's parts about samples and mutants, and plain `nginx -t` beside them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.nginx import corpus as corpora
from bench.nginx import trees
from workflow.gates.nginx import effective, hermetic
from workflow.gates.nginx.source import Source
from workflow.sandbox import TREE, Command, Limits, Network
from workflow.semantics import nginx
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.nginx.corpus import Corpus, Sample
    from bench.nginx.model import Mutant
    from workflow.gates.nginx.binaries import Binary
    from workflow.semantics.nginx.change import Change
    from workflow.semantics.nginx.fault import Fault

_LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What `nginx -t` under frozen shims says: the outcome's name, and the summary."""

    outcome: str
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """What the static parts say of a change: real changes, new faults, and files not read."""

    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    unread: tuple[str, ...]
    seconds: float


def files(corpus: Corpus, sample: Sample, text: str) -> dict[str, bytes]:
    """The sample's tree with another text in its place."""
    return {**corpus.around(sample), corpora.place(sample): nginx.encode(text)}


def judged(
    bench: trees.Bench, path: str, base: Mapping[str, bytes], patched: Mapping[str, bytes]
) -> Judged:
    """Ask the real nginx about a change of one file."""
    begun = time.perf_counter()
    old, new = bench.pair(base, patched)
    options = hermetic.Options(timeout_s=_LIMIT_S)
    answer = hermetic.check(old, new, bench.sandbox, trees.keep, options, [RepoPath(path)])
    took = time.perf_counter() - begun
    if not answer.results:
        return Judged("NONE", str(answer.refusal or answer.removed), took)
    worst = max(answer.results, key=lambda one: one.outcome.name != "PASS")
    return Judged(worst.outcome.name, worst.summary, took)


def unfrozen(bench: trees.Bench, path: str, given: Mapping[str, bytes]) -> Judged:
    """Ask the same of one tree alone, with shims that are derived from itself."""
    begun = time.perf_counter()
    shown = trees.tree(bench.folder / "patched", given)
    options = hermetic.Options(timeout_s=_LIMIT_S)
    answer = hermetic.check(None, shown, bench.sandbox, trees.keep, options, [RepoPath(path)])
    took = time.perf_counter() - begun
    if not answer.results:
        return Judged("NONE", "", took)
    return Judged(answer.results[0].outcome.name, answer.results[0].summary, took)


def read(
    bench: trees.Bench, path: str, base: Mapping[str, bytes], patched: Mapping[str, bytes]
) -> Read:
    """Ask the semantic diff and the rules about a change of one file."""
    old, new = bench.pair(base, patched)
    begun = time.perf_counter()
    pairs = effective.pairs(Source(old), Source(new), [RepoPath(path)])
    changes = tuple(dict.fromkeys(one for pair in pairs for one in pair.changes()))
    faults = tuple(dict.fromkeys(one for pair in pairs for one in pair.faults()[0]))
    unread = tuple(str(one) for pair in pairs for one in pair.unread)
    return Read(changes, faults, unread, time.perf_counter() - begun)


def plain(bench: trees.Bench, binary: Binary, path: str, given: Mapping[str, bytes]) -> bool:
    """Whether `nginx -t` on the file as it is has no complaint, as one would try it by hand.

    It sees the accounts of this machine, all of them as the only id that there is inside, and
    empty, writable /var and /run; the tree's top is its own folder.
    """
    shown = trees.tree(bench.folder / "plain", given)
    names = [line.split(":")[0] for line in Path("/etc/passwd").read_text("utf-8").splitlines()]
    names += [line.split(":")[0] for line in Path("/etc/group").read_text("utf-8").splitlines()]
    accounts = {
        "/etc/passwd": "".join(f"{one}:x:0:0::/:/bin/sh\n" for one in dict.fromkeys(names)),
        "/etc/group": "".join(f"{one}:x:0:\n" for one in dict.fromkeys(names)),
    }
    words = ("-p", f"{TREE}/nginx/", "-c", f"{TREE}/{path}")
    command = Command(
        (*binary.argv, "-t", "-e", "stderr", *words),
        tree=shown.scratch,
        read_only=binary.shown,
        files=tuple((place, text.encode()) for place, text in accounts.items()),
        dirs=("/var", "/run", "/etc"),
        limits=Limits(wall_s=_LIMIT_S),
        network=Network.LOOPBACK,
        low_ports=True,
        as_root=True,
    )
    return bench.sandbox.run(command).is_ok


def cause(mutant: Mutant, found: Read) -> str:
    """How a silent fault was told: `right`, `other` (a finding, not its cause), or `missed`."""
    if not found.faults:
        return "missed"
    for fault in found.faults:
        words = f"{fault.cause} {fault.evidence} {fault.scope} {fault.fix}".lower()
        said = not mutant.about or any(one.lower() in words for one in mutant.about)
        if said and any(re.fullmatch(rule, fault.rule) for rule in mutant.rules):
            return "right"
    return "other"


def told(mutant: Mutant, found: Read) -> str:
    """How a real change was reported: `once`, `once, other words`, or how often."""
    if len(found.changes) != 1:
        return f"{len(found.changes)} times"
    change = found.changes[0]
    words = f"{change.text} {change.directive} {change.scope} {change.before} {change.after}"
    fits = all(one.lower() in words.lower() for one in mutant.about)
    return "once" if fits else "once, other words"
