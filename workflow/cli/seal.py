"""`workflow seal`: what a model would see of files, and where their values are."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer
from rich.text import Text

from workflow import wiring
from workflow.cli import seal_report as report
from workflow.cli import session
from workflow.cli.output import Progress, abandon_stdout, visible, visible_lines
from workflow.cli.seal_view import View, as_json
from workflow.errors import (
    BareRepositoryError,
    ExitCode,
    UsageError,
    WorkflowError,
)
from workflow.redaction import Allow, Vault, live
from workflow.redaction.files.scan import Recorded, Scan
from workflow.redaction.files.walk import Skipped, UnreadableError, open_file, unreadable, walk
from workflow.redaction.interface import SealingError
from workflow.redaction.reading import UndecodableError
from workflow.redaction.vault import key
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from workflow.cli.output import Output
    from workflow.cli.seal_view import Part
    from workflow.git_store import GitStore
    from workflow.redaction import SealingSettings
    from workflow.redaction.interface import Kind

FOUND = ExitCode.REFUSED
MAX_STDIN = 64 * 1024 * 1024
_STDIN = "-"
_KEY_BYTES = 32
_TICK_S = 0.2
_HINT = (
    "move the value out of the file, or say on its line why it may be seen: "
    "workflow: allow KIND until YYYY-MM-DD because REASON"
)


class Mode(Enum):
    """What is wanted of the files."""

    PRINT = auto()
    CHECK = auto()
    EXPLAIN = auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was given.  `is_all`: also files that git ignores."""

    paths: tuple[str, ...]
    mode: Mode
    is_all: bool = False


class CannotSealError(WorkflowError):
    """Something cannot be sealed or looked through, so the answer would be incomplete."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to look through: its name as it was given, and its path as the policy knows it."""

    name: str
    path: str
    is_named: bool
    text: bytes | None = field(default=None, repr=False)

    def open(self) -> BinaryIO:
        """The file, from its beginning.  Raises `UnreadableError`."""
        return open_file(self.name) if self.text is None else BytesIO(self.text)


