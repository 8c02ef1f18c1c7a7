"""Probes one target live: both trees at the same time, the same requests, compared."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from workflow.gates.nginx.derive import configuration
from workflow.gates.nginx.live import derive, quicness, report, stage
from workflow.gates.nginx.live.compare import compared, without_request
from workflow.gates.nginx.live.inside.told import HTTP3
from workflow.gates.nginx.live.result import Result
from workflow.gates.nginx.live.scopes import reaches
from workflow.gates.nginx.live.stage import Times, run_of, staged
from workflow.gates.nginx.live.transcript import transcript
from workflow.gates.nginx.manifest import Kind
from workflow.gates.nginx.source import Source
from workflow.process import side_by_side
from workflow.semantics.nginx.diff import difference
from workflow.types import Evidence, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.gates.interface import Tree
    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.live.asked import Request
    from workflow.gates.nginx.live.report import Report
    from workflow.gates.nginx.live.scopes import Reaches
    from workflow.gates.nginx.live.weigh import Difference
    from workflow.gates.nginx.manifest import Manifest
    from workflow.process import Ran
    from workflow.sandbox import Sandbox
    from workflow.semantics.nginx.change import Change
    from workflow.semantics.nginx.expanded import Config
    from workflow.types import Keep


_ERROR = 500


@dataclass(frozen=True, slots=True)
class Options:
    """How much is asked, and how long is waited.

    `vouched` are upstreams that are there though the base does not name them: as `host:port`, or a
    host that the base does not know at all.
    """

    limit: int = 60
    times: Times = field(default_factory=Times)
    vouched: frozenset[str] = frozenset()


def probe(  # noqa: PLR0913, PLR0917 - two trees, the means, and how
    sandbox: Sandbox,
    keep: Keep,
    manifest: Manifest,
    binary: Binary,
    patched: Tree,
    base: Tree | None = None,
    *,
    changes: Sequence[Change] | None = None,
    options: Options = Options(),
) -> Result:
    """Start nginx on each tree, ask both the same, and say what differs.

    `manifest` is the frozen one that the patched tree is tested under; `changes` are those of the
    semantic diff, which is made here without them.  Without a base the answers are only listed.
    Never raises for what a configuration says; raises what the sandbox raises.
    """
    started = time.monotonic()
    probing = _Probing(sandbox, keep, manifest, binary, options)
    result = probing.run(patched, base, changes)
    return replace(result, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Probing:
    """The means of one probe."""

    sandbox: Sandbox
    keep: Keep
    manifest: Manifest
    binary: Binary
    options: Options

    @property
    def title(self) -> str:
        return str(self.manifest.target.path)

    def run(self, patched: Tree, base: Tree | None, changes: Sequence[Change] | None) -> Result:
        """Probe, or say why not."""
        new = Source(patched)
        old = Source(base) if base is not None else None
        if old is not None and self.manifest.target.path not in old:
            old = None
        after = configuration(new, self.manifest)
        before = configuration(old, self.manifest) if old is not None else None
        if after.unread and not after.servers:
            first = after.unread[0]
            return Result(self.title, why=f"{first.place} could not be read: {first.reason}")
        if not after.servers:
            return Result(self.title, why="it has no HTTP server: only those are probed")
        found = changes if changes is not None else difference(before, after) if before else ()
        reached = reaches(found, before, after)
        vouched = {shim.value for shim in self.manifest.of(Kind.HOST) if shim.detail}
        scenery = staged(before, after, self.options.vouched | vouched)
        sides = [after] if before is None else [before, after]
        asked, left = derive.requests(sides, reached, scenery.doors, self.options.limit)
        asked, notes = self._possible(asked)
        notes += [*derive.unasked(sides, reached), *scenery.notes]
        if base is not None and old is None:
            notes.append(f"{self.title} is new: there is nothing to compare its answers with")
        if left:
            notes.append(f"{left} more requests could be made, and were not")
        trees = {Side.BASE: (old, before)} if old is not None and before is not None else {}
        trees[Side.PATCHED] = (new, after)
        try:
            rans = self._ran(trees, scenery, asked)
        except ValueError as error:
            return Result(self.title, why=f"it cannot be laid out in the sandbox: {error}")
        reports = {side: report.read(ran, asked) for side, ran in rans.items()}
        evidence = tuple(self._evidence(side, rans[side], reports[side], asked) for side in rans)
        stuck = self._stuck(reports)
        if stuck is not None:
            return replace(stuck, evidence=evidence, notes=tuple(notes))
        judged = self._judged(asked, reports, reached, notes, scenery)
        apart = _apart(before, after, asked, reports)
        return replace(judged, apart=apart, evidence=evidence)

    def _ran(
        self,
        trees: Mapping[Side, tuple[Source, Config]],
        scenery: stage.Stage,
        asked: Sequence[Request],
    ) -> dict[Side, Ran]:
        """Run on all trees at the same time."""
        around = (scenery, self.manifest, self.binary)
        commands = [
            run_of(*around, source, config, asked, self.options.times)
            for source, config in trees.values()
        ]
        calls = [partial(self.sandbox.run, command) for command in commands]
        return dict(zip(trees, side_by_side(calls), strict=True))

    def _possible(self, asked: Sequence[Request]) -> tuple[tuple[Request, ...], list[str]]:
        """Return the requests that can be sent, and a note about the others."""
        if stage.has_http3():
            return tuple(asked), []
        kept = tuple(one for one in asked if one.protocol != HTTP3)
        lost = len(asked) - len(kept)
        said = f"{lost} requests over HTTP/3 were not sent: install the extra `http3`"
        return kept, [said] if lost else []

    def _stuck(self, reports: dict[Side, Report]) -> Result | None:
        """Return the result where nginx did not come up on a tree, or broke off."""
        base, patched = reports.get(Side.BASE), reports[Side.PATCHED]
        if base is not None and base.problem:
            return Result(self.title, why=f"on the base, {base.problem}")
        if patched.problem:
            why = f"on the patched tree, {patched.problem}"
            return Result(self.title, why=why, is_broken=base is not None)
        return None

    def _judged(
        self,
        asked: Sequence[Request],
        reports: dict[Side, Report],
        reached: Reaches,
        notes: list[str],
        scenery: stage.Stage,
    ) -> Result:
        base, patched = reports.get(Side.BASE), reports[Side.PATCHED]
        results = compared(asked, base, patched, reached)
        old = set(map(without_request, base.logged)) if base is not None else set()
        new = dict.fromkeys(map(without_request, patched.logged))
        logged = tuple(line for line in new if line not in old)
        notes += [
            f"nothing stands in for {one}, which takes the place of another upstream"
            for one in scenery.unvouched
        ]
        lost = sum(
            each.before.status >= _ERROR and each.after.status >= _ERROR
            for each in results
            if each.before is not None
        )
        if lost:
            notes.append(f"{lost} requests are errors of the server on both trees, and show little")
        left = len(asked) - len(results)
        if left:
            notes.append(f"{left} requests were not sent: too many before them came to no end")
        notes[:0] = [f"an upstream could not stand in: {line}" for line in patched.failed]
        return Result(
            self.title,
            compared=results,
            logged=logged,
            notes=tuple(notes),
        )

    def _evidence(self, side: Side, ran: Ran, said: Report, asked: Sequence[Request]) -> Evidence:
        log = transcript(asked, said) + b"\n--- printed by nginx\n" + ran.stderr
        words = f"{self.binary.title} on {self.title}, {len(asked)} requests, twice"
        seconds = round(ran.seconds, 3)
        return Evidence(side, words, ran.exit_status, seconds, self.keep(log))


def _apart(
    before: Config | None,
    after: Config,
    asked: Sequence[Request],
    reports: Mapping[Side, Report],
) -> tuple[Difference, ...]:
    """Return what is wrong on the patched tree alone, and no single request shows."""
    old = () if before is None else quicness.found(before, asked, reports[Side.BASE])
    known = {(one.request, one.cause) for one in old}
    new = quicness.found(after, asked, reports[Side.PATCHED])
    return tuple(one for one in new if (one.request, one.cause) not in known)
