"""Git's own diffs are read without loss, and as unidiff, an independent reader, reads them."""

from __future__ import annotations

import io
import subprocess
import tempfile
from pathlib import Path
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from unidiff.patch import PatchSet

from workflow.patch.interface import Create, Delete, Edit, Hunk
from workflow.patch.read import read

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [b"", b" ", b"\t", b"x", b"-- x", b"++ x", b"@@ -1 +1 @@", b"```", b"\\ No", b"\r"]
        ),
        st.sampled_from([b"<<<<<<< SEARCH", b"*** End Patch", b"diff --git a/f b/f", b"-", b"+"]),
        st.binary(max_size=6).map(lambda line: line.replace(b"\n", b"").replace(b"\0", b"")),
    ),
    max_size=14,
)
TEXTS = st.builds(
    lambda lines, end: b"\n".join(lines) + end, LINES, st.sampled_from([b"", b"\n", b"\r\n"])
)
FILES = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4)
Said: TypeAlias = "tuple[str, list[tuple[bytes, bytes]]]"


def diff(files: list[tuple[bytes, bytes]]) -> bytes:
    """Return git's diff of two folders that hold these files."""
    with tempfile.TemporaryDirectory() as name:
        for number, texts in enumerate(files):
            for folder, text in zip(("a", "b"), texts, strict=True):
                path = Path(name) / folder / f"file {number}"
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(text)
        argv = ["git", "diff", "--no-index", "--no-prefix", "--text", "-U2", "a", "b"]
        return subprocess.run(argv, cwd=name, capture_output=True, check=False).stdout


def ours(text: bytes) -> list[Said]:
    """Return files and hunks as our reader reads them; git's diff needs no repair."""
    reading = read(text)
    assert reading.repairs == ()
    said = []
    for operation in reading.operations:
        assert isinstance(operation, Edit)
        hunks = [(change.old, change.new) for change in operation.changes]
        said.append((str(operation.names[0]), hunks))
    return said


def theirs(text: bytes) -> list[Said]:
    """Return files and hunks as unidiff reads them."""
    patch = PatchSet(io.StringIO(text.decode("utf-8", "surrogateescape"), newline="\n"))
    said: list[Said] = []
    for file in patch:
        hunks = []
        for hunk in file:
            old: list[bytes] = []
            new: list[bytes] = []
            sides: list[list[bytes]] = []
            for line in hunk:
                if line.line_type == "\\":
                    for side in sides:
                        side[-1] = side[-1].removesuffix(b"\n")
                    continue
                sides = {" ": [old, new], "-": [old], "+": [new]}[line.line_type]
                for side in sides:
                    side.append(line.value.encode("utf-8", "surrogateescape"))
            hunks.append((b"".join(old), b"".join(new)))
        said.append((file.path, hunks))
    return said


@settings(max_examples=40, deadline=None)
@given(FILES)
def test_git_diffs_are_read_as_unidiff_reads_them(files: list[tuple[bytes, bytes]]) -> None:
    """The same files, hunks, old lines and new lines."""
    text = diff(files)
    if text:
        assert ours(text) == theirs(text)


def printed(hunk: Hunk) -> bytes:
    """Return a hunk's lines the way that git prints them."""
    old, new = (side.split(b"\n") for side in (hunk.old, hunk.new))
    sizes = {b"-": len(old) - 1, b"+": len(new) - 1}
    parts = []
    at = other = 0
    for code in hunk.signs:
        sign = bytes([code])
        line = new[other] if sign == b"+" else old[at]
        is_cut = at == sizes[b"-"] if sign != b"+" else other == sizes[b"+"]
        parts.append(sign + line + b"\n" + b"\\ No newline at end of file\n" * is_cut)
        at += sign != b"+"
        other += sign != b"-"
    return b"".join(parts)


@settings(max_examples=40, deadline=None)
@given(FILES)
def test_git_diffs_are_read_without_loss(files: list[tuple[bytes, bytes]]) -> None:
    """Old lines, new lines and signs give back every byte of a hunk."""
    text = diff(files)
    if not text:
        return
    changes = [
        change
        for operation in read(text).operations
        if isinstance(operation, Edit)
        for change in operation.changes
    ]
    assert all(isinstance(change, Hunk) for change in changes)
    bodies = [printed(change) for change in changes if isinstance(change, Hunk)]
    position = 0
    for body in bodies:
        position = text.find(b"\n@@ ", position)
        start = text.index(b"\n", position + 1) + 1
        assert text.startswith(body, start)
        position = start + len(body) - 1
    assert text.find(b"\n@@ ", position) < 0


def test_new_and_deleted_files(tmp_path: Path) -> None:
    """A real diff of files that come, go, move, are empty, or get another mode."""
    argv = ["git", "-C", str(tmp_path)]
    subprocess.run([*argv, "init", "-q"], check=True)
    for name, data in {"gone": b"a\nb\n", "moved": b"1\n2\n", "run": b"x\n", "e": b""}.items():
        (tmp_path / name).write_bytes(data)
    subprocess.run([*argv, "add", "-A"], check=True)
    (tmp_path / "gone").unlink()
    (tmp_path / "e").unlink()
    (tmp_path / "moved").rename(tmp_path / "sä to")
    (tmp_path / "new").write_bytes(b"n\r\nm")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "run").chmod(0o755)
    tree = subprocess.run([*argv, "write-tree"], check=True, capture_output=True).stdout.strip()
    subprocess.run([*argv, "add", "-A"], check=True)
    command = [*argv, "diff", "-M", "--no-rename-empty", "--cached", tree.decode()]
    text = subprocess.run(command, check=True, capture_output=True).stdout
    found = {type(each).__name__: each for each in read(text).operations if each.names[0] != "e"}
    assert {kind: str(each.names[0]) for kind, each in found.items()} == {
        "Delete": "gone",
        "Move": "moved",
        "Create": "new",
        "Edit": "run",
    }
    assert getattr(found["Move"], "to", None) == ("sä to",)
    creates = [each for each in read(text).operations if isinstance(each, Create)]
    assert {each.names[0]: each.data for each in creates} == {"empty": b"", "new": b"n\r\nm"}
    deletes = [each for each in read(text).operations if isinstance(each, Delete)]
    assert {each.names[0]: each.data for each in deletes} == {"gone": b"a\nb\n", "e": None}
    assert getattr(found["Edit"], "mode", None) == "100755"
