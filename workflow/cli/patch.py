"""`workflow patch`: a patch in any dialect against the files of the current folder."""

from __future__ import annotations

import shlex
import signal
import stat
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workflow import policy, wiring
from workflow.cli import patch_report, session
from workflow.cli.output import visible_lines
from workflow.errors import (
    ExitCode,
    PathError,
    RefusedError,
    UsageError,
    WorkflowError,
)
from workflow.patch import PatchError
from workflow.redaction import UndecodableError
from workflow.standalone import Examined, Folder, examine, swap
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow.cli.output import Output
    from workflow.patch import Refusal
    from workflow.policy import Policy

MAX_PATCH = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command was given: the patch's file, the rules to allow, the policy's file."""

    file: str
    allowed: tuple[str, ...]
    policy: Path | None


class InterruptedBeforeError(WorkflowError):
    """Ctrl-C came before anything was changed."""

    exit_code = ExitCode.INTERRUPTED


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a patch goes: a folder, the place in it that names start from, and who judges."""

    folder: Folder
    start: str
    rules: Policy


def apply(output: Output, asked: Asked) -> None:
    """Apply the patch, or leave with 3 and everything as it was."""
    with _interruptible() as ignore_interrupts:
        data = _patch(output, asked)
        with _desk(output, asked) as desk, swap.exclusive(desk.folder, desk.start) as exchange:
            _tell(output, exchange.recover())
            found = _examine(data, desk, asked)
            if found.prepared and found.is_clear:
                exchange.swap(found.prepared.swaps, ignore_interrupts)
        _print(output, found, desk.rules, "Applied", is_applied=found.is_clear)
    _leave_if_refused(output, found, asked)


def check(output: Output, asked: Asked) -> None:
    """Say whether the patch would be applied, and leave with 3 if not."""
    found, rules = _examined(output, asked)
    _print(output, found, rules, "Would apply")
    _leave_if_refused(output, found, asked)
    if not output.quiet and asked.file != "-":
        output.next(f"workflow patch apply {_words(asked)}")


