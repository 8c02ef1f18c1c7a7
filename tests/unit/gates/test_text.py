from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.text import bounded, listed, one_line


@given(st.text() | st.binary())
def test_any_text_becomes_one_printable_line(text: str | bytes) -> None:
    """Whatever a tool prints, what is shown is printable and bounded."""
    shown = one_line(text, 50)
    assert shown.isprintable()
    assert len(shown) <= 50


def test_escapes_and_bidi_marks_are_shown() -> None:
    """Controls are seen, not obeyed."""
    assert one_line("a\x1b[31m\u202eb\tc\n") == "a\\x1b[31m\\u202eb c"


def test_surplus_is_counted() -> None:
    """Long lists say how much they leave out."""
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert bounded([str(number) for number in range(50)])[-1] == "and 10 more"
