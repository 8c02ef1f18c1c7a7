"""Reads whole new files: a path, and a fence with all that the file holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.patch import titles
from workflow.patch.interface import Create, Reason
from workflow.patch.names import alone
from workflow.patch.refusal import ANSWER, label, refuse, shown
from workflow.patch.together import unnumbered

if TYPE_CHECKING:
    from workflow.patch.fences import Fence, Fenced
    from workflow.patch.interface import Operation
    from workflow.patch.refusal import Notes

# A sentence that says that a file is written, and not one that only speaks of it.
_SAYS_NEW = re.compile(rb"[ \t]*(?:create|add|write|new file)\b", re.IGNORECASE)
# What a person may type or see; such a fence beside new files is an explanation.
_SHELLS = {b"sh", b"bash", b"shell", b"console", b"shell-session", b"text", b"output"}
_HINT = (
    "write each new file's path on a line above its fence; edit an existing file with a diff:"
    f" {ANSWER}"
)


def whole_files(fenced: Fenced, notes: Notes) -> list[Operation]:
    """The new files of a draft, in its order.

    Raises `PatchError` for a fence without a path, and for two fences with the same one.
    """
    found: dict[bytes, Operation] = {}
    for fence in fenced.fences:
        if found:
            _check_apart(fence.above)
        path = title_of(fence) or titles.of_comment(fence.body.partition(b"\n")[0])
        notes.left_out(_without_title(fence.above), "outside of the fences")
        if path is None:
            if fence.info.lower() in _SHELLS:
                notes.left_out(fence.body, "a fence without a path")
                continue
            message = "the draft has a fence that holds no patch and tells no path"
            refuse(Reason.NOT_A_PATCH, message, _HINT)
        create = Create(alone(path)[:1], fence.body)
        if found.setdefault(path, create) != unnumbered(create):
            name = label(create.names[0])
            message = f"the draft writes {name} twice, and not alike"
            refuse(Reason.CONFLICTING, message, _HINT, path=name)
    _check_apart(fenced.below)
    notes.left_out(fenced.below, "outside of the fences")
    return list(found.values())


def title_of(fence: Fence) -> bytes | None:
    """The path that stands behind a fence's marks, or in the line above it."""
    lines = fence.above.rstrip().rsplit(b"\n", 1)
    above = titles.title(lines[-1])
    if above is None and _SAYS_NEW.match(lines[-1]):
        paths = titles.mentioned(lines[-1])
        above = paths[0] if len(paths) == 1 else None
    return titles.of_info(fence.info) or above


def _check_apart(text: bytes) -> None:
    """Refuse text right below a fence: it may be the file's, and the fence may end too early."""
    if text.strip() and not text.startswith((b"\n", b"\r")):
        message = f"text follows a fence without a blank line between: {shown(text)}"
        hint = "put a blank line below each fence; around a file with ``` lines, use ```` fences"
        refuse(Reason.UNREADABLE, message, hint)


def _without_title(text: bytes) -> bytes:
    above, _, last = text.rstrip().rpartition(b"\n")
    return above if titles.title(last) else text
