"""Notes that differ in a header's name only, and their grouping into one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHAPES = (
    re.compile(
        r"(?P<head>.+ has headers of its own and inherits none, so )(?P<names>\S+)"
        r"(?P<tail> is repeated there)"
    ),
    re.compile(r"(?P<head>not looked into: .+; it may send )(?P<names>\S+)(?P<tail>, too)"),
)


def repeated(label: str, name: str) -> str:
    """A header is repeated where inheritance stops."""
    return f"{label} has headers of its own and inherits none, so {name} is repeated there"


def not_looked(file: str, server: str, name: str) -> str:
    """An include that the brief does not hold may send a header, too."""
    return f"not looked into: {file} (included by {server}); it may send {name}, too"


def grouped(notes: Iterable[str]) -> tuple[str, ...]:
    """Each note once, at its first place; those of one shape as one with all their names."""
    found: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        match = next(filter(None, (shape.fullmatch(note) for shape in _SHAPES)), None)
        key = (match["head"], match["tail"]) if match else (note, "")
        names = found.setdefault(key, [])
        if match and match["names"] not in names:
            names.append(match["names"])
    return tuple(
        head + ", ".join(names) + (tail.replace(" is ", " are ") if names[1:] else tail)
        for (head, tail), names in found.items()
        if head
    )
