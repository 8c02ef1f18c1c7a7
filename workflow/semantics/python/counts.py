"""Counts tests, assertions and skips by their words, where a file cannot be read as Python.

It serves broken Python and tests in other languages: less can be told, so only less is compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TESTS = re.compile(
    rb"\bdef test\w*|\bfunc Test\w*|#\[(?:\w+::)?test\b|@Test\b|\b(?:it|test)(?:\.each)?\s?[(`]"
)
_ASSERTIONS = re.compile(
    rb"\bassert\w*\b|\bexpect\w*[(!]|\.should\b|\brequire\.\w+\(|\braises\(|\bt\.(?:Error|Fatal)f?\("
)
_SKIPS = re.compile(
    rb"\b(?:mark\.(?:skip|skipif|xfail)|skipTest|SkipTest|expectedFailure|importorskip|collect_ignore)\b"
    rb"|\bpytest\.(?:skip|xfail|exit)\b|\b(?:it|test|describe|context)\.(?:skip|only|todo|fixme)\b"
    rb"|\b(?:xit|xtest|xdescribe|fit|fdescribe)\(|\bt\.Skip|#\[ignore\b|@(?:Disabled|Ignore)\b"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each kind of word stands in a file."""

    tests: int
    assertions: int
    skips: int


def count(data: bytes) -> Counts:
    """Count the words of a file of tests, whatever its language."""
    return Counts(
        *(sum(1 for _ in words.finditer(data)) for words in (_TESTS, _ASSERTIONS, _SKIPS))
    )
