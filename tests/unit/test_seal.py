"""What a provider is shown is sealed, what it answers is put into that, and the result is whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workflow import draft, prompts, seal
from workflow.canonical import sha256
from workflow.errors import DraftError
from workflow.gather import Gathered
from workflow.patch import TreeFiles
from workflow.redaction import (
    Allow,
    Finder,
    Kind,
    SealingError,
    SealingSettings,
    Span,
    Vault,
)
from workflow.redaction.files.scan import Recorded
from workflow.redaction.interface import FaultKind
from workflow.types import Brief, Draft, RepoPath, Shown, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import Desk

VALUE = "Correct-7horse-battery-staple9"
CUSTOMER = "acme-gmbh"


class Scripted:
    """A detector that knows one password and one customer."""

    def find(self, text: bytes, path: str) -> Iterator[Span]:
        """Find both wherever they stand."""
        del path
        for name, kind in ((VALUE, Kind.PASSWORD), (CUSTOMER, Kind.CUSTOMER)):
            value = name.encode()
            start = text.find(value)
            while start >= 0:
                yield Span(start, start + len(value), kind, "scripted")
                start = text.find(value, start + 1)


@pytest.fixture
def vault() -> Vault:
    """Return a vault that finds what `Scripted` does."""
    return Vault(b"k" * 32, Finder([Scripted()]))


def brief(vault: Vault, text: str, *files: SourceFile) -> Brief:
    """Make a surgeon's brief about files that it may edit."""
    return seal.brief(vault, prompts.load("surgical-edit"), text, Gathered(files)).brief


def test_a_brief_holds_no_value(vault: Vault) -> None:
    """Not in the request, not in a name, not in a file, and so not in the prompt."""
    path = RepoPath(f"sites/{CUSTOMER}.conf")
    file = SourceFile(path, f"# {CUSTOMER}\nkey {VALUE};\n".encode())
    made = brief(vault, f"let {CUSTOMER} in with {VALUE}", file)
    seen = f"{made.request}\n{made.prompt}\n{made.files}"
    assert VALUE not in seen
    assert CUSTOMER not in seen
    assert vault.restore_path(made.files[0].path) == path
    assert "Some values are withheld" in str(made.prompt)
    assert made.files[0].data.count(b"\n") == file.data.count(b"\n")


def test_a_brief_without_values_says_nothing_of_placeholders(vault: Vault) -> None:
    """A model is not told of what is not there."""
    file = SourceFile(RepoPath("f"), b"a\n")
    made = brief(vault, "change a", file)
    assert "Some values are withheld" not in str(made.prompt)
    assert made.files == (file,)


class Broken:
    """A detector that fails."""

    def find(self, text: bytes, path: str) -> Iterator[Span]:
        """Fail."""
        message = f"no use: {len(text)} bytes of {path}"
        raise SealingError(message, hint="mend it")


def test_a_detector_that_fails_leaves_no_brief() -> None:
    """There is nothing that could be sent."""
    broken = Vault(b"k" * 32, Finder([Broken()]))
    with pytest.raises(SealingError):
        brief(broken, "x", SourceFile(RepoPath("f"), b"a\n"))


def test_text_that_cannot_be_read_leaves_no_brief(vault: Vault) -> None:
    """A zero byte behind all that git looks at still stops it."""
    file = SourceFile(RepoPath("f"), b"a" * 9000 + b"\0")
    with pytest.raises(SealingError):
        brief(vault, "x", file)


def placed(desk: Desk, vault: Vault, text: str, scratch: Path) -> draft.Placed:
    """Place a draft on the desk's branch."""
    answer = Draft(text, (), (), "scripted", "none")
    return draft.place(desk.git, desk.git.snapshot().tree, answer, vault, scratch)


def test_a_draft_meets_sealed_files_and_gives_whole_ones(
    desk: Desk, vault: Vault, tmp_path: Path
) -> None:
    """A hunk quotes the placeholder; the tree that it makes has the value in its place."""
    path = f"sites/{CUSTOMER}.conf"
    desk.repo.commit({path: f"one\nkey {VALUE};\nthree\n"})
    files = seal.SealedFiles(vault, TreeFiles(desk.git, desk.git.snapshot().tree))
    shown = RepoPath(vault.seal_path(path))
    assert shown != path
    content = files.read(shown)
    assert content
    middle = content.data.decode().splitlines()[1]
    assert VALUE not in middle
    text = f"```diff\n--- a/{shown}\n+++ b/{shown}\n@@\n one\n {middle}\n-three\n+THREE\n```\n"
    made = placed(desk, vault, text, tmp_path)
    assert [file.path for file in made.change.files] == [path]
    assert made.faults == ()
    new = desk.git.read(made.change.proposed, RepoPath(path))
    assert new == f"one\nkey {VALUE};\nTHREE\n".encode()


def test_a_placeholder_elsewhere_is_a_fault(desk: Desk, vault: Vault, tmp_path: Path) -> None:
    """It is told where it stands, and its value is not."""
    desk.repo.commit({"site.conf": f"one\nkey {VALUE};\nthree\n"})
    mark = vault.seal_text(VALUE)
    text = f"```diff\n--- a/site.conf\n+++ b/site.conf\n@@\n-three\n+log {mark};\n```\n"
    made = placed(desk, vault, text, tmp_path)
    assert made.faults
    assert VALUE not in repr(made.faults)


def test_binary_files_can_be_deleted(desk: Desk, vault: Vault, tmp_path: Path) -> None:
    """No drafter has seen such a file, and it need not be sealed to go."""
    desk.repo.commit({"logo.bin": b"\0\1\2"})
    text = "*** Begin Patch\n*** Delete File: logo.bin\n*** End Patch\n"
    made = placed(desk, vault, text, tmp_path)
    assert [file.path for file in made.change.files] == ["logo.bin"]


