"""Patterns say what they say for any path, and in a time that nobody can make long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.patterns import first_match

MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
pieces = st.sampled_from(["a", "b", "/", "*", "**", "?", "**/", ".", "/**/"])


def meant(pattern: str, path: str) -> bool:
    """Say whether a pattern matches, as a regular expression: clear, and slow for some patterns."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.rstrip("/"))
    text = "".join(MEANING.get(part, re.escape(part)) for part in parts)
    folders = [path, *(path[: found.start()] for found in re.finditer("/", path))]
    return any(re.fullmatch(text, one, re.DOTALL | re.IGNORECASE) for one in folders)


@given(
    pattern=st.lists(pieces, max_size=7).map("".join),
    path=st.text("abA/.", max_size=8),
)
def test_a_pattern_is_what_its_regular_expression_is(pattern: str, path: str) -> None:
    """For the path itself, and for each folder on the way to it."""
    assert (first_match((pattern,), {path}) is not None) == meant(pattern, path)


def test_a_folder_protects_all_that_is_in_it() -> None:
    """However it is written, and never a longer name."""
    for pattern in ("policies", "policies/", "pol*", "**/policies", "policies/**", "POLICIES"):
        assert first_match((pattern,), {"policies/a/b.yaml"}) == pattern
        assert first_match((pattern,), {"x/a/b.yaml"}) is None
    assert first_match(("policies", "a/policies/"), {"policies2/a", "b/policies/c"}) is None


def test_the_first_pattern_is_named() -> None:
    """Of those that match any of the names."""
    assert first_match(("x", "a/*", "a", "**"), {"a/b", "z"}) == "a/*"
    assert first_match((), {"a"}) is None


def test_case_does_not_matter() -> None:
    """Not even where two letters have one capital."""
    for one, two in [("K", "\u212a"), ("S", "\u017f"), ("i", "\u0130"), ("I", "\u0131")]:
        assert first_match((one,), {two}), (one, two)
        assert first_match((two,), {one}), (one, two)
    assert first_match(("a?",), {"a\u00df"})
    assert first_match(("\u1e9e",), {"\u00df"})


@pytest.mark.parametrize(
    "pattern",
    [
        "**/**/**/*.conf",
        "**/" * 130 + "*.conf",
        "*a" * 200,
        "**a" * 130,
        "**/a/" * 80,
        "**/*a?/" * 50,
        "?*" * 200,
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """400 characters against the longest path of Linux, in 50 ms."""
    first_match((pattern,), {""})
    for path in ("a/" * 2048, "a" * 4096, "ab/" * 1365):
        before = time.process_time()
        first_match((pattern,), {path})
        assert time.process_time() - before < 0.05, path[:9]
