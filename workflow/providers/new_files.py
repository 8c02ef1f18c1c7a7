"""Writes whole new files as a draft in the diff dialect, which is how every draft is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_FINAL_LINE_FEED = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that does not exist yet, by the path that its drafter gave it."""

    path: str
    text: str


def as_answer(files: Sequence[NewFile]) -> str:
    """A draft that creates these files; whether their paths are any good is for others to judge."""
    return "```diff\n" + "".join(map(_creation, files)) + "```\n"


def _creation(file: NewFile) -> str:
    head = f"--- /dev/null\n+++ b/{file.path}\n"
    if not file.text:
        return head
    lines = file.text.split("\n")
    ends_well = lines[-1] == ""
    body = lines[:-1] if ends_well else lines
    hunk = f"@@ -0,0 +1,{len(body)} @@\n" + "".join(f"+{line}\n" for line in body)
    return head + hunk + ("" if ends_well else _NO_FINAL_LINE_FEED)
