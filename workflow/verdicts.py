"""Passes that were given before: the same gate on the same two trees need not run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workflow.canonical import encode, plain
from workflow.types import Outcome, Verdict

if TYPE_CHECKING:
    import sqlite3

    from workflow.types import Digest

KEPT = timedelta(days=1)
"""How long a pass is remembered; to land on, it must be younger (`evidence.FRESH`)."""
_MOST = 1000


class Verdicts:
    """The table of passes.  Anything but a pass is judged again each time."""

    __slots__ = ("_connection", "_own")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._own: set[Digest] = set()

    def is_own(self, key: Digest) -> bool:
        """Whether the pass of a key was given by this very command."""
        return key in self._own

    def get(self, key: Digest) -> Verdict | None:
        """Return the pass of a key, unless it is too old, of the future, or its logs are gone."""
        row = self._connection.execute(
            "SELECT judged, verdict FROM passes WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - only where one is read

        try:
            age = datetime.now(UTC) - datetime.fromisoformat(row["judged"])
            verdict = TypeAdapter(Verdict).validate_json(row["verdict"])
        except (ValueError, ValidationError):
            return None
        is_young = timedelta(0) <= age <= KEPT
        return verdict if is_young and self._has_logs(verdict) else None

    def put(self, key: Digest, verdict: Verdict) -> None:
        """Remember a pass, whose texts are sealed; a verdict of another kind is not kept."""
        if verdict.outcome is not Outcome.PASS or not verdict.judged:
            return
        self._own.add(key)
        text = encode(plain(verdict)).decode()
        self._connection.execute(
            "INSERT OR REPLACE INTO passes VALUES (?, ?, ?)", (key, verdict.judged, text)
        )
        self._connection.execute(
            "DELETE FROM passes WHERE key NOT IN"
            " (SELECT key FROM passes ORDER BY judged DESC LIMIT ?)",
            (_MOST,),
        )

    def _has_logs(self, verdict: Verdict) -> bool:
        names = [run.log for run in verdict.evidence] + ([verdict.ran] if verdict.ran else [])
        rows = (
            self._connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (name,)).fetchone()
            for name in names
        )
        return all(rows)