@dataclass(slots=True)
class _Tally:
    """What there is to say when all is done."""

    counts: Counter[Kind] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    faults: list[WorkflowError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Desk:
    """The repository around the current folder, if any, what its policy says, and the scan.

    `last_words` seals what is said of errors for as long as the command runs.
    """

    output: Output
    git: GitStore | None
    scan: Scan
    tally: _Tally
    last_words: Vault

    def path(self, name: str) -> str:
        """A file's path from the top of the repository; outside of it, its name as it is."""
        full = os.path.abspath(name)  # noqa: PTH100 - links stay, a tracked one has a name, too
        top = f"{self.git.top}/" if self.git else ""
        return full.removeprefix(top) if top and full.startswith(top) else name

    def key(self) -> bytes:
        """The repository's key; outside of one, a fresh one: nobody will restore anything.

        Raises `SealingError` for a key that is at fault.
        """
        if self.git:
            return key.load(self.git.common_dir / wiring.STATE)
        return secrets.token_bytes(_KEY_BYTES)


def run(output: Output, asked: Asked) -> None:
    """Look through the files and print what is wanted.

    Leaves with 3 when `--check` has found something, and with 1 when a file could not be looked
    through.
    """
    try:
        desk = _desk(output)
        with desk.scan:
            _run(desk, asked)
    except SealingError as error:  # 3 would say that everything was looked through
        raise CannotSealError(error.message, hint=error.hint) from error


def _run(desk: _Desk, asked: Asked) -> None:
    output, tally = desk.output, desk.tally
    learned = _learned(desk, asked)
    if tally.faults and asked.mode is not Mode.CHECK:
        raise tally.faults[0]  # nothing is shown of what could not be looked through
    try:
        match asked.mode:
            case Mode.CHECK:
                _check(desk, learned)
            case _ if output.as_json:
                _as_json(desk, learned)
            case Mode.PRINT:
                _print(desk, learned)
            case Mode.EXPLAIN:
                _explain(desk, learned)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_stdout()
    _sum_up(desk, asked)
    if tally.faults:
        raise typer.Exit(ExitCode.ERROR)
    if asked.mode is Mode.CHECK and tally.counts:
        raise typer.Exit(FOUND)


# --- looking through ------------------------------------------------------------------------------


def _desk(output: Output) -> _Desk:
    """The repository and the policy around the current folder; the built-in one without."""
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        message = "the current folder is no longer there"
        raise UsageError(message, hint="cd into a folder that is") from error
    try:
        git = session.git_around(here)
    except BareRepositoryError:
        git = None
    sealing = _sealing(git)
    allow = Recorded(Allow(sealing, datetime.now(UTC).date()))
    finder = wiring.finder(sealing, allow=allow)
    # What is said of errors is sealed by a vault of its own, with a key that ends here.
    live.watch(last_words := Vault(secrets.token_bytes(_KEY_BYTES), wiring.finder(sealing)))
    scan = Scan(finder, allow)
    return _Desk(output, git, scan, _Tally(), last_words)


def _sealing(git: GitStore | None) -> SealingSettings:
    commit = git.read_ref("HEAD") if git else None
    if git is None or commit is None:
        return wiring.built_in_policy().sealing
    tree = git.tree_of(commit)
    rules = wiring.read_policy(git, tree, wiring.read_settings(git, tree))
    return rules.sealing.with_files(lambda path: git.read(tree, RepoPath(path)))


def _learned(desk: _Desk, asked: Asked) -> list[_Source]:
    """The files that were looked through, in order; the tally says what is wrong with others."""
    learned = []
    with _Pace(desk) as pace:
        for source in _sources(desk, asked):
            try:
                with source.open() as file:
                    desk.scan.learn(source.path, file, pace.tick)
            except UndecodableError as error:
                if source.is_named:
                    message = f"{source.name}: {error.message}"
                    desk.tally.faults.append(CannotSealError(message, hint=error.hint))
                else:
                    desk.tally.skipped.append(Skipped(source.name, "not text"))
            except UnreadableError as error:
                desk.tally.faults.append(error)
            except OSError as error:
                desk.tally.faults.append(unreadable(source.name, error))
            else:
                learned.append(source)
                pace.files = len(learned)
    return learned


def _sources(desk: _Desk, asked: Asked) -> Iterator[_Source]:
    """Every file that the paths stand for, once."""
    seen: set[str] = set()
    for path in asked.paths:
        if path == _STDIN:
            yield _stdin(desk.output)
            continue
        for item in walk(path, is_all=asked.is_all):
            if isinstance(item, Skipped):
                desk.tally.skipped.append(item)
            elif isinstance(item, UnreadableError):
                desk.tally.faults.append(item)
            elif (full := os.path.abspath(item.path)) not in seen:  # noqa: PTH100 - links stay
                seen.add(full)
                yield _Source(item.path, desk.path(item.path), item.is_named)


def _stdin(output: Output) -> _Source:
    """Standard input, in memory: a file of it would keep on disk what is to be kept nowhere."""
    if sys.stdin.isatty():
        output.note("reading from this terminal; Ctrl-D ends it")
    data = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(data) > MAX_STDIN:
        message = f"standard input has over {MAX_STDIN >> 20} MiB"
        raise UsageError(message, hint="name a file: those may have any size")
    return _Source(_STDIN, "", is_named=True, text=data)


class _Pace:
    """Says on stderr how far the reading is, once it takes over a second."""

    def __init__(self, desk: _Desk) -> None:
        self.files = 0
        self._desk = desk
        self._progress = Progress(desk.output)
        self._next = time.monotonic() + 1
        self._is_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.close()

    def tick(self) -> None:
        """Called for each part of a file."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _TICK_S
        if not self._is_begun:
            self._is_begun = True
            self._progress.began("looking")
        if self._desk.output.err.is_terminal:
            size = self._desk.scan.bytes_read // 1_000_000
            self._progress.detail(f"{self.files} files, {size} MB")


# --- what is printed ------------------------------------------------------------------------------


def _check(desk: _Desk, sources: Sequence[_Source]) -> None:
    """Print where the values are, and nothing of what they are."""
    is_plain = desk.output.as_json or not sys.stdout.isatty()
    for source in sources:
        for found in desk.scan.places(source.path, source.open):
            desk.tally.counts[found.span.kind] += 1
            if is_plain:
                sys.stdout.write(report.json_line(source.name, found))
            else:
                desk.output.out.print(report.line(source.name, found))


def _print(desk: _Desk, sources: Sequence[_Source]) -> None:
    """Print the files as a model would see them."""
    view = View(desk.scan, desk.key())
    for number, source in enumerate(sources):
        if len(sources) > 1:
            title = visible(view.name(source.name))
            blank = "\n" if number else ""
            sys.stdout.buffer.write(f"{blank}==> {title} <==\n".encode())
        for part in _parts(desk, view, source):
            if sys.stdout.isatty():
                sys.stdout.write(visible_lines(part.text))
            else:
                sys.stdout.buffer.write(part.data)


def _explain(desk: _Desk, sources: Sequence[_Source]) -> None:
    """Print for each value where it is, how it was found, and what stands for it."""
    view = View(desk.scan, desk.key())
    for source in sources:
        for part in _parts(desk, view, source):
            for seen in part.seen:
                for line in report.explanation(source.name, seen):
                    desk.output.out.print(line)


def _parts(desk: _Desk, view: View, source: _Source) -> Iterator[Part]:
    """A file as a model would see it; what is in it goes into the tally."""
    with source.open() as file:
        for part in view.parts(source.path, file):
            desk.tally.counts.update(seen.found.span.kind for seen in part.seen)
            yield part


def _as_json(desk: _Desk, sources: Sequence[_Source]) -> None:
    """Print all about the files as one JSON object."""
    view = View(desk.scan, desk.key())
    files = [as_json(source.name, _parts(desk, view, source)) for source in sources]
    tally, allow = desk.tally, desk.scan.allow
    wrong = desk.scan.misallowed
    desk.output.result(
        {
            "files": files,
            "counts": {kind.value: count for kind, count in tally.counts.items()},
            "allowed": [report.allowed_row(one) for one in allow.allowed],
            "not_allowed": [{"file": w.path, "line": w.line, "why": w.why} for w in wrong],
            "skipped": [{"file": one.path, "why": one.why} for one in tally.skipped],
        }
    )


# --- the last words -------------------------------------------------------------------------------


def _sum_up(desk: _Desk, asked: Asked) -> None:
    """Say on stderr what was found, what stays readable, and what was not looked at."""
    tally, err = desk.tally, desk.output.err
    for fault in tally.faults:
        err.print(Text.assemble(("error: ", "bold red"), visible(fault.message)))
        err.print(Text.assemble(("  try: ", "bold"), visible(fault.hint)))
    if desk.output.quiet:
        return
    verb = "found" if asked.mode is Mode.CHECK else "sealed"
    err.print(Text(report.counted(tally.counts, verb)))
    for line in report.allowances(desk.scan.allow.allowed, desk.scan.misallowed):
        err.print(line)
    if tally.skipped:
        err.print(Text(f"not read: {report.skips(tally.skipped)}"))
    if desk.scan.is_bounded:
        desk.output.note("there are so many values that not all were looked for in all files")
    if asked.mode is Mode.CHECK and tally.counts and not desk.output.as_json:
        err.print(Text.assemble(("  try: ", "bold"), visible(_HINT)))
