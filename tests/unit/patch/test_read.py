"""Drafts of any kind: the dialect is found, a second patch is refused, and nothing else happens."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.patch.interface import Dialect, Edit, Hunk, PatchError, Reason, Repair
from workflow.patch.read import read
from workflow.types import RepoPath

HEAD = "--- a/f\n+++ b/f\n"
HUNK = "@@ -1,3 +1,3 @@ server {\n one\n-two\n+TWO\n three\n"
DIFF = HEAD + HUNK
OTHER = DIFF.replace("TWO", "2")
BLOCK = "f.py\n<<<<<<< SEARCH\none\n=======\nONE\n>>>>>>> REPLACE\n"
V4A = "*** Begin Patch\n*** Update File: f\n@@\n one\n-two\n+TWO\n*** End Patch\n"
CALL = '{"path": "f", "old_str": "two", "new_str": "TWO"}\n'
OPERATION = '{"type": "update_file", "path": "f", "diff": "@@\\n-two\\n+TWO\\n"}\n'
FILE = "`g.py`\n```python\nprint(1)\n```\n"
READ = Edit((RepoPath("f"),), (Hunk(1, b"one\ntwo\nthree\n", b"one\nTWO\nthree\n", b" -+ "),))


def fenced(text: str, info: str = "diff", mark: str = "```") -> str:
    """Return a text in a fence."""
    return f"{mark}{info}\n{text}{mark}\n"


def refusal(text: str | bytes) -> tuple[Reason, str]:
    """Return why a draft is refused, and the message; every refusal has a hint."""
    with pytest.raises(PatchError) as caught:
        read(text if isinstance(text, bytes) else text.encode())
    assert caught.value.hint
    return caught.value.refusals[0].reason, caught.value.message


# --- fences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (fenced(DIFF), set()),
        (fenced(DIFF, ""), set()),
        (fenced(DIFF, "patch"), set()),
        (fenced(DIFF, "f"), set()),
        (fenced(DIFF, mark="`````"), set()),
        (fenced(DIFF, mark="~~~"), set()),
        (fenced(f"f\n{DIFF}"), {Repair.PROSE}),
        (f"Here you are:\n\n{fenced(DIFF)}\n- I expect nginx -t to pass.\n", {Repair.PROSE}),
        (fenced(DIFF).removesuffix("\n"), {Repair.NO_FINAL_NEWLINE}),
        (fenced(DIFF + "\n\n"), {Repair.STRAY_BLANKS}),
        (fenced(DIFF) + fenced(DIFF), {Repair.REPEATED}),
        (f"{fenced(DIFF)}\nAgain:\n\n{fenced(DIFF, '')}", {Repair.REPEATED, Repair.PROSE}),
        (f"{fenced(DIFF)}\nAgain:\n\n{DIFF}\n", {Repair.REPEATED, Repair.PROSE}),
        (f"{fenced(DIFF)}\n{fenced('nginx -t' + chr(10), 'sh')}", {Repair.PROSE}),
        (f"{fenced('old' + chr(10), 'nginx')}\nbecomes\n\n{DIFF}", {Repair.PROSE}),
        (DIFF + "```\n", set()),
        (fenced(DIFF).replace("\n", "\r\n"), {Repair.LINE_ENDS}),
    ],
)
def test_a_diff_in_any_fence(text: str, repaired: set[Repair]) -> None:
    """Fences of any kind and prose round them change nothing."""
    reading = read(text.encode())
    assert reading.operations == (READ,)
    assert {repair for repair, _ in reading.repairs} == repaired


def test_fences_for_different_files() -> None:
    """A draft may have one fence for each file."""
    reading = read((fenced(DIFF) + "\nand\n\n" + fenced(DIFF.replace("/f", "/g"))).encode())
    assert [operation.names for operation in reading.operations] == [("f",), ("g",)]


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("", Reason.NOT_A_PATCH, "empty"),
        ("\n \r\n", Reason.NOT_A_PATCH, "empty"),
        ("I would add a location block.", Reason.NOT_A_PATCH, "'I would add"),
        ("[a](b) or {c}", Reason.NOT_A_PATCH, "no patch"),
        (fenced("server {}\n", "nginx"), Reason.NOT_A_PATCH, "tells no path"),
        (f"```diff\n{HEAD}@@\n one\n+two\n", Reason.UNREADABLE, "cut off"),
        (f"```diff\n{DIFF}", Reason.UNREADABLE, "cut off"),
        (fenced(DIFF) + "```diff\n", Reason.UNREADABLE, "cut off"),
        (fenced(DIFF) + "\n" + fenced(OTHER), Reason.CONFLICTING, "two fences"),
        (f"{fenced(DIFF)}\nor better\n\n{OTHER}", Reason.CONFLICTING, "'--- a/f'"),
        (f"{OTHER}\n{fenced(DIFF)}", Reason.CONFLICTING, "'--- a/f'"),
        (f"{fenced(DIFF)}\n@@ -9 +9 @@\n-x\n", Reason.UNREADABLE, "go on"),
        (f"{fenced(DIFF)}\nalso\n@@ -9 +9 @@\n-x\n", Reason.CONFLICTING, "'@@ -9 +9 @@'"),
        (f"{fenced(DIFF)}+more\n", Reason.UNREADABLE, "go on below its fence"),
        (f"{fenced(DIFF)} more\n```\nx\n```\n", Reason.UNREADABLE, "go on below its fence"),
        (f"{fenced(DIFF)}\n{fenced(V4A)}", Reason.CONFLICTING, "two dialects"),
        (f"{fenced(DIFF)}\n{fenced(CALL, 'json')}", Reason.CONFLICTING, "two dialects"),
        (
            f"{fenced(DIFF)}\n    --- a/g\n    +++ b/g\n    @@\n",
            Reason.CONFLICTING,
            "'    --- a/g'",
        ),
        (f"{fenced(DIFF)}\n> *** Begin Patch\n", Reason.CONFLICTING, "Begin Patch"),
        (f"Or:\n\n    --- a/g\n    +++ b/g\n\n{DIFF}", Reason.CONFLICTING, "'    --- a/g'"),
        ("```udiff\r```\r\n@@ -4,4 +4,4 @@ x\n", Reason.UNREADABLE, "first file header"),
        ("```a`\nwords\n", Reason.NOT_A_PATCH, "no patch"),
        (f"{fenced(DIFF)}\n{V4A}", Reason.CONFLICTING, "Begin Patch"),
        (f"{fenced(DIFF)}\n{CALL}", Reason.CONFLICTING, "old_str"),
        (f"{fenced(DIFF)}\n{FILE}", Reason.CONFLICTING, "a fence without one for 'g.py'"),
        (f"{fenced(V4A)}\n{DIFF}", Reason.CONFLICTING, "'--- a/f'"),
        (f"{CALL}\n{OPERATION}", Reason.CONFLICTING, "mixes"),
        (f"{V4A}\n{CALL}", Reason.CONFLICTING, "old_str"),
        (f"{DIFF}\n{V4A}", Reason.UNREADABLE, "Begin Patch"),
        (f"{DIFF}```\n```\n", Reason.UNREADABLE, "'```'"),
    ],
)
def test_what_is_refused(text: str, reason: Reason, words: str) -> None:
    """No patch, one that was cut off, and two that do not agree."""
    told, message = refusal(text)
    assert told is reason
    assert words in message


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (DIFF, Dialect.UNIFIED),
        (BLOCK, Dialect.SEARCH_REPLACE),
        (CALL, Dialect.STR_REPLACE),
        (V4A, Dialect.V4A),
        (OPERATION, Dialect.OPERATIONS),
        (FILE, Dialect.WHOLE_FILES),
    ],
)
def test_the_dialect_is_found(text: str, dialect: Dialect) -> None:
    """No draft has to say which dialect it is in."""
    assert read(text.encode()).dialect is dialect


def test_a_long_line_is_not_shown_whole() -> None:
    """A message stays one short line, whatever a draft holds."""
    _, message = refusal(HEAD + "@@\n" + "\x1b[31m" * 100_000 + "\n")
    assert len(message) < 250
    assert "..." in message
    assert message.isprintable()


# --- any input ------------------------------------------------------------------------------------

WHOLE = (DIFF, BLOCK, V4A, CALL, OPERATION, FILE)
PIECES = sorted(
    {line + "\n" for text in WHOLE for line in text.split("\n")}
    | {fenced(text) for text in WHOLE}
    | {"\r\n", "\0", "``", "\\ No newline\n", "diff --git a/f b/f\n", "--- /dev/null\n", " ", "é"}
    | {"rename from f\n", "rename to g\n", "new mode 100755\n", "index 1..2 100644\n", "-- \n1.2\n"}
    | {"*** End of File\n", "*** Move to: g\n", "*** Add File: g\n", "Index: g\n", '"', "[", "{"}
    | {"deleted file mode 100644\n", '--- "a/\\056git"\n', "+++ b/g\tdate\n", "From " + "a" * 40}
)


def check(data: bytes) -> None:
    """Read a draft, and check what every reading holds."""
    try:
        reading = read(data)
    except PatchError as error:
        for each in error.refusals:
            assert each.hint
            assert each.message.isprintable()
        return
    assert reading.operations
    numbers = []
    for operation in reading.operations:
        assert operation.names
        for change in getattr(operation, "changes", ()):
            numbers.append(change.number)
            if isinstance(change, Hunk):
                signs = change.signs
                assert signs
                assert not signs.strip(b" -+")
                assert len(lines(change.old)) == len(signs) - signs.count(b"+")
                assert len(lines(change.new)) == len(signs) - signs.count(b"-")
    assert len(set(numbers)) == len(numbers)
    assert read(data) == reading


def lines(text: bytes) -> list[bytes]:
    """Return lines with their line feeds."""
    return [*text.split(b"\n")[:-1], *filter(None, text.split(b"\n")[-1:])]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes make the reader fail in another way."""
    check(data)
    check(b"--- a/f\n+++ b/f\n@@\n" + data)


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_pieces_are_read_or_refused(pieces: list[str]) -> None:
    """Nor do the pieces of patches in any order."""
    check("".join(pieces).encode())


