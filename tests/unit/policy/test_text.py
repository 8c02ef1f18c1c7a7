"""Text: nothing hidden, nothing too long, no line ends that a terminal plays tricks with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from workflow.policy import Sample
from workflow.policy.look import lines_added

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench


def edit(old: bytes, new: bytes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the two trees of an edit of one file."""
    return {"site.conf": old}, {"site.conf": new}


# --- hidden characters ----------------------------------------------------------------------------


def test_hidden_characters_are_named(bench: Bench) -> None:
    """Controls and formats that a change brings in are objected to by their number."""
    for char in [
        *("\x1b", "\x7f", "\x9b", "\x08", "\x0b", "\x01", "\x85"),
        *("\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u2028"),
        *("\u3164", "\u2800", "\ufe0f", "\U000e0101", "\U000e0041", "\ue000", "\U0001d159"),
        *("\x0c", "\u00a0", "\u1680", "\u2000", "\u2009", "\u202f", "\u205f", "\u3000"),
    ]:
        text = f"new {char}\n".encode()
        assert bench.rules(*edit(b"old\n", text)) == {"hidden-character"}, char
        assert bench.rules({}, {"new.py": text}) == {"hidden-character"}, char
        (reason,) = bench.reasons("hidden-character", {}, {"new.py": text})
        assert f"U+{ord(char):04X}" in reason, char


def test_one_more_hidden_character_is_named(bench: Bench) -> None:
    """A file that holds one already does not admit a second."""
    assert bench.rules(*edit("\ufeffone\n".encode(), "\ufeffo\ufeffne\n".encode())) == {
        "hidden-character"
    }
    assert bench.rules(*edit(b"\x1bone\n", b"\x1bo\x1bne\n")) == {"hidden-character"}


def test_a_hidden_character_in_a_name_is_named(bench: Bench) -> None:
    """A name is text, too."""
    for char in "\u202e\u00a0\u3000\x0c":
        assert "hidden-character" in bench.rules({}, {f"a{char}b": b"x\n"}), char


def test_a_selector_is_for_a_symbol(bench: Bench) -> None:
    """Directly after one that has a coloured form, and after nothing else."""
    for text, objects in [
        ("\u26a0\ufe0f \u2764\ufe0f \u2139\ufe0f \U0001f3f7\ufe0f", False),
        ("\u26a0 \ufe0f", True),
        ("\u26a0x\ufe0f", True),
        ("\u26a0\ufe0f\ufe0f", True),
        ("x\ufe0f", True),
        ("\u65e5\ufe0f", True),
        ("\u2800\ufe0f", True),
    ]:
        expected = {"hidden-character"} if objects else set()
        assert bench.rules(*edit(b"x\n", f"{text}\n".encode())) == expected, ascii(text)


def test_what_was_there_or_is_ordinary_is_not_hidden(bench: Bench) -> None:
    """Tabs, line ends, other scripts, and what the base holds already pass."""
    for old, new in [
        (b"one\x0c\n", b"\tone\ntwo\x0c\n"),
        ("\u3000one\u00a0two\n".encode(), "\u3000one\n\u00a0two\n".encode()),
        (b"one\r\n", b"\tone\r\ntwo\r\n"),
        ("\ufeffone\n".encode(), "\ufeffONE\n".encode()),
        ("\u200bone\n".encode(), b"one\n"),
        (b"one\n", "\u00fcn\u00ef \u2192 \u2713 \u6f22\u5b57 \U0001f600\n".encode()),
        (b"\xe9\n", b"\xe8\xff\n"),
        (b"\xe9\x1b\n", b"\xe8\xff\x1b\n"),
    ]:
        assert bench.rules(*edit(old, new)) == set(), (old, new)


def test_a_reason_never_holds_what_it_warns_of(bench: Bench) -> None:
    """Names, words and patterns are shown with escapes."""
    sample = Sample({}, {"a\u202e\x1b.git~1:": b"p\xd0\xb0ypal\x1b\n"})
    for finding in bench.judged(sample).findings:
        assert finding.reason.isprintable()
        assert "\u202e" not in finding.reason


