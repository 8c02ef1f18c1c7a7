"""NGINX evidence on real configurations and on mutants of them, beside other tools.

Usage: `python bench/nginx_evidence.py [--seed SEED] [--count N] [--corpus FOLDER] [--only PART]`.
`count` is how many mutants each operator makes.  The corpus is fetched when it is not there.
Failures are listed with what repeats them.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.nginx import corpus as corpora
from bench.nginx import measure, probing, rivals, trees
from bench.nginx.making import OPERATORS, mutants, seeded
from bench.nginx.model import Group
from bench.nginx.truth import Standing, standing
from workflow.gates.nginx import binaries
from workflow.semantics import nginx

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from bench.nginx.corpus import Corpus, Sample
    from bench.nginx.model import Mutant

_LINTERS = ("gixy", "gixy-ng", "gixy-next", "nginx-linter", "nginx-lens")
_SHOWN = 20
_PARTS = ("valid", *Group, "time")


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seed", default="")
    asked.add_argument("--count", type=int, default=8)
    asked.add_argument("--corpus", type=Path, default=corpora.FOLDER)
    asked.add_argument("--only", choices=[str(one) for one in _PARTS], action="append")
    words = asked.parse_args()
    corpus = corpora.load(words.corpus)
    if not corpus.samples:
        corpus = corpora.build(words.corpus)
    rng, seed = seeded(words.seed)
    parts = words.only or [str(one) for one in _PARTS]
    print(f"seed {seed}: {len(corpus.samples)} configurations, {words.count} mutants an operator")
    with trees.bench() as bench:
        run = _Run(bench, corpus, rng, words.count)
        if "valid" in parts:
            _valid(run)
        for group in (Group.MUST_FAIL, Group.TYPO):
            if group in parts:
                _refused(run, group)
        for group in (Group.SILENT, Group.LATER):
            if group in parts:
                _silent(run, group)
        for group in (Group.NEUTRAL, Group.REAL):
            if group in parts:
                _changed(run, group)
        if "time" in parts:
            _time(bench, rng)


@dataclass(frozen=True, slots=True)
class _Run:
    """What every part of a run shares; `passes` remembers which samples nginx accepts."""

    bench: trees.Bench
    corpus: Corpus
    rng: random.Random
    count: int
    passes: dict[str, bool] = field(default_factory=dict)

    def is_passing(self, sample: Sample) -> bool:
        """Whether a sample passes under shims of its own."""
        if sample.digest not in self.passes:
            files = self.corpus.around(sample)
            answer = measure.judged(self.bench, corpora.place(sample), files, files)
            self.passes[sample.digest] = answer.outcome == "PASS"
        return self.passes[sample.digest]

    def mutants(
        self, group: Group, name: str
    ) -> Iterator[tuple[Sample, Mutant, str, dict[str, bytes], dict[str, bytes]]]:
        """Mutants of samples that pass and are no templates, with the trees of both sides."""
        among = [one for one in self.corpus.samples if one.kind is not corpora.Kind.TEMPLATE]
        left = self.count
        for sample, mutant in mutants(self.rng, self.corpus, group, name, len(among), among):
            if not left:
                return
            if self.is_passing(sample):
                left -= 1
                base = measure.files(self.corpus, sample, mutant.base)
                patched = measure.files(self.corpus, sample, mutant.text)
                yield sample, mutant, corpora.place(sample), base, patched


def _percent(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


def _valid(run: _Run) -> None:
    """Every sample under shims of its own, and as it is."""
    binary = binaries.find(binaries.WHEEL)
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    failed: list[str] = []
    reasons: Counter[str] = Counter()
    for sample in run.corpus.samples:
        files, path = run.corpus.around(sample), corpora.place(sample)
        answer = measure.judged(run.bench, path, files, files)
        plain = binary is not None and measure.plain(run.bench, binary, path, files)
        text = nginx.decode(run.corpus.content(sample))
        own = Standing.VALID, ""
        run.passes[sample.digest] = answer.outcome == "PASS"
        if answer.outcome != "PASS":
            own = standing(answer.said, text)
            reasons[f"{own[0]}: {own[1]}"] += 1
            if own[0] is Standing.VALID:
                failed.append(f"{answer.outcome} {sample.name} {sample.digest}: {answer.said}")
        rows = ("all", "of linters' own tests" if sample.package in _LINTERS else "of others")
        for row in rows:
            tallies[row].update({own[0]: 1, "pass": answer.outcome == "PASS", "plain": plain})
    print(f"\n{'valid configurations':<26}{'pass':>24}{'plain `nginx -t`':>24}")
    for row, tally in tallies.items():
        valid = tally[Standing.VALID]
        cells = _percent(tally["pass"], valid), _percent(tally["plain"], valid)
        print(f"{row:<26}{cells[0]:>24}{cells[1]:>24}")
    for reason, count in reasons.most_common():
        print(f"  {count:>4}  {reason}")
    _listed(failed)


def _refused(run: _Run, group: Group) -> None:
    """Mutants that have to fail: ours, shims from the patched tree, plain, and a parser."""
    tallies: dict[str, Counter[str]] = {}
    missed: list[str] = []
    binary = binaries.find(binaries.WHEEL)
    for name in OPERATORS[group]:
        tally = tallies[name] = Counter[str]()
        pairs: list[tuple[dict[str, bytes], dict[str, bytes]]] = []
        for sample, mutant, path, base, patched in run.mutants(group, name):
            answer = measure.judged(run.bench, path, base, patched)
            tally.update({"all": 1, "ours": answer.outcome == "FAIL"})
            if answer.outcome != "FAIL":
                missed.append(f"{answer.outcome} {name}: {sample.name} line {mutant.line}")
            if group is Group.TYPO:
                loose = measure.unfrozen(run.bench, path, patched)
                tally["unfrozen"] += loose.outcome == "FAIL"
            if binary is not None:
                plain = [measure.plain(run.bench, binary, path, one) for one in (base, patched)]
                tally["plain"] += plain == [True, False]
            pairs.append(({"nginx.conf": base[path]}, {"nginx.conf": patched[path]}))
        before = rivals.asked(run.bench, [one for one, _ in pairs], "nginx.conf")
        after = rivals.asked(run.bench, [one for _, one in pairs], "nginx.conf")
        tally["parser"] = sum(map(rivals.is_refused, before, after))
    columns = ["ours", "plain", "parser"] + (["unfrozen"] if group is Group.TYPO else [])
    _table(f"{group}: refused, and the base passed", tallies, columns)
    _listed(missed)


def _silent(run: _Run, group: Group) -> None:
    """Faults that nginx accepts: told with the right cause, told at all, and gixy-ng's delta."""
    tallies: dict[str, Counter[str]] = {}
    missed: list[str] = []
    for name in OPERATORS[group]:
        tally = tallies[name] = Counter[str]()
        pairs: list[tuple[dict[str, bytes], dict[str, bytes]]] = []
        for number, (sample, mutant, path, base, patched) in enumerate(run.mutants(group, name)):
            found = measure.read(run.bench, path, base, patched)
            how = measure.cause(mutant, found)
            tally.update({"all": 1, "right": how == "right", "told": how != "missed"})
            if not number:
                tally["asked"] += 1
                tally["nginx -t"] += (
                    measure.judged(run.bench, path, base, patched).outcome == "FAIL"
                )
            if how != "right":
                said = ", ".join(one.rule for one in found.faults) or "nothing"
                missed.append(f"{how} {name}: {sample.name} line {mutant.line}: {said}")
            pairs.append(({"nginx.conf": base[path]}, {"nginx.conf": patched[path]}))
        before = rivals.asked(run.bench, [one for one, _ in pairs], "nginx.conf")
        after = rivals.asked(run.bench, [one for _, one in pairs], "nginx.conf")
        tally["gixy-ng"] = sum(map(rivals.is_flagged, before, after))
    _table(f"{group}: the right cause", tallies, ["right", "told", "gixy-ng"])
    total = sum(tallies.values(), Counter[str]())
    print(f"`nginx -t` refused {_percent(total['nginx -t'], total['asked'])}, one of each operator")
    _listed(missed)


