"""Reads a chain from its first row to its last and says of each row which one it was written as.

A row is *explained* by the number that its own hash was made with: mostly the one that it has, and
another one where rows were renumbered, moved or copied.  A row that no number near by explains was
changed.  Memory does not grow with the chain, as long as it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from workflow.ledger.chain import GENESIS, Head, numbered, row_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

# How far from its place a row is looked for, and how many hashes a whole walk may spend on that.
_REACH = 1000
_TRIALS = 100_000
_MOST_RUNS = 1000
_KINDS = [int, str, str, str, str, str]


class Raw(NamedTuple):
    """A row as the database has it, which may be anything."""

    seq: int
    at: str
    event: str
    body: str
    previous: str
    hash: str

    @property
    def is_text(self) -> bool:
        """Whether each value is of the kind that was written."""
        return [type(one) for one in self] == _KINDS


@dataclass(slots=True)
class Run:
    """Adjoining rows that were all written as the row `shift` further on; grows with the walk.

    `shift` is `None` for rows that were changed, and `how` says in what.  `repeats` is whether the
    first of them is the row before it once more.
    """

    first: int
    last: int
    shift: int | None
    repeats: bool = False
    how: str = ""


class Walk:
    """One reading of a chain.

    After `read`: `count` rows; `runs` of them in order, `is_cut` if there were too many runs to
    keep; `replaced` has rows that do not fit between their neighbours, and `strange` those with
    numbers that no row has; `seen` has the hashes, as they stand, of the rows that were asked for.
    """

    def __init__(self, asked: Iterable[int]) -> None:
        self.count = 0
        self.runs: list[Run] = []
        self.replaced: list[int] = []
        self.strange: list[int] = []
        self.seen: dict[int, str] = dict.fromkeys(asked, "")
        self.is_cut = False
        self._trials = _TRIALS
        self._last: Raw | None = None
        self._doubt: int | None = None

    @property
    def newest(self) -> str:
        """The hash that the last row has."""
        return str(self._last.hash) if self._last else str(GENESIS)

    def read(self, rows: Iterable[Raw], note: Head | None) -> None:
        """Walk over all rows; `note` is what was noted of the newest one."""
        for row in rows:
            self.count += 1
            if not row.is_text:
                # A table that somebody made anew can hold anything.
                self._take_ruin(row)
            elif row.seq < 1:
                self.strange.append(row.seq)
            else:
                self._take(row)
                self._last = row
        if self._doubt is not None:
            is_last = note is not None and self._last is not None and note.hash == self._last.hash
            self.replaced.append(self._doubt if is_last or self._last is None else self._last.seq)

    def _take_ruin(self, row: Raw) -> None:
        seq = row.seq if type(row.seq) is int else self._place
        self._last = Raw(seq, "", "", "", "", "")
        self._take(self._last)

    @property
    def _place(self) -> int:
        """The number that the next row should have."""
        return self.runs[-1].last + 1 if self.runs else 1

    def _take(self, row: Raw) -> None:
        last = self.runs[-1] if self.runs else None
        shift = last.shift if last and last.shift is not None else self._former()
        is_next = row.seq == self._place
        found = self._explained(row, shift)
        if last and last.shift is None and is_next:
            last.how = last.how or self._told(row)
        if found is not None and row.seq + found in self.seen:
            self.seen[row.seq + found] = row.hash
        elif found is None and row.seq + shift in self.seen:
            self.seen[row.seq + shift] = row.hash
        if is_next and found is not None and found == (last.shift if last else 0):
            self._link(row)
        else:
            self._settle()
        self._extend(row, found, is_next=is_next, last=last)

    def _extend(self, row: Raw, found: int | None, *, is_next: bool, last: Run | None) -> None:
        how = self._how(row) if found is None else ""
        if last and is_next and last.shift == found and last.how == how:
            last.last = row.seq
        elif len(self.runs) < _MOST_RUNS:
            repeats = self._last is not None and self._last.hash == row.hash
            self.runs.append(Run(row.seq, row.seq, found, repeats, how))
        else:
            self.is_cut = True

    def _former(self) -> int:
        """The shift of the newest rows that are explained."""
        return next((run.shift for run in reversed(self.runs) if run.shift is not None), 0)

    def _explained(self, row: Raw, shift: int) -> int | None:
        """How many rows further on a row was written; `None` where no row near by was it."""
        hash_as = numbered(row.at, row.event, row.body, row.previous)
        for guess in (shift, self._place - row.seq):
            if hash_as(row.seq + guess) == row.hash:
                return guess
        for step in range(_REACH):
            if self._trials <= 0 and step > 1:
                return None
            for guess in (step, -step):
                self._trials -= 1
                if row.seq + guess > 0 and hash_as(row.seq + guess) == row.hash:
                    return guess
        return None

    def _how(self, row: Raw) -> str:
        before = self._last.hash if self._last else GENESIS
        is_link = row_hash(row.seq, row.at, row.event, row.body, before) == row.hash
        return "its link to the row before it alone" if is_link else ""

    def _told(self, row: Raw) -> str:
        """What the next row tells of a changed one: it holds the hash that was right."""
        before = self._last
        if before is None:
            return ""
        if row.previous == before.hash:
            return "what it says"
        right = row_hash(before.seq, before.at, before.event, before.body, before.previous)
        return "its hash alone" if row.previous == right else ""

    # --- rows that are right by themselves and do not follow the one before ----------------------

    def _link(self, row: Raw) -> None:
        """See whether a row follows the one before; if not, the row after it tells which is wrong.

        A row that its follower names by hash is the one that was written, so that the one before it
        was replaced; a row that fits on neither side was replaced itself.
        """
        before, number = (self._last.hash, self._last.seq) if self._last else (str(GENESIS), 0)
        if row.previous == before:
            self._settle()
        elif self._doubt is None:
            self._doubt = number
        else:
            self.replaced.append(number)
            self._doubt = None

    def _settle(self) -> None:
        if self._doubt is not None:
            self.replaced.append(self._doubt)
            self._doubt = None