# --- binary ---------------------------------------------------------------------------------------


def test_binary_content(bench: Bench) -> None:
    """A NUL, or bytes that no reader can show, unless they were there."""
    for old, new, expected in [
        (b"x\n", b"x\0\n", {"binary-file"}),
        (b"\0a", b"\0b", {"binary-file"}),
        (b"\0a", b"a", set()),
        (b"x\n", b"\xff\n", {"binary-file"}),
        (b"\xff\n", b"\xfe\n", set()),
        (b"\xff\n", b"\xff\0\n", {"binary-file"}),
    ]:
        assert bench.rules(*edit(old, new)) == expected, (old, new, expected)


# --- lines ----------------------------------------------------------------------------------------


def test_characters_are_counted_and_not_bytes(bench: Bench) -> None:
    """A line in another script may be as long as any."""
    line = "\u65e5" * 1000
    assert bench.rules(*edit(b"", f"{line}\n".encode())) == set()
    assert bench.rules(*edit(b"", f"{line}x\n".encode())) == {"line-length"}
    assert bench.rules(*edit(b"", f"{line}\r\n".encode())) == set()


def test_a_long_line_that_was_there_may_stay(bench: Bench) -> None:
    """Only added lines count, also where others change around them."""
    line = b"x" * 5000 + b"\n"
    assert bench.rules(*edit(b"one\n" + line, b"two\n" + line + b"three\n")) == set()
    assert bench.rules(*edit(line, line + line)) == {"line-length"}


def test_a_line_of_10_mb(bench: Bench) -> None:
    """It is judged like any other."""
    line = b"a" * 10_000_000 + b"\n"
    assert bench.rules(*edit(b"x\n", line)) == {"line-length", "added-size"}


def test_line_ends(bench: Bench) -> None:
    """Bare carriage returns and mixtures may stay where they were, and do not come in."""
    for old, new, objects in [
        (b"a\n", b"a\rb\n", True),
        (b"a\n", b"a\r", True),
        (b"a\n", b"a\r\r\n", True),
        (b"a\rb\n", b"a\rc\n", False),
        (b"a\rb\n", b"a\rb\rc\n", True),
        (b"a\n", b"a\r\nb\n", True),
        (b"a\r\n", b"a\r\nb\n", True),
        (b"a\r\nb\n", b"a\r\nc\n", False),
        (b"a\r\n", b"a\r\nb\r\n", False),
        (b"a\r\n", b"a\n", True),
        (b"a\nb\n", b"a\r\nc\r\n", True),
        (b"a\r\nb\n", b"a\nb\n", False),
        (b"a\r\nb\n", b"a\r\nb\r\n", False),
        (b"a\r\n", b"a", False),
        (b"a\r\n", b"", False),
        (b"a", b"a\r\n", False),
        (b"", b"a\r\nb\r\n", False),
        (b"", b"a\r\nb\n", True),
    ]:
        assert bench.rules(*edit(old, new)) == ({"line-ends"} if objects else set()), (
            old,
            new,
            objects,
        )


def test_the_new_line_ends_are_said(bench: Bench) -> None:
    """The diff alone would show every line as changed, and none as different."""
    for old, new, reason in [
        (b"a\nb\n", b"a\r\nb\r\n", "turns all line ends, 2 LF, into CRLF"),
        (b"a\r\nb\r\n", b"a\nb\n", "turns all line ends, 2 CRLF, into LF"),
    ]:
        assert bench.reasons("line-ends", *edit(old, new)) == [reason]


_LINES = st.lists(st.sampled_from([b"", b"a", b"b", b"ab", b"\r"]), max_size=8).map(b"\n".join)


@given(_LINES, _LINES)
def test_added_lines_are_the_difference_of_two_bags(old: bytes, new: bytes) -> None:
    """What is trimmed at both ends first never changes the answer."""
    expected = sorted(new.removesuffix(b"\n").split(b"\n")) if new else []
    for line in old.removesuffix(b"\n").split(b"\n") if old else []:
        if line in expected:
            expected.remove(line)
    assert sorted(line for line in lines_added(old, new) if line) == [x for x in expected if x]
