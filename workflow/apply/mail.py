"""Writes a landing as a mail that `git am` turns into the same tree, with the same trailers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.apply.interface import Move
    from workflow.git_store import GitStore

_LONGEST_LINE = 998
"""Bytes of a line of a mail, without its end (RFC 5322, 2.1.1)."""
_FORMAT = (
    *("format-patch", "--stdout", "-1", "--no-stat", "--full-index", "--binary", "--no-renames"),
    *("--no-signature", "--subject-prefix=PATCH", "--no-numbered", "--no-attach", "--no-thread"),
    *("--no-cover-letter", "--no-base", "--no-notes", "--no-signoff", "--no-to", "--no-cc"),
    *(
        "--no-add-header",
        "--encode-email-headers",
        "--no-from",
        "--src-prefix=a/",
        "--dst-prefix=b/",
    ),
    *("--no-color", "--no-ext-diff", "--no-textconv", "--diff-algorithm=histogram", "-U3"),
)


_HEADERS = (b"From ", b"From:", b"Date:", b"Subject:", b" ")
"""What is taken over of git's headers, with their continued lines."""


def mail(git: GitStore, move: Move) -> bytes:
    """The mail of a move's commit, with its author as the sender.

    A body that mail programs or `git am` would alter (line ends of CR LF, bytes that are no UTF-8,
    very long lines) is in base64.
    """
    head, _, rest = git.git(*_FORMAT, move.after).partition(b"\n\n")
    said, _, patch = rest.partition(b"\ndiff --git ")
    body = said + b"\n---\n\ndiff --git " + patch
    how, body = (b"8bit", body) if _is_plain(body) else (b"base64", base64.encodebytes(body))
    rows = [row for row in head.split(b"\n") if row.startswith(_HEADERS)]
    rows += [b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=UTF-8"]
    return b"\n".join([*rows, b"Content-Transfer-Encoding: " + how, b"", body])


def _is_plain(body: bytes) -> bool:
    """Whether a body comes out of a mail as it went in."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    longest = max(map(len, body.split(b"\n")))
    return longest <= _LONGEST_LINE and b"\r" not in body and b"\0" not in body
