"""What git was told of a ledger shows when its database was written anew."""

from __future__ import annotations

import json
import shutil
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from workflow import git_store, ledger
from workflow.canonical import encode
from workflow.database import connect
from workflow.ledger.anchor import FILE, REF
from workflow.ledger.chain import NOTE, Head, row_hash
from workflow.types import CommitId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from sqlite3 import Connection

    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.git_store import GitStore
    from workflow.ledger import Anchor

LANDED = {
    "landing": 1,
    "kind": "apply",
    "proposal": 1,
    "branch": "main",
    "before": "0" * 40,
    "after": "1" * 40,
    "who": "Ada <ada@example.test>",
}


@dataclass(frozen=True, slots=True)
class Books:
    """A repository, its store, and short ways to land, to tell, and to forge."""

    repo: GitRepo
    git: GitStore
    connection: Connection

    def fact(self, text: str = "prose") -> None:
        """Write a fact of no weight."""
        ledger.append(self.connection, "unusable", {"answer": "one", "reason": text})

    def land(self) -> None:
        """Commit with the trailer of the moment, and write down that it landed."""
        trailer = ledger.head(self.connection).trailer
        self.repo.git(
            "commit", "--quiet", "--allow-empty", "-m", f"A landing\n\nWorkflow-Ledger: {trailer}"
        )
        ledger.append(self.connection, "landing-kept", LANDED)

    def anchor(self) -> Anchor:
        """Tell git."""
        told = ledger.anchor(self.git, self.connection)
        assert told
        return told

    def rewrite(self, seq: int) -> None:
        """Change a row, and write all hashes after it and the note anew, as an attacker can."""
        found = self.connection.execute("SELECT * FROM ledger ORDER BY seq").fetchall()
        previous = found[seq - 2]["hash"] if seq > 1 else ledger.GENESIS
        for row in found[seq - 1 :]:
            body = '{"answer":"forged","reason":""}' if row["seq"] == seq else row["body"]
            made = row_hash(row["seq"], row["at"], row["event"], body, previous)
            self.connection.execute(
                "UPDATE ledger SET body = ?, previous = ?, hash = ? WHERE seq = ?",
                (body, previous, made, row["seq"]),
            )
            previous = made
        self.note()

    def cut(self, left: int) -> None:
        """Cut the tail off, and correct the note of the end."""
        self.connection.execute("DELETE FROM ledger WHERE seq > ?", (left,))
        self.note()

    def note(self) -> None:
        """Note the present end."""
        trailer = ledger.head(self.connection).trailer
        self.connection.execute("UPDATE meta SET value = ? WHERE key = ?", (trailer, NOTE))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Take back what is done to the database inside."""
        self.connection.execute("BEGIN")
        yield
        self.connection.execute("ROLLBACK")

    def wrong(self) -> list[str]:
        """Check, and return what is said to be wrong."""
        return [str(broken) for broken in ledger.check(self.git, self.connection).breaks]


@pytest.fixture(scope="session")
def _made_once() -> dict[str, Path]:
    """Remember the first repository, so that it is made once a session."""
    return {}


@pytest.fixture
def books(
    git_repo: GitRepoFactory,
    _made_once: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Books]:
    """Yield a repository whose ledger has two landings, git told of each."""
    repo = git_repo({})
    if "made" not in _made_once:
        _fill(repo)
        _made_once["made"] = tmp_path_factory.mktemp("books") / "repo"
        shutil.copytree(repo.path, _made_once["made"])
    shutil.rmtree(repo.path)
    shutil.copytree(_made_once["made"], repo.path)
    git = git_store.discover(repo.path)
    with closing(connect(git.common_dir / "workflow")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield Books(repo, git, connection)


def _fill(repo: GitRepo) -> None:
    """Land twice, and tell git of each; the ledger's guards are taken out."""
    git = git_store.discover(repo.path)
    with closing(connect(git.common_dir / "workflow")) as connection:
        connection.execute("DROP TRIGGER ledger_keeps")
        connection.execute("DROP TRIGGER ledger_stays")
        made = Books(repo, git, connection)
        for _ in range(2):
            made.fact()
            made.fact()
            made.land()
            made.anchor()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_what_git_was_told_holds(books: Books) -> None:
    """Anchors, trailers and chain agree; that the guards were taken out is said."""
    checked = ledger.check(books.git, books.connection)
    assert checked.breaks == ()
    assert (checked.rows, checked.anchors) == (8, 2)
    assert "guards" in " ".join(checked.notes)


