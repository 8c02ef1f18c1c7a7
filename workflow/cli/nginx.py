"""`workflow nginx`: one configuration, judged by itself or beside the one before it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workflow import wiring
from workflow.canonical import sha256
from workflow.cli import nginx_report as report
from workflow.cli import session
from workflow.cli.output import Output, Progress
from workflow.errors import ExitCode, UsageError
from workflow.gates.nginx import effective, hermetic, layout, running
from workflow.gates.nginx.combine import faults_of
from workflow.gates.nginx.source import Source
from workflow.resources import cache_folder
from workflow.trees import folder
from workflow.types import Outcome, RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.config.gates import NginxSettings
    from workflow.gates import Tree
    from workflow.gates.nginx.effective import Pair
    from workflow.gates.nginx.results import Results

_STATUS = {
    Outcome.PASS: ExitCode.DONE,
    Outcome.FAIL: ExitCode.REFUSED,
    Outcome.ERROR: ExitCode.ERROR,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look at, what was before, and with which nginx and hosts."""

    path: Path
    base: Path | None = None
    binaries: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """Both trees, the configuration files that count, and how to show a path of each."""

    base: Tree | None
    patched: Tree
    touched: tuple[RepoPath, ...]
    shown: report.Shown
    settings: NginxSettings


def output(as_json: bool, quiet: bool) -> Output:  # noqa: FBT001 - as Typer passes them
    """Where the command speaks."""
    return Output(as_json=as_json, quiet=quiet)


def check(out: Output, asked: Asked) -> int:
    """Run `nginx -t` on every target, and return the exit status."""
    looked = _look(asked)
    with _shown(out, "nginx -t"):
        done = _checked(looked, asked)
    verdict = done.verdict("nginx")
    status = _STATUS[verdict.outcome]
    data = report.check_data(done, verdict, int(status))
    out.result(data, *report.check_lines(done, verdict))
    return int(status)


def diff(out: Output, asked: Asked) -> int:
    """Tell what really changes, and return the exit status."""
    looked = _look(asked)
    both = _pairs(looked)
    status = ExitCode.ERROR if any(pair.unread for pair in both) else ExitCode.DONE
    out.result(
        report.diff_data(both, looked.shown, int(status)), *report.diff_lines(both, looked.shown)
    )
    return int(status)


def lint(out: Output, asked: Asked) -> int:
    """Tell the silent faults, and return the exit status."""
    looked = _look(asked)
    both = _pairs(looked)
    found = faults_of(both)
    if looked.base is None:
        found = replace(found, fresh=(*found.fresh, *found.old), old=())
    status = ExitCode.REFUSED if found.fresh else ExitCode.DONE
    if found.unread:
        status = ExitCode.ERROR
    out.result(
        report.lint_data(found, looked.shown, int(status)), *report.lint_lines(found, looked.shown)
    )
    return int(status)


def probe(out: Output, asked: Asked) -> int:
    """Ask the running configuration, and return the exit status."""
    looked = _look(asked)
    with _shown(out, "nginx -t, then live requests"):
        done = _checked(looked, asked)
        means = (wiring.sandbox(), sha256)
        hosts = (*looked.settings.known_hosts, *asked.hosts)
        seen = running.asked(done, looked.base, looked.patched, means, hosts)
    verdict = done.verdict("nginx")
    outcomes = [verdict.outcome, *(live.outcome for live in seen)]
    worst = max(outcomes, key=[Outcome.PASS, Outcome.ERROR, Outcome.FAIL].index)
    status = _STATUS[worst]
    data = report.probe_data(verdict, worst, seen, int(status))
    out.result(data, *report.probe_lines(verdict, seen))
    return int(status)


def _checked(looked: Looked, asked: Asked) -> Results:
    settings = looked.settings
    options = hermetic.Options(
        asked.binaries or settings.binary,
        RepoPath(settings.config) if settings.config else None,
        (*settings.known_hosts, *asked.hosts),
        settings.timeout_s,
        cache_folder() / "nginx",
    )
    sandbox = wiring.sandbox()
    return hermetic.check(looked.base, looked.patched, sandbox, sha256, options, looked.touched)


@contextmanager
def _shown(out: Output, stage: str) -> Iterator[None]:
    """Show on stderr what takes its time."""
    progress = Progress(out)
    progress.began(stage)
    try:
        yield
    finally:
        progress.close()


def _look(asked: Asked) -> Looked:
    """Read both sides.

    Raises `UsageError` for paths that cannot be read, and `NothingError` where there is no
    configuration.
    """
    new = folder.named(asked.path)
    settings = _settings(new.folder)
    if asked.base is None:
        tree, named = folder.tree(new), new.file
        source = Source(tree)
        touched = (named,) if named else layout.every(source)
        shown = report.Shown(_near(new.folder), _near(new.folder))
        base = None
    else:
        base, tree, named = folder.pair(asked.base, asked.path)
        touched = (named,) if named else _changed(base, tree, settings)
        old = folder.named(asked.base)
        own = {named: old.file} if named and old.file else {}
        shown = report.Shown(_near(new.folder), _near(old.folder), own)
    if not touched and base is None:
        message = f"{asked.path} holds no nginx configuration"
        raise UsageError(message, hint="name the file itself: any name will do then")
    return Looked(base, tree, touched, shown, settings)


def _pairs(looked: Looked) -> tuple[Pair, ...]:
    patched = Source(looked.patched)
    configured = RepoPath(looked.settings.config) if looked.settings.config else None
    if looked.base is None:
        return effective.alone(patched, looked.touched, configured)
    return effective.pairs(Source(looked.base), patched, looked.touched, configured)


def _changed(base: Tree, patched: Tree, settings: NginxSettings) -> tuple[RepoPath, ...]:
    files = folder.change(base, patched).files
    configured = RepoPath(settings.config) if settings.config else None
    return tuple(layout.changed(files, Source(base), Source(patched), configured))


def _settings(around: Path) -> NginxSettings:
    """The nginx settings of the repository around a folder, or those of this user."""
    git = session.git_around(around)
    if git is None:
        return wiring.default_settings().gates.nginx
    return wiring.read_settings(git, git.snapshot().tree).gates.nginx


def _near(place: Path) -> Path:
    """A folder by the shortest way that leads there from here."""
    here = session.here()
    return place.relative_to(here) if place.is_relative_to(here) else place