@given(st.sampled_from(WHOLE), st.data())
def test_damaged_drafts_are_read_or_refused(text: str, data: st.DataObject) -> None:
    """Nor do real drafts with parts cut out, doubled, or put elsewhere."""
    raw = text.encode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, len(raw)))
        put = data.draw(
            st.sampled_from([b"", raw[start:end] * 2, b"\n", b"\r\n", b"```\n", b"@@ "])
        )
        raw = raw[:start] + put + raw[end:]
    check(raw)


# --- time -----------------------------------------------------------------------------------------

LONG = {
    "context": HEAD + "@@\n" + " x\n",
    "blank": HEAD + "@@\n+x\n" + "\n",
    "hunks": HEAD + "@@\n x\n",
    "headers": "--- a/f\n+++ b/f\n",
    "gone": DIFF + "--- a/g\n+++ /dev/null\n",
    "heads and hunks": DIFF,
    "other hunks": HEAD + "@@ -1 +1 @@\n-%d\n+x\n",
    "git": "diff --git a/f b/f\n",
    "modes": "diff --git a/f b/f\nnew mode 100755\n",
    "dashes": HEAD + "@@\n--- x\n+++ x\n",
    "fences": "```\n",
    "whole files": "f/%d\n```\nx\n```\n\n",
    "prose": "words words\n",
    "spaces": " \t",
    "ticks": "`",
    "blocks": BLOCK.replace("one", "one%d"),
    "block lines": "f.py\n<<<<<<< SEARCH\n" + "=====x\n",
    "searches": "<<<<<<< SEARCH\n",
    "files": "*** Update File: f\n@@\n+a\n",
    "envelopes": "*** Begin Patch\n",
    "calls": CALL.replace("two", "two%d"),
    "braces": '{"old_str":',
    "brackets": "[\n",
    "quotes": '"old_str" \\',
    "escapes": '--- "a/' + "\\141",
    "mails": "From " + "a" * 40 + " Mon Sep 17 00:00:00 2001\n",
    "titles": "(" + "app/x.py (",
    "minus": "-- \n2.39.5\n",
    "carriage returns": HEAD + "@@\n" + "\r\n\r",
}


@pytest.mark.parametrize("name", LONG)
def test_time_grows_with_the_draft(name: str) -> None:
    """Ten times the draft takes about ten times as long, whatever it repeats."""
    whole = LONG[name]
    start = whole.rindex("\n", 0, -1) + 1 if name in {"context", "blank"} else 0
    first, unit = whole[:start], whole[start:]

    def seconds(size: int) -> float:
        count = size // len(unit)
        body = "".join([unit.replace("%d", str(at)) for at in range(count)])
        data = (first + body).encode()
        begin = time.process_time()
        with suppress(PatchError):
            read(data)
        return time.process_time() - begin

    def grows() -> bool:
        small, large = seconds(20_000), seconds(200_000)
        return large < 30 * small + 0.2

    # A busy machine may slow one try down; what is quadratic (a hundred times) fails all of them.
    assert any(grows() for _ in range(5))