def normalize(output: Output, asked: Asked) -> None:
    """Print the canonical patch alone."""
    found, _ = _examined(output, asked)
    ready = found.prepared
    if ready is None or not ready.is_clear:
        _refuse(found, asked)
    elif sys.stdout.isatty():
        sys.stdout.write(visible_lines(ready.patch.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.write(ready.patch)
        sys.stdout.flush()


def explain(output: Output, asked: Asked) -> None:
    """Print all that can be said about the patch."""
    found, rules = _examined(output, asked)
    body = patch_report.data(found, rules, applied=False, exit_code=ExitCode.DONE)
    shown = b""
    if found.prepared and not output.as_json:
        vault = wiring.secrets_vault()
        for file in found.prepared.swaps:
            for side in (file.before, file.after):
                with suppress(UndecodableError):
                    vault.learn(side.data if side else b"", file.path)
        shown = vault.scrub(found.prepared.patch)
    output.result(body, *patch_report.explanation(found, rules, shown))


def _examined(output: Output, asked: Asked) -> tuple[Examined, Policy]:
    """Look at the patch, and write nothing but what a killed command has left half done."""
    with _interruptible():
        data = _patch(output, asked)
        with _desk(output, asked) as desk:
            if swap.is_needed(desk.folder):
                with swap.exclusive(desk.folder, desk.start) as exchange:
                    _tell(output, exchange.recover())
            return _examine(data, desk, asked), desk.rules


def _examine(data: bytes, desk: _Desk, asked: Asked) -> Examined:
    find = wiring.find_secrets
    found = examine(data, desk.folder, desk.start, desk.rules, asked.allowed, find)
    return (
        replace(found, refusals=tuple(_sealed(found.refusals, desk))) if found.refusals else found
    )


def _sealed(refusals: Sequence[Refusal], desk: _Desk) -> Iterator[Refusal]:
    """Refusals whose quotes of files hold no secret: people hand them back to a model."""
    vault = wiring.secrets_vault()
    for path in {refusal.path for refusal in refusals} - {""}:
        with suppress(PatchError, ValueError, UndecodableError):
            content = desk.folder.read(RepoPath(path))
            vault.learn(content.data if content else b"", path)
    for refusal in refusals:
        yield replace(
            refusal,
            message=vault.scrub_text(refusal.message),
            hint=vault.scrub_text(refusal.hint),
            nearest=tuple((line, vault.scrub(text)) for line, text in refusal.nearest),
        )


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Say what Ctrl-C has meant; yield what makes it mean nothing, once there is no way back."""
    before = signal.getsignal(signal.SIGINT)

    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    try:
        yield ignore
    except KeyboardInterrupt as error:
        message = "interrupted: nothing is applied"
        raise InterruptedBeforeError(message, hint="run the command again") from error
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(output: Output, sentence: str) -> None:
    if sentence:
        output.note(sentence)


def _print(
    output: Output, found: Examined, rules: Policy, done: str, *, is_applied: bool = False
) -> None:
    if found.is_clear and output.quiet and not output.as_json:
        return
    code = ExitCode.DONE if found.is_clear else ExitCode.REFUSED
    body = patch_report.data(found, rules, applied=is_applied, exit_code=code)
    output.result(body, *patch_report.summary(done, found))


def _leave_if_refused(output: Output, found: Examined, asked: Asked) -> None:
    if not found.is_clear:
        if asked.file != "-" and found.prepared:
            output.next(f"workflow patch explain {_words(asked)}")
        raise typer.Exit(ExitCode.REFUSED)


def _refuse(found: Examined, asked: Asked) -> None:
    """Say on stderr why there is no canonical patch.  Raises `RefusedError`."""
    first, *others = patch_report.reasons(found)
    message = f"the patch is refused: {first}" + (f" (and {len(others)} more)" if others else "")
    hint = f"workflow patch explain {_words(asked)}"
    if asked.file == "-":
        hint = "give the same patch to `workflow patch explain`"
    raise RefusedError(message, hint=hint)


def _words(asked: Asked) -> str:
    """The arguments of the same command once more."""
    words = [asked.file, *(word for rule in asked.allowed for word in ("--allow", rule))]
    if asked.policy:
        words += ["--policy", str(asked.policy)]
    return shlex.join(words)


# --- the patch ----------------------------------------------------------------------------------


def _patch(output: Output, asked: Asked) -> bytes:
    """The bytes of the patch, once the other words make sense.

    Raises `PathError` where there is no such file, `UsageError` for one over 64 MiB, and
    `PolicyError` for a rule to allow that is none.
    """
    policy.require_known(asked.allowed)
    name = asked.file
    if name == "-":
        if sys.stdin.isatty():
            output.note("reading the patch from this terminal; Ctrl-D ends it")
        data = sys.stdin.buffer.read(MAX_PATCH + 1)
    else:
        data = _file(Path(name), "the patch")
    if len(data) > MAX_PATCH:
        message = f"the patch in {name} has over {MAX_PATCH >> 20} MiB"
        raise UsageError(message, hint="split it")
    return data


def _file(path: Path, what: str) -> bytes:
    """The beginning of a file, up to a byte more than a patch may have."""
    try:
        # Not a regular file only: a shell's `<(…)` is a pipe.
        if stat.S_ISDIR(path.stat().st_mode):
            message = f"{path} is a folder, and {what} is a file"
            raise PathError(message, hint="name the file itself")
        with path.open("rb") as file:
            return file.read(MAX_PATCH + 1)
    except OSError as error:
        message = f"{what} cannot be read: {path}: {error.strerror}"
        hint = "name a file that is there and that you may read"
        raise PathError(message, hint=hint) from error
    except ValueError as error:
        message = f"{what} cannot be read: {str(path)!r}: {error}"
        raise PathError(message, hint="name a file that is there") from error


# --- where it goes ------------------------------------------------------------------------------


@contextmanager
def _desk(output: Output, asked: Asked) -> Iterator[_Desk]:
    """The folder that the patch is for: the repository's top, or the current folder.

    Names start from the current folder either way; but the policy speaks of paths from the top.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        message = "the current folder is no longer there"
        raise PathError(message, hint="cd into a folder that is") from error
    top, start, rules = _surroundings(output, here, with_policy=asked.policy is None)
    if asked.policy:
        rules = policy.load(_file(asked.policy, "the policy"), str(asked.policy))
    with Folder(top) as folder:
        yield _Desk(folder, start, rules or wiring.built_in_policy())


def _surroundings(
    output: Output, here: Path, *, with_policy: bool
) -> tuple[Path, str, Policy | None]:
    """The top of the repository around a folder, the way from it to there, and its policy."""
    git = session.git_around(here)
    if git is None:
        return here, "", None
    if not here.is_relative_to(git.top):
        message = f"{here} is not in the work tree of its repository, {git.top}"
        raise UsageError(message, hint=f"cd {git.top}")
    start = "" if here == git.top else here.relative_to(git.top).as_posix()
    if not with_policy:
        return git.top, start, None
    commit = git.read_ref("HEAD")
    if commit is None:
        output.note("there is no commit yet: the built-in policy judges")
        return git.top, start, None
    tree = git.tree_of(commit)
    rules = wiring.read_policy(git, tree, wiring.read_settings(git, tree))
    return git.top, start, rules
