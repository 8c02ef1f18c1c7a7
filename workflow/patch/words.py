"""What was mended in a draft, in words for a reviewer."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from workflow.patch.interface import Fit, Repair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.patch.interface import Place, Reading

_SHOWN = 10
_MENDED = {
    Repair.PROSE: "text around the patch was left out",
    Repair.REPEATED: "said twice",
    Repair.PREFIX: "a name written in another way than git's",
    Repair.COUNTS: "a header with wrong numbers",
    Repair.BLANK_CONTEXT: "blank lines without their leading space",
    Repair.STRAY_BLANKS: "blank lines that belong to nothing",
    Repair.NO_FINAL_NEWLINE: "a last line without its end",
    Repair.NO_FILE_HEADER: "an incomplete file header",
    Repair.LINE_ENDS: "written with CRLF",
}
_FITS = {
    Fit.TRAILING_SPACE: "placed in spite of other blanks at the ends of lines",
    Fit.REINDENTED: "placed and shifted to the file's indentation",
}


def mended(reading: Reading, places: Iterable[Place] = ()) -> tuple[str, ...]:
    """One sentence for each kind of repair, and for each kind of place that is not exact."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for repair, where in reading.repairs:
        found[_MENDED[repair]].append(where)
    for place in places:
        if place.fit is not Fit.EXACT:
            found[_FITS[place.fit]].append(f"hunk {place.number} of {place.path}")
    return tuple(f"{what}: {_listed(where)}" for what, where in found.items())


def _listed(where: list[str]) -> str:
    more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
    return ", ".join(where[:_SHOWN]) + more