def test_logs_are_kept_without_the_values_of_changed_files(desk: Desk, vault: Vault) -> None:
    """Of either side, and only from the first log on: nothing is read when nothing is kept."""
    before = desk.git.snapshot()
    desk.repo.commit({"site.conf": f"key {VALUE};\n"})
    change = desk.git.change(before.tree, desk.git.snapshot().tree)
    keep = seal.keeper(vault, desk.git, change, desk.store.keep)
    assert vault.values() == ()
    kept = desk.store.kept(keep(f"E  assert '{VALUE}' == ''\n".encode()))
    assert VALUE.encode() not in kept
    assert kept.startswith(b"E  assert 'ZQVX")
    assert desk.store.kept(keep(b"fine\n")) == b"fine\n"
    assert sha256(b"fine\n") == keep(b"fine\n")


def test_a_file_with_values_stays_text(desk: Desk, vault: Vault, tmp_path: Path) -> None:
    """A draft that makes it unreadable is refused: nothing could be restored in it."""
    desk.repo.commit({"site.conf": f"one\nkey {VALUE};\nthree\n"})
    text = "```diff\n--- a/site.conf\n+++ b/site.conf\n@@\n-three\n+th\0ree\n```\n"
    with pytest.raises(DraftError, match=r"site\.conf unreadable") as caught:
        placed(desk, vault, text, tmp_path)
    assert VALUE not in caught.value.message


def test_values_stay_with_a_file_that_is_renamed(desk: Desk, vault: Vault, tmp_path: Path) -> None:
    """All its placeholders under another name are no fault; a part of them is."""
    desk.repo.commit({"old.conf": f"one;\nkey {VALUE};\n", "other.conf": f"two {CUSTOMER}\n"})
    move = "*** Begin Patch\n*** Update File: old.conf\n*** Move to: new.conf\n@@\n-one;\n+ONE;\n"
    made = placed(desk, vault, f"{move}*** End Patch\n", tmp_path)
    assert made.faults == ()
    assert desk.git.read(made.change.proposed, RepoPath("new.conf")) == (
        f"ONE;\nkey {VALUE};\n".encode()
    )
    mark = vault.seal_text(VALUE)
    copy = f"*** Add File: new.conf\n+key {mark};\n*** Delete File: other.conf\n"
    again = tmp_path / "again"
    again.mkdir()
    made = placed(desk, vault, f"*** Begin Patch\n{copy}*** End Patch\n", again)
    assert [fault.path for fault in made.faults] == ["new.conf"]


def test_what_may_be_seen_is_in_the_receipt() -> None:
    """With the reason and the last day that a comment gives."""
    last = datetime.now(UTC).date() + timedelta(days=30)
    allow = Recorded(Allow(SealingSettings(), datetime.now(UTC).date()))
    vault = Vault(b"k" * 32, Finder([Scripted()], allow), allow.allowed)
    text = f"key {VALUE};  # workflow: allow password until {last} because a public sample\n"
    made = brief(vault, "x", SourceFile(RepoPath("f"), text.encode()))
    assert VALUE in str(made.prompt)
    assert seal.shown(vault) == (Shown("f", 1, "password", "a public sample", last.isoformat()),)


def test_a_smaller_proposal_is_judged_for_its_values(desk: Desk, vault: Vault) -> None:
    """Leaving spare lines out does not leave out what was wrong with a placeholder."""
    desk.repo.commit({"app.conf": f"one\nkey {VALUE};\nthree\n"})
    base = desk.git.snapshot()
    desk.repo.commit({"app.conf": f"one\nkey {VALUE};\nlog {VALUE};\nthree\n"})
    change = desk.git.change(base.tree, desk.git.snapshot().tree)
    faults = seal.misplaced(vault, desk.git, change)
    assert [(fault.path, fault.line, fault.kind) for fault in faults] == [
        ("app.conf", 3, FaultKind.COPIED)
    ]
    nothing = desk.git.change(base.tree, base.tree)
    assert seal.misplaced(vault, desk.git, nothing) == ()


def test_no_file_is_named_by_a_secret(desk: Desk, vault: Vault, tmp_path: Path) -> None:
    """A customer's name may be in a new file's name, a password may not."""
    brief(vault, f"use {VALUE} for {CUSTOMER}")
    marks = [vault.seal_path(name) for name in (VALUE, CUSTOMER)]
    adds = "".join(f"*** Add File: {mark}.txt\n+x\n" for mark in marks)
    made = placed(desk, vault, f"*** Begin Patch\n{adds}*** End Patch\n", tmp_path)
    assert {file.path for file in made.change.files} == {f"{VALUE}.txt", f"{CUSTOMER}.txt"}
    assert [(fault.path, fault.kind) for fault in made.faults] == [
        (f"{VALUE}.txt", FaultKind.MOVED)
    ]


def test_a_value_that_only_the_request_holds_is_a_secret_wherever_it_lands(vault: Vault) -> None:
    """Also where no detector would look at it, and only as long as no file holds it, too."""
    vault.learn(f"the password is {VALUE}".encode(), "")
    find = seal.secrets(vault, Finder(()).find)
    text = f"return '{VALUE}' + '{VALUE}'".encode()
    assert [text[span.start : span.end].decode() for span in find(text, "a.py")] == [VALUE, VALUE]
    vault.learn(f"key {VALUE};".encode(), "site.conf")
    assert seal.secrets(vault, Finder(()).find)(text, "a.py") == []