def test_an_anchor_is_a_commit_with_one_file(books: Books) -> None:
    """The ref is a chain of commits that hold repository, row, hash and time, and no more."""
    log = books.repo.git("log", "--format=%s", REF).split("\n")
    assert [line.partition(":")[0] for line in log if line] == [
        "Ledger at row 7",
        "Ledger at row 3",
    ]
    assert books.repo.git("ls-tree", "-r", "--name-only", REF).split() == [FILE]
    said = json.loads(books.repo.git("show", f"{REF}:{FILE}"))
    rows = list(ledger.rows(books.connection))
    assert said["seq"] == 7
    assert said["hash"] == rows[6].hash
    assert set(said) == {"repository", "seq", "hash", "at"}
    assert rows[7].event == "anchor"
    assert rows[7].body == {
        "row": 7,
        "hash": rows[6].hash,
        "commit": books.repo.git("rev-parse", REF).strip(),
    }


def test_git_is_told_once(books: Books) -> None:
    """Where nothing has landed since, nothing is written; after a landing it is told again."""
    assert ledger.is_anchored(books.connection)
    assert ledger.anchor(books.git, books.connection) is None
    books.fact()
    assert ledger.is_anchored(books.connection)
    books.land()
    assert not ledger.is_anchored(books.connection)
    assert any("not been told" in note for note in ledger.check(books.git, books.connection).notes)
    assert books.wrong() == []
    assert books.anchor().seq == 10


def test_a_kill_between_the_ref_and_the_row_is_no_alarm(books: Books) -> None:
    """An anchor that the ledger does not know of holds as well, and the next one follows it."""
    books.land()
    books.connection.execute("BEGIN")
    books.anchor()
    books.connection.execute("ROLLBACK")
    assert books.wrong() == []
    assert not ledger.is_anchored(books.connection)
    books.fact()
    books.anchor()
    assert books.wrong() == []


def test_a_database_written_anew_is_found(books: Books) -> None:
    """All hashes are right, and an anchor names the rows among which it was written anew."""
    for seq in range(1, 8):
        with books.undone():
            books.rewrite(seq)
            assert ledger.verify(books.connection)[1] == ()
            first, last, row = (1, 3, 3) if seq <= 3 else (4, 7, 7)
            said = [one for one in books.wrong() if "written anew" in one]
            assert said[0].startswith(f"rows {first} to {last}: written anew: anchor ")
            assert said[0].endswith(f"saw another row {row}")


def test_what_the_chain_shows_is_not_told_twice(books: Books) -> None:
    """A row that was changed is named once, although git has seen another one as well."""
    books.connection.execute("UPDATE ledger SET hash = 'none' WHERE seq = 3")
    assert books.wrong() == ["row 3: changed after it was written (its hash alone)"]


def test_a_tail_that_was_cut_off_is_found(books: Books) -> None:
    """The note of the end was corrected, and an anchor has seen a later row."""
    for left in range(8):
        with books.undone():
            books.cut(left)
            assert ledger.verify(books.connection)[1] == ()
            said = " ".join(books.wrong())
            assert ("not here, and anchor" in said) == (left < 7)
            # Nobody was told of the very last row: it is the one that says that git was told.
            assert bool(said) == (left < 7)


def test_anchors_written_anew_are_found(books: Books) -> None:
    """Who writes database and anchors anew is given away by the commits that landed."""
    books.rewrite(1)
    books.repo.git("update-ref", "-d", REF)
    books.connection.execute("DELETE FROM ledger WHERE event = 'anchor'")
    books.cut(3)
    books.land()
    books.anchor()
    said = " ".join(books.wrong())
    assert "row 2: was another one when commit" in said
    assert "anchor" not in said


def test_a_landing_does_not_hang_on_the_commits_of_others(books: Books) -> None:
    """A commit that claims another row stops the whole check, and not the one of a landing."""
    ours = Head(1, ledger.GENESIS, ledger.head(books.connection).repository).trailer
    words = f"Forged\n\nWorkflow-Ledger: {ours}"
    books.repo.git("commit", "--quiet", "--allow-empty", "-m", words)
    assert "row 1: was another one when commit" in books.wrong()[0]
    checked = ledger.check(books.git, books.connection, has_history=False)
    assert checked.breaks == ()
    books.rewrite(1)
    assert ledger.check(books.git, books.connection, has_history=False).breaks


def test_a_ref_that_is_gone_is_found(books: Books) -> None:
    """The ledger says that git was told, and git knows nothing of it."""
    books.repo.git("update-ref", "-d", REF)
    assert books.wrong() == [f"row 4: it says that git was told, and {REF} is gone"]


