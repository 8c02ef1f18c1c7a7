"""Installs a target on a disk of a few hundred KiB that its own `validate` fills; prints JSON.

Run with that disk mounted at the folder that is named: `full_disks.py FOLDER`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from workflow import cli

LAST_KNOWN_GOOD = "refs/workflow/last-known-good/main"


def git(repo: Path, *words: str) -> None:
    """Run git."""
    subprocess.run(["git", "-C", str(repo), *words], check=True, capture_output=True)


def run(*words: str) -> tuple[int, str]:
    """Run `workflow targets WORDS`; its exit status, and its result or else what it said."""
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(out):
        status = cli.run(["targets", *words])
    return status, out.getvalue() or said.getvalue()


def main() -> None:
    """Prepare, let the disk run full in the middle of an install, and look."""
    top = Path(sys.argv[1])
    repo, live = top / "repo", top / "live"
    repo.mkdir()
    live.mkdir()
    git(repo, "init", "--quiet", "--initial-branch", "main")
    fill = f"cat /dev/zero > {live}/fill; exit 1"
    (repo / "workflow.toml").write_text(
        f'[[targets]]\nname = "web"\nfiles = {{ "a" = "{live}/a", "b" = "{live}/b" }}\n'
        f'validate = ["sh", "-c", "{fill}"]\n'
    )
    for name in ("a", "b"):
        (repo / name).write_text("one\n")
        (live / name).write_text("one\n")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "-m", "one")
    (repo / "a").write_text("two\n")
    git(repo, "commit", "--quiet", "-a", "-m", "two")
    git(repo, "update-ref", LAST_KNOWN_GOOD, "HEAD")
    os.chdir(repo)
    before = {path.name: path.stat().st_ino for path in live.iterdir()}
    run("trust", "--yes")
    failed, words = run("install")
    room = os.statvfs(live).f_bavail
    text = (live / "a").read_text()
    refused, why = run("install")
    (live / "fill").unlink()
    settled, after = run("status", "--json")
    found = {
        "failed": failed,
        "words": words,
        "room": room,
        "text": text,
        "refused": refused,
        "why": why,
        "settled": settled,
        "after": after,
        "same": {path.name: path.stat().st_ino for path in live.iterdir()} == before,
    }
    print(json.dumps(found))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
