"""What comes of a case: in our engine, in git, in GNU patch and in unidiff."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from bench.patches.model import Truth
from workflow.patch.interface import Content, PatchError, Refusal
from workflow.patch.place import place
from workflow.patch.read import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.patches.faults import Case
    from workflow.types import RepoPath

GIT_APPLY = "git apply"
RECOUNT = "git apply --recount"
PATCH = "patch -F5"
UNIDIFF = "unidiff"
COMMANDS = {
    GIT_APPLY: ("git", "apply", "-"),
    RECOUNT: ("git", "apply", "--recount", "-"),
    PATCH: ("patch", "-p1", "-F5", "--batch", "--silent", "--no-backup-if-mismatch", "-r", "-"),
}


class Outcome(Enum):
    """How a tool did with a case."""

    RIGHT = "right"
    """The commit's result, or the refusal that is due."""
    REFUSED = "refused"
    """A refusal of what is proven."""
    ALLOWED = "allowed"
    """A refusal of what may be refused."""
    UNPROVEN = "unproven"
    """The commit's result where nothing but a line number, or luck, says so."""
    WRONG = "WRONG"
    """Another result than the commit's."""

    @property
    def is_unsafe(self) -> bool:
        """Whether something was applied that should not have been."""
        return self in {Outcome.UNPROVEN, Outcome.WRONG}


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome, the seconds that it took, and what was said."""

    outcome: Outcome
    seconds: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files in memory, as the engine reads them."""

    files: Mapping[str, Content]

    def read(self, path: RepoPath) -> Content | None:
        """The file, if there is one."""
        return self.files.get(path)


def ours(case: Case) -> Result:
    """Read and place in memory; anything but a `PatchError` is a defect of its own.

    The seconds are CPU time: other programs on the machine do not count.
    """
    files = Folder({case.path: Content("100644", case.before)})
    started = time.process_time()
    try:
        placed = place(read(case.draft).operations, files)
    except PatchError as error:
        seconds = time.process_time() - started
        return Result(_refused(case), seconds, "; ".join(map(_said, error.refusals)))
    seconds = time.process_time() - started
    found = {str(path): content for path, content in placed.files}
    good = found == {case.path: Content("100644", case.after)}
    return Result(_applied(case, is_right=good), seconds)


def _said(refusal: Refusal) -> str:
    return f"{refusal.reason}: {refusal.message}"


def _refused(case: Case) -> Outcome:
    match case.truth:
        case Truth.RIGHT:
            return Outcome.REFUSED
        case Truth.EITHER:
            return Outcome.ALLOWED
        case Truth.REFUSED:
            return Outcome.RIGHT


def _applied(case: Case, *, is_right: bool) -> Outcome:
    if not is_right:
        return Outcome.WRONG
    return Outcome.UNPROVEN if case.truth is Truth.REFUSED else Outcome.RIGHT


def theirs(case: Case, tool: str, scratch: Path) -> Result:
    """Hand the draft as it is to another tool, in a folder that holds nothing but the file."""
    if tool == UNIDIFF:
        return _unidiff(case)
    shutil.rmtree(scratch, ignore_errors=True)
    file = scratch / case.path
    file.parent.mkdir(parents=True)
    file.write_bytes(case.before)
    started = time.perf_counter()
    ran = subprocess.run(
        COMMANDS[tool],
        cwd=scratch,
        input=case.draft,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "GIT_CEILING_DIRECTORIES": str(scratch)},
    )
    seconds = time.perf_counter() - started
    if ran.returncode:
        return Result(_refused(case), seconds)
    found = {path: path.read_bytes() for path in scratch.rglob("*") if path.is_file()}
    return Result(_applied(case, is_right=found == {file: case.after}), seconds)


def _unidiff(case: Case) -> Result:
    """It only parses: right is what it accepts when the draft is recoverable."""
    text = case.draft.decode("utf-8", "surrogateescape")
    started = time.perf_counter()
    try:
        parsed = PatchSet(io.StringIO(text, newline="\n"))
    except (UnidiffParseError, UnicodeError):
        return Result(_refused(case), time.perf_counter() - started)
    seconds = time.perf_counter() - started
    if not parsed:
        return Result(_refused(case), seconds)
    return Result(_applied(case, is_right=True), seconds)
