"""TOML is read in time and space that grow with its length, whatever it holds."""

from __future__ import annotations

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.semantics.toml import read_toml

pieces = st.sampled_from(
    ["a", ".", '"', "'", '"""', "'''", "\\", "\n", "=", "[", "]", "{", "}", ",", "#", " ", "1"]
)


def dotted(part: str, count: int = 20_000) -> str:
    """Return a key of so many parts."""
    return ".".join([part] * count)


@pytest.mark.parametrize(
    "text",
    [
        dotted("a") + " = 1",
        dotted("a ") + " = 1",
        dotted('"="') + " = 1",
        dotted("','") + " = 1",
        dotted(r'"\""') + " = 1",
        f"[{dotted('a')}]",
        f"a = {{{dotted('a')} = 1}}",
        f"# it's\n{dotted('a')} = 1",
        f'a = ["""\n\' """, {{{dotted("a")} = 1, b = "\'"}}]',
        f"a = [''''\n\" ''', {{{dotted('a')} = 1, b = '\"'}}]",
        f"a = ['''x'''', {{{dotted('a')} = 1, b = \"'\"}}]",
        f'a = ["""x"""", {{{dotted("a")} = 1, b = \'"\'}}]',
        "a = " + "[" * 200_000,
        "a = " + "{b = " * 100_000,
        '"' + '\\"' * 500_000,
        '"""' + '\\"""' * 250_000,
        "\"'" * 500_000,
        "# 1\n" * 300_000,
    ],
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    """Before tomllib keeps each prefix of a key; a quote or a comment hides none from the bound."""
    before = time.process_time()
    with pytest.raises(ValueError, match=r".") as caught:
        read_toml(text)
    assert time.process_time() - before < 1
    if ".".join("aaa") in text or '"."' in text:
        assert str(caught.value) == "a key of more than 16 parts"


def test_dots_elsewhere_are_free() -> None:
    """In one part of a key, in strings, in comments and between values."""
    many = "x." * 50
    for text in (
        f'"{many}" = 1',
        f"a = '{many}'",
        f'a = """\n{many}\n"""',
        f"a = 1 # {many}",
        f"a = [{'1.5, ' * 50}]",
        dotted("a", 16) + " = 1",
        f"a = \"\"\"x\"\" \"\"\"\nb = '''{many}'''''",
    ):
        assert read_toml(text) == tomllib.loads(text)
    with pytest.raises(ValueError, match="more than 16 parts"):
        read_toml(dotted("a", 17) + " = 1")


@given(st.lists(pieces, max_size=30).map("".join))
def test_what_is_small_is_read_as_ever(text: str) -> None:
    """With the same values or the same error."""
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ValueError, match=r"."):
            read_toml(text)
        return
    assert read_toml(text) == expected
