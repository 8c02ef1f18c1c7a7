"""A repository with live files beside it, and landings that need no proposal of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from workflow import config, git_store, targets, trust
from workflow.journal import Journal
from workflow.store import Store
from workflow.types import CommitId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.journal import Landing

PINNED = "2026-01-02T03:04:05Z"


@dataclass(frozen=True, slots=True)
class Rig:
    """A repository, its live folder, and the settings that name it."""

    repo: GitRepo
    live: Path
    site: targets.Site
    told: list[str]

    @property
    def book(self) -> targets.Book:
        """The installs of the repository."""
        return targets.Book(self.site.store)

    def with_settings(self, text: str, *, is_trusted: bool = True) -> Rig:
        """The same with other settings; `LIVE` in them stands for the live folder."""
        settings = config.load(text.replace("LIVE", str(self.live)), {}, "workflow.toml")
        rig = replace(self, site=replace(self.site, settings=settings))
        if is_trusted:
            trust.trust(targets.place_of(rig.site), settings)
        return rig

    def commit(self, files: Mapping[str, str | bytes]) -> CommitId:
        """Commit files and return the commit."""
        return CommitId(self.repo.commit(files))

    def landing(
        self,
        before: CommitId,
        after: CommitId,
        *,
        reverts: int | None = None,
        state: str = "moved",
    ) -> Landing:
        """Record a landing on `main`."""
        connection = self.site.store.connection
        connection.execute(
            "INSERT OR IGNORE INTO proposals (id, digest, state, created, branch, title, wish,"
            " requester, files, body) VALUES (1, '', 'applied', '', 'main', '', '', '', '[]', '{}')"
        )
        kind = "rollback" if reverts else "apply"
        cursor = connection.execute(
            "INSERT INTO landings (kind, proposal, reverts, branch, before_commit, after_commit,"
            " state, who, at) VALUES (?, 1, ?, 'main', ?, ?, ?, 'somebody', ?)",
            (kind, reverts, before, after, state, PINNED),
        )
        journal = Journal(self.site.store.folder, connection)
        return journal.landing(cursor.lastrowid or 0)

    def put(self, name: str, content: str, mode: int = 0o644) -> Path:
        """Write a live file by hand."""
        path = self.live / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
        return path


@pytest.fixture
def rig(git_repo: GitRepoFactory, tmp_path: Path) -> Iterator[Rig]:
    """Return a repository with two files and an empty live folder, nothing trusted yet."""
    repo = git_repo({"site.conf": "one\n", "app.conf": "app one\n"})
    git = git_store.discover(repo.path)
    store = Store(git.common_dir / "workflow")
    live = tmp_path / "live"
    live.mkdir()
    told: list[str] = []
    site = targets.Site(
        git=git,
        store=store,
        settings=config.load("", {}, "workflow.toml"),
        who="Ada Author <ada@example.test>",
        keep=store.keep,
        seal=lambda text: text.replace("hunter", "<sealed>"),
        tell=told.append,
    )
    yield Rig(repo, live, site, told)
    store.close()
