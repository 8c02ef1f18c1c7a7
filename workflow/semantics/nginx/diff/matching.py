"""Whether a pattern of a location takes one path, for patterns that are cheap to try.

Patterns come from files that nobody vouches for: one that could take long, or that PCRE and Python
read differently, is not run at all.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 300
_MOST_STEPS = 20_000
_MOST_MARKS = 20
# Groups but for plain and named ones and looks around, sets that Python warns of, what PCRE reads
# otherwise, and back references.
_ODD = re.compile(r"\(\?(?![:!=]|<[A-Za-z_!=])|\[\[|\[:|--|&&|\|\||~~|\{,|\\[1-9gkZABK]|\(\*")
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_NAMED = re.compile(r"\(\?<(?=[A-Za-z_])")


@lru_cache(maxsize=1024)
def matches(pattern: str, path: str, *, has_case: bool) -> bool | None:
    """Whether a pattern matches a path; `None` where that was not tried."""
    if max(len(pattern), len(path)) > _LONGEST or _ODD.search(pattern):
        return None
    bare = _ESCAPED.sub("", pattern)
    if _REPEATED_GROUP.search(bare) or not (pattern + path).isascii():
        return None
    # Each branch may double the ways through the pattern, each repetition may take any length.
    branches = bare.count("|") + bare.count("?")
    repeated = sum(map(bare.count, "*+{"))
    if branches + repeated > _MOST_MARKS:
        return None
    if 2**branches * max(2, len(path)) ** (repeated + 1) > _MOST_STEPS:
        return None
    flags = re.ASCII if has_case else re.ASCII | re.IGNORECASE
    try:
        return re.compile(_NAMED.sub("(?P<", pattern), flags).search(path) is not None
    except (re.error, OverflowError, RecursionError):
        return None
