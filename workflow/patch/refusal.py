"""How the readers of all dialects say no, and what they count and note on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from workflow.patch.interface import PatchError, Reason, Refusal, Repair

ANSWER = (
    "answer with one ```diff fence: --- a/PATH, +++ b/PATH, then hunks that begin with @@ and the"
    " enclosing definition, each with 3 unchanged lines on both sides of the change"
)
_SHOWN = 80
_LONG = 120
"""So that a message with two texts from a draft stays below 400 characters."""


@dataclass(slots=True)
class Notes:
    """What one draft has had so far: its hunks are counted from 1, its repairs are kept in order.

    A repair at the same place is kept once.  `prose` is the text that was left out.  `is_complete`
    says that the last thing read shows by itself that nothing is missing at its end, and `is_cut`
    that it should and does not.
    """

    number: int = 0
    repairs: dict[tuple[Repair, str], None] = field(default_factory=dict)
    prose: list[bytes] = field(default_factory=list)
    is_complete: bool = False
    is_cut: bool = False

    def next_number(self) -> int:
        """Count one more hunk or snippet."""
        self.number += 1
        return self.number

    def repaired(self, repair: Repair, where: str) -> None:
        """Keep a repair and a few words on where."""
        self.repairs[repair, where] = None

    def left_out(self, text: bytes, where: str) -> None:
        """Keep text that is no part of the patch, unless it is blank."""
        if text and not text.isspace():
            self.prose.append(text)
            self.repaired(Repair.PROSE, where)


def refuse(
    reason: Reason, message: str, hint: str = ANSWER, *, path: str = "", number: int | None = None
) -> NoReturn:
    """Raise the `PatchError` of one refusal."""
    raise PatchError(Refusal(reason, message, hint, path, number))


def shown(text: bytes | str) -> str:
    """The beginning of a text from a draft, quoted, on one line and printable everywhere."""
    if isinstance(text, bytes):
        text = text[: 4 * _SHOWN].decode("utf-8", "backslashreplace")
    quoted = ascii(text[: _SHOWN + 1])
    return cut(quoted if len(text) <= _SHOWN else ascii(text[:_SHOWN]) + "...")


def label(path: str) -> str:
    """A path as it may stand in a message: as it is, or quoted where that would not be safe."""
    is_plain = path.isprintable() and path.isascii() and len(path) <= 4 * _SHOWN
    return short(path) if is_plain else shown(path)


def short(path: str) -> str:
    """A path with its middle left out where it is so long that nobody could read the message."""
    return path if len(path) <= _LONG else f"{path[: _LONG // 3]}...{path[-_LONG // 2 :]}"


def cut(quoted: str) -> str:
    """A quoted text of which escapes have made too much, without its end."""
    return quoted if len(quoted) <= _LONG else quoted[:_LONG] + "..."


def refuse_cut(what: str) -> NoReturn:
    """Refuse a draft that does not end as it began: what is missing could be half of the change."""
    hint = "end the patch as it began; if the answer was cut off, ask again with fewer files"
    refuse(Reason.UNREADABLE, f"{what}, so it may have been cut off", hint)
