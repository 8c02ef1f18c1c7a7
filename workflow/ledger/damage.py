"""Names what is wrong with a chain: which rows were changed, removed, moved, copied or put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.ledger.chain import Head
    from workflow.ledger.walk import Run, Walk


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the ledger does not hold, and what is wrong there; `str` is the sentence.

    `seq` to `end` are the rows that it is about, by the numbers that they should have.
    """

    seq: int
    reason: str
    last: int = 0

    @property
    def end(self) -> int:
        """The last row that it is about."""
        return self.last if self.last > max(self.seq, 0) else self.seq

    def __str__(self) -> str:
        """`row 12: removed`, or `rows 12 to 15: removed`."""
        rows = f"row {self.seq}" if self.end == self.seq else f"rows {self.seq} to {self.end}"
        return f"{rows}: {self.reason}"


class _Names:
    """Goes through the runs of a walk, in order, and collects what they show.

    `expected` is the number of the row that was written next, `place` where it should stand, and
    `highest` that of the newest row that was met.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.found: list[Break] = []
        self.expected = 1
        self.place = 1
        self.highest = 0

    def take(self, number: int) -> None:
        """Go on to a run."""
        run = self.runs[number]
        length = run.last - run.first + 1
        if run.shift is None:
            self._gap(run.first - self.place)
            self.found.append(Break(run.first, _changed(run), run.last))
            self.expected += length
            self.highest = max(self.highest, self.expected - 1)
        else:
            self._explained(number, run.first + run.shift, length)
            self.highest = max(self.highest, run.last + run.shift)
        self.place = run.last + 1

    def _gap(self, missing: int) -> None:
        if missing > 0:
            self.found.append(Break(self.expected, "missing", self.expected + missing - 1))
            self.expected += missing

    def _explained(self, number: int, start: int, length: int) -> None:
        """Name what rows are, which were written as those from `start` on."""
        run, end = self.runs[number], start + length - 1
        extra = self.expected - start
        is_gap = run.first - self.place == -extra
        if run.repeats:
            self.found.append(Break(run.first, f"a copy of row {start}{_and_after(length - 1)}"))
        elif extra < 0 and not self._are_elsewhere(number, self.expected, start - 1):
            said = "missing" if is_gap else f"removed{_and_after(length)}"
            self.found.append(Break(self.expected, said, start - 1))
        elif is_gap:
            # Where the row is that was here is told at its new place.
            pass
        elif extra > 0 and self._was_put_in(number, extra, length):
            first = run.first - extra
            self.found = [one for one in self.found if not first <= one.seq < run.first]
            self.found.append(Break(first, f"put in{_and_after(length)}", run.first - 1))
        else:
            is_copy = extra > 0 and self._are_elsewhere(number, start, end)
            said = f"{'a copy of' if is_copy else 'written as'} {_rows(start, end)}"
            self.found.append(Break(run.first, said, run.last))
            end = self.expected - 1 + (0 if is_copy else length)
        self.expected = end + 1

    def _are_elsewhere(self, number: int, first: int, last: int) -> bool:
        """Whether any of these rows stands where another run is."""
        return any(
            run.first + run.shift <= last and first <= run.last + run.shift
            for other, run in enumerate(self.runs)
            if other != number and run.shift is not None
        )

    def _was_put_in(self, number: int, extra: int, length: int) -> bool:
        """Whether the `extra` rows before a run are strange, rather than the run itself."""
        before = self.runs[number - 1] if number else None
        if before is None or extra > length:
            return False
        if before.shift is None:
            return before.last - before.first + 1 >= extra
        run = self.runs[number]
        start = run.first + (run.shift or 0)
        return self._are_elsewhere(number, start, start + extra - 1)


def breaks(walk: Walk, note: Head | None) -> Iterator[Break]:
    """Every place where a chain does not hold, in order; `note` is what was noted of its end."""
    names = _Names(walk.runs)
    for number in range(len(walk.runs)):
        names.take(number)
    found = names.found
    found += [Break(seq, "does not belong: rows count from 1") for seq in walk.strange]
    found += [
        Break(seq, "another row than the one that the next row follows")
        if seq
        else Break(1, "not the beginning: rows before it were removed, or it was replaced")
        for seq in walk.replaced
    ]
    if walk.is_cut:
        said = "more is wrong from here on than can be told"
        found.append(Break(walk.runs[-1].last + 1, said))
    else:
        if note and note.seq < names.highest:
            found = [one for one in found if one.seq <= note.seq]
        found += _end(walk, note, names.highest)
    yield from sorted(found, key=lambda one: (one.seq, one.end))


def _end(walk: Walk, note: Head | None, last: int) -> Iterator[Break]:
    """What is wrong with the end of a chain, whose last row was written as number `last`."""
    if note is None:
        if walk.count:
            yield Break(last, "the note of the newest row is gone or not readable")
    elif note.seq > last:
        yield Break(last + 1, "missing: rows were cut off the end", note.seq)
    elif note.seq < last:
        yield Break(note.seq + 1, "added behind the row that was noted as the newest", last)
    elif note.seq and walk.seen.get(note.seq) != note.hash:
        is_named = bool(walk.runs) and walk.runs[-1].shift is None
        if not is_named and walk.count not in walk.replaced:
            yield Break(last, "another row than the one that was noted as the newest")


def _changed(run: Run) -> str:
    how = f" ({run.how})" if run.how else ""
    return f"changed after {'it was' if run.first == run.last else 'they were'} written{how}"


def _and_after(rows: int) -> str:
    return "; the rows after it were renumbered" if rows else ""


def _rows(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"
