"""A refused hunk comes with the nearest lines, and no draft takes long to refuse."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from workflow.patch.interface import Content, Edit, Hunk, PatchError
from workflow.patch.place import place
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.patch.interface import Placement

PATH = RepoPath("f")


class Memory:
    """Files that are only in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: RepoPath) -> Content | None:
        """Return what there is."""
        data = self._files.get(path)
        return None if data is None else Content("100644", data)


def hunk(text: bytes, number: int) -> Hunk:
    """Make a hunk of a diff's lines."""
    rows = text.splitlines(keepends=True)
    old = b"".join(row[1:] for row in rows if row[:1] != b"+")
    new = b"".join(row[1:] for row in rows if row[:1] != b"-")
    return Hunk(number, old, new, b"".join(row[:1] for row in rows))


def placed(data: bytes, *texts: bytes) -> Placement:
    """Place hunks in a file `f`."""
    changes = tuple(hunk(text, number) for number, text in enumerate(texts, 1))
    return place([Edit((PATH,), changes)], Memory({PATH: data}))


def refusal(data: bytes, *texts: bytes) -> PatchError:
    """Place hunks that are refused."""
    with pytest.raises(PatchError) as caught:
        placed(data, *texts)
    return caught.value


# --- what a refusal shows ----------------------------------------------------------------------


def test_the_refusal_shows_the_nearest_lines() -> None:
    """Who wrote the draft is told which line is missing, and what stands there instead."""
    data = b"".join(b"option %d;\n" % number for number in range(20)) + b"listen 80;\nend\n"
    error = refusal(data, b" option 18;\n option 19;\n-listen 8O;\n+listen 81;\n")
    (only,) = error.refusals
    assert only.hint == "not in the file: 'listen 8O;'; the nearest line is 21: 'listen 80;'"
    assert only.nearest == (
        *((18, b"option 17;"), (19, b"option 18;"), (20, b"option 19;"), (21, b"listen 80;")),
        (22, b"end"),
    )


@pytest.mark.parametrize(
    ("data", "text", "hint"),
    [
        (b"", b"-a\n", "the file is empty"),
        (b"a\nb\n", b" b\n-a\n", "but not in this order"),
        (b"  a\n   b\n", b" a\n-b\n", "with other blanks"),
        (b"q\n", b"-\x1b[2J\n", r"not in the file: '\x1b[2J'"),
        (
            b"some words\n" * 400 + b"special value\n",
            b"-special valve\n",
            "is 401: 'special value'",
        ),
    ],
)
def test_hints_that_help(data: bytes, text: bytes, hint: str) -> None:
    """The sentence fits what is wrong, and is safe to print."""
    assert hint in refusal(data, text).hint


# --- hostile sizes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"x\n" * 100_000, [b" x\n" * 50 + b"-y\n"] * 300),
        (b"x\nx\ny\n" * 30_000, [b" x\n y\n-y\n"] * 300),
        (b" x\n" * 50_000 + b"  x\n" * 50_000, [b" x\n" * 40 + b"-\tx\n"] * 100),
        (b" x\n" * 100_000, [b" x\n" * 400 + b"+x\n"] * 9),
        (b" " * 1_000_000 + b"x\n", [b"-x \n"] * 50),
        (b"x" * 5_000_000, [b"-" + b"x" * 1_000_000 + b"\n"]),
        (b"a\n" * 1000, [b"-%d nowhere to be found\n" % number for number in range(1000)]),
    ],
    ids=[
        "equal lines",
        "almost",
        "turned",
        "untold",
        "one line of blanks",
        "one long line",
        "hopeless",
    ],
)
def test_no_draft_takes_long(data: bytes, texts: list[bytes]) -> None:
    """Many equal lines, many hunks and huge lines are refused, or placed, in a moment."""
    started = time.process_time()
    refusal(data, *texts)
    assert time.process_time() - started < 4


def test_a_thousand_hunks_in_a_large_file() -> None:
    """Each is found without reading the whole file for it."""
    lines = [b"line %d\n" % number for number in range(200_000)]
    texts = [b"-line %d\n+LINE %d\n" % (number, number) for number in range(0, 200_000, 200)]
    started = time.process_time()
    ((_, content),) = placed(b"".join(lines), *texts).files
    assert time.process_time() - started < 4
    assert content
    assert content.data.count(b"LINE") == 1000
    assert content.data.lower() == b"".join(lines)
