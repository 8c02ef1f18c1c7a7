"""The values that were found so far, to be found again in every text that comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.redaction.spread import Spread, is_strong

if TYPE_CHECKING:
    from workflow.redaction.interface import Kind, Span


class Known:
    """Strong values in groups that double in size, so that adding many never costs a square."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, Kind] = {}
        self._fresh: list[bytes] = []
        self._groups: list[tuple[list[bytes], Spread]] = []
        self._sources: set[bytes] = set()

    def add(self, value: bytes, kind: Kind, source: bytes) -> None:
        """Remember a value of the text with the digest `source`; weak ones are left out."""
        if value not in self._kinds and is_strong(value):
            self._kinds[value] = kind
            self._fresh.append(value)
            self._sources.add(source)

    def find(self, text: bytes, except_from: bytes) -> list[Span]:
        """Where the values stand in a text, in any form.

        A text that all of them came from has been searched for them already.
        """
        if self._sources <= {except_from}:
            return []
        if self._fresh:
            self._group()
        return [span for _, spread in self._groups for span in spread.find(text)]

    def _group(self) -> None:
        batch, self._fresh = self._fresh, []
        while self._groups and len(self._groups[-1][0]) <= 2 * len(batch):
            batch = self._groups.pop()[0] + batch
        self._groups.append((batch, Spread((value, self._kinds[value]) for value in batch)))
