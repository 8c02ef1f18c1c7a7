"""A landing as a mail: `git am` makes the same tree of it, with the same author and trailers."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from workflow import apply, approval
from workflow.apply import Shape, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.conftest import Desk
    from workflow.apply import Move

CHANGES: dict[str, dict[str, bytes | None]] = {
    "text": {"site.conf": b"one\nTWO\nthree\n", "app/main.py": None, "new/x.py": b"x\n"},
    "crlf": {"crlf.txt": b"a\r\nB\r\n", "mixed.txt": b"a\r\nb\n\r\n", "cr.txt": b"a\rb"},
    "binary": {"image.bin": bytes(range(256)) * 8, "nul.txt": b"a\0b\n"},
    "latin": {"latin.txt": b"caf\xe9\n", "long.txt": b"x" * 5000 + b"\n"},
    "no newline": {"site.conf": b"one\ntwo\nthree", "From here": b"From me\n-- \n--- a\n"},
    "names": {"caf\u00e9 \u4e2d.txt": b"x\n", "a b/c\td": b"x\n", 'q"uote': b"x\n"},
}
TITLE = "From: Eve <eve@example.test>\ndiff --git a/x b/x\n---\nSubject: x " + "\u00fc" * 80


def handed_out(desk: Desk, files: Mapping[str, bytes | None], text: str) -> tuple[Move, bytes]:
    """Return an approved proposal's move and its mail; nothing moves."""
    stored = desk.approved(files, text=text)
    cleared = approval.cleared(desk.store, desk.git, stored.id)
    before = desk.repo.snapshot()
    move = apply.prepare(desk.git, desk.store, cleared, Terms(Shape.PATCH))
    mail = apply.mail(desk.git, move)
    assert desk.repo.snapshot() == before
    return move, mail


@pytest.mark.parametrize("kind", CHANGES)
def test_git_am_makes_the_same_tree(desk: Desk, kind: str) -> None:
    """With any content and name, and settings of the user's that change how patches are written."""
    desk.repo.commit({"crlf.txt": b"a\r\nb\r\n", ".gitattributes": "*.conf -diff\n"})
    for key, value in (
        *(("format.from", "true"), ("format.signOff", "true"), ("format.attach", "x")),
        *(("format.subjectPrefix", "X"), ("diff.noprefix", "true"), ("format.pretty", "oneline")),
        *(("diff.renames", "copies"), ("format.headers", "X-Eve: 1\n"), ("diff.context", "0")),
        *(("format.coverLetter", "true"), ("format.useAutoBase", "true"), ("format.notes", "*")),
        *(("format.signature", "me"), ("format.encodeEmailHeaders", "false")),
    ):
        desk.repo.git("config", key, value)
    move, mail = handed_out(desk, CHANGES[kind], TITLE)
    words = ["git", "am", "--quiet", "--no-signoff"]
    subprocess.run(words, input=mail, cwd=desk.repo.path, check=True, capture_output=True)
    assert desk.repo.git("rev-parse", "HEAD^{tree}") == move.change.proposed
    assert desk.repo.git("rev-parse", "HEAD^") == move.before
    for form in ("%an <%ae>", "%B", "%ad"):
        applied, ours = (
            desk.repo.git("show", "-s", f"--format={form}", c) for c in ("HEAD", move.after)
        )
        assert applied == ours


def test_a_plain_mail_can_be_read(desk: Desk) -> None:
    """Text is sent as text, by the author, whatever the user's own patches are sent as."""
    desk.repo.git("config", "format.from", "true")
    _, mail = handed_out(desk, {"site.conf": b"one\nTWO\nthree\n"}, "make two louder")
    assert b"Subject: [PATCH] make two louder\n" in mail
    assert b"From: Ada Author <ada@example.test>\n" in mail.partition(b"\n\n")[0]
    assert b"Content-Transfer-Encoding: 8bit" in mail
    assert b"\n-two\n+TWO\n" in mail
    assert b"Approved-by: Ada Author <ada@example.test>" in mail
