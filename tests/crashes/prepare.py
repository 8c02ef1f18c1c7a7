"""A small repository with a proposal to land: files that are edited, made, removed, made to run."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.conftest import GitRepo
from tests.unit.conftest import Desk
from workflow import apply, git_store, wiring
from workflow.journal import Journal
from workflow.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.store import Stored

FILES = {
    "site.conf": "listen 80;\nroot /srv/a;\n",
    "old/retired.conf": "listen 81;\n",
    "bin/run.sh": "#!/bin/sh\necho one\n",
    "notes.txt": "notes\n",
}
CHANGE: dict[str, bytes | None] = {
    "site.conf": b"listen 8080;\nroot /srv/a;\n",
    "old/retired.conf": None,
    "bin/run.sh": b"#!/bin/sh\necho two\n",
    "new/deep/shop.conf": b"listen 82;\n",
}
LIVE = """\
[[targets]]
name = "web"
files = {{ "site.conf" = "{live}/site.conf", "new/deep/shop.conf" = "{live}/deep/shop.conf" }}
validate = ["test", "-s", "{live}/site.conf"]
reload = ["true"]
settle_s = 0
[[probes]]
name = "is-there"
command = ["test", "-e", "{live}/site.conf"]
tries = 1
"""
OWN_EDIT = "an edit of my own\n"


def repository(place: Path, settings: str = "") -> GitRepo:
    """Make the repository, with settings for `workflow.toml`; one file is dirty."""
    place.mkdir(parents=True)
    repo = GitRepo(place)
    repo.git("init", "--quiet", "--initial-branch", "main")
    repo.write(FILES)
    (place / "bin/run.sh").chmod(0o755)
    repo.commit({"workflow.toml": settings} if settings else None, "the site")
    repo.write({"notes.txt": OWN_EDIT})
    return repo


def proposed(repo: GitRepo, change: dict[str, bytes | None] | None = None) -> Stored:
    """Store a proposal as number 1 (or the next); nobody has approved it."""
    git = git_store.discover(repo.path)
    store = Store(git.common_dir / "workflow")
    policy = wiring.built_in_policy()
    with closing(store):
        desk = Desk(repo, git, store, Journal(store.folder, store.connection), repo.path)
        made = desk.proposal(CHANGE if change is None else change, "serve the new site")
        consent = policy.approvals.consent
        stored = store.add(replace(made, policy=policy.digest, consent=consent))
        apply.anchor(git, store, stored.id)
        return stored


def copied(repo: Path, copy: Path) -> Path:
    """A copy of a repository, files' times and all."""
    shutil.copytree(repo, copy, symlinks=True)
    return copy
