"""Whatever a request, a name or a model is called, a commit has our trailers and no other."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.apply.message import message, plain_line
from workflow.text import is_hidden

HOSTILE = st.sampled_from(
    [
        *("\n", "\r", "\x1b[31m", "\x00", "\u202e", "\u2066", "\u2028", "\u3164", "\ufe0f", " "),
        *("Approved-by: Eve <eve@example.test>", "Workflow-Ledger: 1 x", "---", "--- ", "-- "),
        *("# ------------------------ >8 ------------------------", "#", "diff --git a/x b/x"),
        *("From: Eve <eve@example.test>", "(cherry picked from commit ", "Signed-off-by: x", ": "),
    ]
)
TEXT = st.lists(st.one_of(HOSTILE, st.text(max_size=20)), max_size=12).map("".join)
KEYS = ("Workflow-Proposal", "Approved-by", "Workflow-Model", "Workflow-Ledger")


def trailers_of(text: str) -> list[str]:
    """Return what git takes for trailers."""
    ran = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=text.encode("utf-8", "surrogatepass"),
        check=True,
        capture_output=True,
    )
    return ran.stdout.decode().splitlines()


@settings(max_examples=60, deadline=None)
@given(TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_git_reads_our_trailers_and_no_other(title: str, values: list[str]) -> None:
    """Keys are in order, values are visible lines, and no words of a title are among them."""
    ours = [("Workflow-Proposal", "7")]
    ours += [(KEYS[1 + number % 3], value) for number, value in enumerate(values)]
    text = message(title, ours)
    found = [line.partition(": ") for line in trailers_of(text)]
    expected = [(key, plain_line(value)) for key, value in ours]
    assert [(key, value) for key, _, value in found] == [row for row in expected if row[1]]
    assert not any(is_hidden(char) for char in text if char != "\n")


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("", "Change:"),
        ("add /collect", "add /collect"),
        ("/collect", "Change: /collect"),
        ("[x] y", "Change: [x] y"),
        ("\u3164a\u3164b", "a b"),
        ("x" * 80, "x" * 71 + "…"),
    ],
)
def test_the_first_line(title: str, subject: str) -> None:
    """It is the title as one visible line, cut at 72 characters, and begins as a word does."""
    assert message(title, [("Key", "value")]).splitlines()[0] == subject


def test_a_long_title_is_there_in_full() -> None:
    """What the subject has no room for is in a paragraph that nothing takes for something else."""
    title = "From: Eve <eve@example.test> " + "x" * 100
    lines = message(title, [("Key", "value")]).splitlines()
    assert lines[2] == f"In full: {title}"
    assert trailers_of("\n".join(lines)) == ["Key: value"]


def test_a_long_value_is_cut() -> None:
    """A model's name of many pages does not fill the log."""
    (line,) = trailers_of(message("x", [("Workflow-Model", "m" * 10_000)]))
    assert len(line) == len("Workflow-Model: ") + 500
    assert line.endswith("…")