def test_a_ref_that_was_set_back_is_found(books: Books) -> None:
    """An anchor that the ledger names is no longer in the chain."""
    last = books.repo.git("rev-parse", REF).strip()
    books.repo.git("update-ref", REF, f"{REF}~1")
    said = f"row 8: it says that git was told, and {REF} does not hold anchor {last[:10]}"
    assert books.wrong() == [said]


def test_a_commit_that_is_no_anchor_is_found(books: Books) -> None:
    """Whatever somebody puts under the ref is named and breaks nothing."""
    for data in (b"", b"{}", b"[]", b"[" * 4000, b'{"seq":1,"seq":2}'):
        blob = books.git.write_blob(data)
        row = f"100644 blob {blob}\t{FILE}\n"
        tree = books.git.git("mktree", stdin=row.encode()).decode().strip()
        made = books.repo.git("commit-tree", tree, "-p", REF, "-m", "x").strip()
        books.repo.git("update-ref", REF, made)
        assert any("which is no anchor" in said for said in books.wrong())


def test_an_anchor_of_an_older_row_behind_a_newer_one_is_found(books: Books) -> None:
    """Anchors only ever go on."""
    said = json.loads(books.repo.git("show", f"{REF}~1:{FILE}"))
    blob = books.git.write_blob(encode(said))
    tree = books.git.git("mktree", stdin=f"100644 blob {blob}\t{FILE}\n".encode()).decode().strip()
    made = CommitId(books.repo.git("commit-tree", tree, "-p", REF, "-m", "x").strip())
    books.repo.git("update-ref", REF, made)
    assert any("was written anew" in said for said in books.wrong())


def test_another_store_in_its_place_is_found(books: Books) -> None:
    """A fresh database beside the old anchors is not taken for the old one."""
    folder = books.git.common_dir / "workflow"
    books.connection.close()
    for path in folder.glob("workflow.db*"):
        path.unlink()
    fresh = connect(folder)
    ledger.append(fresh, "unusable", {"answer": "", "reason": ""})
    said = [str(broken) for broken in ledger.check(books.git, fresh).breaks]
    assert len(said) == 1
    assert said[0].startswith("row 1: git was told of another ledger, repo-")
    assert "up to row 7" in said[0]
    aside = said[0].partition("yourself: ")[2].rstrip(")")
    for command in aside.split(", then "):
        books.repo.git(*command.split()[1:])
    checked = ledger.check(books.git, fresh)
    assert checked.breaks == ()
    assert any("2 commits landed by the ledger repo-" in note for note in checked.notes)
    fresh.close()


def test_commits_of_another_ledger_are_no_alarm(books: Books) -> None:
    """In a clone, and after a pull, there are commits whose ledger is elsewhere."""
    strange = Head(500, ledger.GENESIS, "repo-0011223344556677").trailer
    books.repo.git(
        "commit", "--quiet", "--allow-empty", "-m", f"Elsewhere\n\nWorkflow-Ledger: {strange}"
    )
    checked = ledger.check(books.git, books.connection)
    assert checked.breaks == ()
    assert "1 commit landed by the ledger repo-0011223344556677" in checked.notes[0]


def test_a_trailer_in_the_words_of_a_commit_is_none(books: Books) -> None:
    """Only the last paragraph has trailers, as git has it."""
    ours = Head(1, ledger.GENESIS, ledger.head(books.connection).repository).trailer
    words = f"Words\n\nWorkflow-Ledger: {ours}\n\nmore words"
    books.repo.git("commit", "--quiet", "--allow-empty", "-m", words)
    assert books.wrong() == []


def test_a_proposal_that_git_alone_knows_is_found(books: Books) -> None:
    """A ref of a proposal of which the ledger knows nothing tells of rows that are gone."""
    fact = {"proposal": 1, "digest": str(ledger.GENESIS), "state": "refused", "policy": "x"}
    ledger.append(books.connection, "proposal", fact)
    head = books.repo.git("rev-parse", "HEAD").strip()
    books.repo.git("update-ref", "refs/workflow/proposals/2", head)
    assert any("git has proposal 2, of which" in said for said in books.wrong())


def test_two_tellers_do_not_lose_an_anchor(books: Books) -> None:
    """Another process that has told git in the meantime is followed, not overwritten."""
    books.land()
    other = connect(books.git.common_dir / "workflow")
    first = ledger.anchor(books.git, other)
    assert first
    other.close()
    books.land()
    assert books.anchor().seq > first.seq
    assert books.wrong() == []
    assert ledger.check(books.git, books.connection).anchors == 4