def _changed(run: _Run, group: Group) -> None:
    """Edits that change nothing, or one thing."""
    tallies: dict[str, Counter[str]] = {}
    missed: list[str] = []
    for name in OPERATORS[group]:
        tally = tallies[name] = Counter[str]()
        for sample, mutant, path, base, patched in run.mutants(group, name):
            found = measure.read(run.bench, path, base, patched)
            faults = [one for one in found.faults if one.level == "fault"]
            how = measure.told(mutant, found)
            tally.update({"all": 1, "findings": bool(faults), "doubts": bool(found.faults)})
            tally["empty"] += not found.changes
            tally["once"] += len(found.changes) == 1
            tally["right words"] += how == "once"
            wanted = "0 times" if group is Group.NEUTRAL else "once"
            if how != wanted or (group is Group.NEUTRAL and found.faults):
                said = "; ".join(one.text for one in found.changes)[:160]
                missed.append(f"{how} {name}: {sample.name} line {mutant.line}: {said}")
    columns = ["empty", "findings", "doubts"]
    if group is Group.REAL:
        columns = ["once", "right words", "findings", "doubts"]
    _table(f"{group} edits", tallies, columns)
    _listed(missed)


def _time(bench: trees.Bench, rng: random.Random) -> None:
    print(f"\n{'a configuration of 500 lines':<34}{'median ms':>11}{'lowest':>9}{'CPU':>9}")
    for name, median, lowest, used in probing.static(bench, rng):
        print(f"{name:<34}{median:>11.1f}{lowest:>9.1f}{used:>9.1f}")
    median, lowest, asked = probing.live(bench, rng)
    print(f"{f'live probe, {asked} requests':<34}{median * 1000:>11.0f}{lowest * 1000:>9.0f}")
    print(f"{'memory of one process, MB':<34}{probing.memory(bench, rng):>11.0f}")


def _table(title: str, tallies: dict[str, Counter[str]], columns: list[str]) -> None:
    print(f"\n{title:<40}{'all':>6}" + "".join(f"{name:>13}" for name in columns))
    for name, tally in tallies.items():
        cells = "".join(f"{tally[column]:>13}" for column in columns)
        print(f"{name:<40}{tally['all']:>6}{cells}")
    total = sum(tallies.values(), Counter[str]())
    shares = "".join(f"{total[one] / max(1, total['all']):>13.1%}" for one in columns)
    print(f"{'together':<40}{total['all']:>6}{shares}")


def _listed(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        print(f"  {line}")
    if len(lines) > _SHOWN:
        print(f"  and {len(lines) - _SHOWN} more")


if __name__ == "__main__":
    main()
