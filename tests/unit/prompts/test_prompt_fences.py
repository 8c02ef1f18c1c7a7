"""Data stands between marks that it cannot hold, and names cannot break out of their line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.prompts import FenceError, fence, fences
from workflow.types import LeftOut, RepoPath, SourceFile, Wanted

WORD = "0123456789abcdef" * 2


def test_a_fence_is_drawn_anew() -> None:
    """Two requests have two fences of 128 bits each."""
    first, second = fence("a"), fence("a")
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{32}", first)


def test_a_fence_is_kept_from_round_to_round() -> None:
    """The fence of the round before is taken again where no text holds it."""
    assert fence("a", keep=WORD) == WORD


@pytest.mark.parametrize("text", [WORD, f"x{WORD}x", WORD.upper()])
def test_a_fence_that_a_text_holds_is_not_kept(text: str) -> None:
    """A text that quotes the fence, in whatever case, gets another one."""
    assert fence("a", text, keep=WORD) not in {WORD, WORD.upper()}


@pytest.mark.parametrize("word", ["", "===", "0" * 31, "0" * 33, "G" * 32, f"{WORD}\n"])
def test_what_is_no_fence(word: str) -> None:
    """A word that could be guessed, or that ends a line, is refused."""
    with pytest.raises(FenceError, match="32 hexadecimal digits"):
        fences.require_apart(word, [])


def test_a_fence_has_to_stand_apart() -> None:
    """A fence that stands in a text is refused, in whatever case."""
    fences.require_apart(WORD, ["a", "b"])
    with pytest.raises(FenceError, match="holds the very fence"):
        fences.require_apart(WORD, ["a", f"=== {WORD.upper()} end of file ==="])


@given(st.text(max_size=80), st.sampled_from([str.lower, str.upper, str.title]))
def test_without_a_fence(text: str, cased: object) -> None:
    """What a draft's writer quotes of the fence is taken out, and all else stays."""
    assert callable(cased)
    found = fences.without(WORD, f"{text}{cased(WORD)}{text}")
    assert WORD not in found.lower()
    assert found == f"{text}(mark){text}"


@given(st.binary(max_size=200))
def test_a_file_is_whole_between_its_marks(data: bytes) -> None:
    """The bytes of any file come out as they went in, with a line feed at most behind them."""
    text = fences.files(WORD, [SourceFile(RepoPath("a b.txt"), data)])
    raw = text.encode("utf-8", "surrogateescape")
    head, _, rest = raw.partition(b"\n")
    body, _, tail = rest.rpartition(f"=== {WORD} end of file ===".encode())
    assert tail == b""
    is_ended = data.endswith(b"\n") or not data
    assert body == (data if is_ended else data + b"\n")
    ending = "" if is_ended else ", no line feed at its end"
    assert head.decode() == f"=== {WORD} file a b.txt ({len(data):,} bytes{ending}) ==="


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("app/main.py", "app/main.py"),
        ("a b/ü.py", "a b/ü.py"),
        ("a\nb", r'"a\nb"'),
        ('say "x"', r'"say \"x\""'),
        ("back\\slash", r'"back\\slash"'),
        ("\u202egnp.exe", r'"\342\200\256gnp.exe"'),
        ("caf\udce9", r'"caf\351"'),
        ("\x1b[31m", r'"\033[31m"'),
        ("x\u2028y", r'"x\342\200\250y"'),
    ],
)
def test_a_path_is_shown_as_git_quotes_it(name: str, shown: str) -> None:
    """A path with a character that does not show is quoted, which a patch may repeat."""
    assert fences.path(name) == shown


@given(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40))
def test_a_quoted_path_is_read_back(name: str) -> None:
    """What is shown for a path is one line, and the reader of patches takes it for that path."""
    from workflow.patch.names import name_of  # noqa: PLC0415 - of a floor above, for this alone

    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return
    shown = fences.path(name)
    assert len(shown.splitlines()) == 1
    if shown.startswith('"'):
        assert name_of(shown.encode("utf-8", "surrogateescape"))[0] == raw
    else:
        assert shown == name


def test_lists_are_data_too() -> None:
    """Paths, files left out and edits wanted have a line each, between marks."""
    odd = RepoPath("a\n=== x")
    assert fences.paths(WORD, [odd, RepoPath("b")]) == (
        f'=== {WORD} paths (2) ===\n"a\\n=== x"\nb\n=== {WORD} end of paths ==='
    )
    assert fences.left_out(WORD, [LeftOut(odd, "too\nbig")]) == (
        f'=== {WORD} not shown (1) ===\n"a\\n=== x": too big\n=== {WORD} end of not shown ==='
    )
    assert fences.wanted(WORD, [Wanted("a", "do\r\nthis")]) == (
        f"=== {WORD} edits wanted (1) ===\na: do this\n=== {WORD} end of edits wanted ==="
    )


def test_an_empty_list_says_nothing() -> None:
    """Where there is nothing to list, there are no marks."""
    assert not fences.paths(WORD, [])
    assert not fences.left_out(WORD, [])
    assert not fences.wanted(WORD, [])
    assert not fences.files(WORD, [])
