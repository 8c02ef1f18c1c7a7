"""`workflow demo`: the seeded story, told by running the real commands on a scratch repository."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from contextlib import chdir, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from workflow import cli
from workflow.errors import UsageError, WorkflowError
from workflow.git_command import run_git
from workflow.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.cli.output import Output

REQUEST = "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP"
STORY = (
    ("propose", REQUEST, "site_nginx.conf"),
    ("show", "1"),
    ("approve", "1"),
    ("apply", "1"),
    ("rollback",),
    ("history",),
)
_NEEDED = ("fastapi", "httpx2")
_PLAIN = ("-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
_SKIPPED = shutil.ignore_patterns("__pycache__", ".venv", ".git", "*.pyc", "*_temp")


class DemoError(WorkflowError):
    """A command of the story did not end as it should."""


def run(output: Output, keep: Path | None) -> None:
    """Play the story in a fresh repository and check that its rollback restored every file."""
    _require_extra()
    with _place(keep) as place:
        _make_repository(place)
        before = _content(place)
        with chdir(place):
            statuses = [_play(output, words) for words in STORY]
        restored = _content(place) == before
    failed = [" ".join(words) for words, code in zip(STORY, statuses, strict=True) if code]
    if failed or not restored:
        message = (
            f"the story broke: {failed[0] if failed else 'rollback did not restore the files'}"
        )
        raise DemoError(message, hint="workflow doctor")
    go_there = f"cd {shlex.quote(str(place))} && workflow list"
    following = go_there if keep else "workflow demo --keep FOLDER"
    data = {
        "steps": [shlex.join(("workflow", *words)) for words in STORY],
        "restored": restored,
        "folder": str(place) if keep else None,
        "next": following,
    }
    output.result(data, Text("\n✓ Proposed, proved, approved, applied, rolled back.", "green"))
    output.next(following)


def _require_extra() -> None:
    """The demo's patient has tests of its own, and they need what it is built with."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        message = f"the demo's own tests need {' and '.join(missing)}, which are not installed"
        raise DemoError(message, hint="install workflow with its extra: pip install '.[demo]'")


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    """The folder to play in: the given one, which must be new, or one that goes away again."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="workflow-demo-") as name:
            yield Path(name).resolve() / "analytics"
        return
    if keep.exists():
        message = f"{keep} is already there"
        raise UsageError(message, hint="name a folder that is not")
    yield keep.absolute()


def _make_repository(place: Path) -> None:
    """A committed copy of `sandbox_repo/`, by somebody of its own."""
    shutil.copytree(folder("sandbox_repo"), place, ignore=_SKIPPED)
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "Demo User"),
        ("config", "user.email", "demo@example.com"),
        # One person plays all parts, and `approve` says so.
        ("config", "workflow.singleUser", "true"),
        ("add", "--all"),
        ("commit", "--quiet", "--message=Start: the analytics stack"),
    ):
        ran = run_git(*_PLAIN, *words, cwd=place)
        if not ran.is_ok:
            message = f"git {words[0]}: {ran.stderr.decode('utf-8', 'replace').strip()}"
            raise DemoError(message, hint="workflow doctor")


def _play(output: Output, words: tuple[str, ...]) -> int:
    """Run one command as a person would; with --json its own output goes to stderr."""
    console = output.err if output.as_json else output.out
    console.print(Text(f"\n$ {shlex.join(('workflow', *words))}", style="bold"))
    sys.stdout.flush()
    if not output.as_json:
        return cli.run(list(words))
    with _stdout_to_stderr():
        return cli.run(list(words))


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    real, sys.stdout = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout = real


def _content(place: Path) -> dict[str, bytes]:
    """Every file of the demo's repository but git's own."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(place).parts
    }
