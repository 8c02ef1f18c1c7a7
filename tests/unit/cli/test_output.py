"""What came from outside is seen by a terminal and never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.cli.output import Output, Progress, visible, visible_lines


@pytest.mark.parametrize(
    ("char", "shown"),
    [
        ("\x1b", "<U+001B>"),
        ("\0", "<U+0000>"),
        ("\n", "<U+000A>"),
        ("\r", "<U+000D>"),
        ("\x07", "<U+0007>"),
        ("\x08", "<U+0008>"),
        ("\x7f", "<U+007F>"),
        ("\x9b", "<U+009B>"),
        ("\x85", "<U+0085>"),
        ("\u200b", "<U+200B>"),
        ("\u200d", "<U+200D>"),
        ("\u00ad", "<U+00AD>"),
        ("\ufeff", "<U+FEFF>"),
        ("\u202e", "<U+202E>"),
        ("\u2066", "<U+2066>"),
        ("\u2069", "<U+2069>"),
        ("\u2028", "<U+2028>"),
        ("\u2029", "<U+2029>"),
        ("\udcff", "<U+DCFF>"),
        ("\ue000", "<U+E000>"),
        ("\U000e0041", "<U+E0041>"),
    ],
)
def test_controls_and_formats_are_shown_by_number(char: str, shown: str) -> None:
    """Escape sequences, bidi overrides and invisible characters become visible."""
    assert visible(f"a{char}b") == f"a{shown}b"


@pytest.mark.parametrize("text", ["plain", "a\ttab", "ünï 漢字 ✓ 🙂", "<b>[red]", "\u00a0"])
def test_ordinary_text_stays(text: str) -> None:
    """Tabs and every script are as they were, and so are the lines of a text."""
    assert visible(text) == text
    assert visible_lines(f"{text}\n{text}\n") == f"{text}\n{text}\n"


@given(st.text(st.characters()))
def test_nothing_that_acts_is_left(text: str) -> None:
    """Of any text, only printable characters and tabs remain."""
    for char in visible(text):
        assert char == "\t" or unicodedata.category(char) not in {
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Zl",
            "Zp",
        }


def test_counts_are_not_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Where lines stay, such as in a log, a count that grows is told once in a while."""
    progress = Progress(Output(as_json=False))
    progress.began("draft")
    for count in (1, 2, "1.2k", "1.3k"):
        progress.detail(f"writing, {count} tokens")
    progress.detail("trying again in 3 s (overloaded), 2 of 3")
    progress.began("gates")
    progress.detail("nginx")
    progress.detail("pytest")
    assert capsys.readouterr().err.splitlines() == [
        "· draft",
        "· draft: writing, 1 tokens",
        "· draft: trying again in 3 s (overloaded), 2 of 3",
        "· gates",
        "· gates: nginx",
        "· gates: pytest",
    ]
