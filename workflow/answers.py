"""What paid answers took, and what is reserved for those under way: two tables of the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workflow.database import transaction
from workflow.types import Digest, Usage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from workflow.types import Answered

_MOST = 10**12
_SUMS = (
    "SELECT provider, model, sum(input_tokens) AS input, sum(output_tokens) AS output,"
    " sum(microdollars) AS money, microdollars IS NULL AS unknown FROM spending"
)
_GROUPS = "GROUP BY provider, model, unknown"
_OF_REQUEST = f"{_SUMS} WHERE request = ? {_GROUPS}"
_SINCE = f"{_SUMS} WHERE is_open OR at >= ? {_GROUPS}"
# Longer than any call takes (`roles.*.deadline_s`): one that began before midnight ends after it.
_LONGEST = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A paid answer as it was recorded.

    `at` is RFC 3339 in UTC, `request` the random name of the change request that it was for, and
    `digest` the one under which its bytes were kept.
    """

    at: str
    request: str
    provider: str
    model: str
    recipe: str
    role: str
    usage: Usage
    is_usable: bool
    reason: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Call:
    """The most that one call can take: tokens, and millionths of a US dollar (`None`: unknown)."""

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    microdollars: int | None

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """What was answered or is reserved, together.

    `microdollars` is the sum of the known prices; `unpriced` has what has none.
    """

    tokens: int = 0
    microdollars: int = 0
    unpriced: tuple[Call, ...] = ()


def bounded(usage: Usage) -> Usage:
    """Counts that can be recorded and summed, whatever a server says: from 0 to a million million.

    An answer was paid for, and has to be recorded, also where its counts are nonsense.
    """
    money = usage.microdollars
    return Usage(
        input_tokens=_within(usage.input_tokens),
        output_tokens=_within(usage.output_tokens),
        cached_tokens=_within(usage.cached_tokens),
        microdollars=None if money is None else _within(money),
        written_tokens=_within(usage.written_tokens),
    )


def _within(count: int) -> int:
    return max(0, min(count, _MOST))


class Answers:
    """The answers of one repository, and the reservation of the call that is under way here."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._open: tuple[int, str] | None = None

    def reserve(
        self,
        call: Call,
        request: str,
        at: str,
        refusal: Callable[[Spent, Spent], Exception | None],
    ) -> None:
        """Reserve what a call can take, unless `refusal` objects; what it returns is raised.

        It is told what this request and what this day (that of `at`, in UTC) have spent, and no
        other process can reserve in between.  An earlier reservation of the same request is given
        up: a call that was answered has settled it, and another one cost nothing.  What a killed
        command has reserved counts until the day is over, and for two hours at least.
        """
        day = at[:10]
        begun = (datetime.fromisoformat(at) - _LONGEST).strftime("%Y-%m-%dT%H:%M:%SZ")
        with transaction(self._connection):
            self._connection.execute(
                "DELETE FROM reserved WHERE request = ? OR at < ?", (request, min(day, begun))
            )
            self._open = None
            objection = refusal(self._spent(_OF_REQUEST, request), self._spent(_SINCE, day))
            if objection is None:
                cursor = self._connection.execute(
                    "INSERT INTO reserved (at, request, provider, model, input_tokens,"
                    " output_tokens, microdollars) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(at, request, call.provider, call.model),
                        *(call.input_tokens, call.output_tokens, call.microdollars),
                    ),
                )
                self._open = (cursor.lastrowid or 0, request)
        if objection is not None:
            raise objection

    def release(self) -> None:
        """Give up what is reserved here, for a call that certainly costs nothing."""
        if self._open is not None:
            self._connection.execute("DELETE FROM reserved WHERE id = ?", (self._open[0],))
            self._open = None

    def add(self, answer: Answered, usage: Usage, body: Digest, at: str) -> None:
        """Record an answer with its usage as `bounded` has it, and settle what was reserved."""
        request = self._open[1] if self._open else ""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO answers (at, request, provider, model, recipe, role, input_tokens,"
                " output_tokens, cached_tokens, written_tokens, microdollars, usable, reason,"
                " digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(at, request, answer.provider, answer.model, answer.recipe, answer.role),
                    *(usage.input_tokens, usage.output_tokens, usage.cached_tokens),
                    *(usage.written_tokens, usage.microdollars),
                    *(int(answer.is_usable), answer.reason, body),
                ),
            )
            self.release()

    def spoil(self, body: Digest, reason: str) -> None:
        """Mark the newest answer with this digest as one that is of no use."""
        self._connection.execute(
            "UPDATE answers SET usable = 0, reason = ?"
            " WHERE id = (SELECT max(id) FROM answers WHERE digest = ?)",
            (reason, body),
        )

    def spent(self, day: str) -> Spent:
        """What a day (`2027-01-31`, in UTC) and those after it have spent, and have reserved."""
        return self._spent(_SINCE, day)

    def request_of(self, body: Digest) -> str:
        """The name of the request that a kept answer was given to; empty for an unknown one."""
        row = self._connection.execute(
            "SELECT request FROM answers WHERE digest = ? ORDER BY id DESC LIMIT 1", (body,)
        ).fetchone()
        return str(row["request"]) if row else ""

    def rows(self) -> tuple[AnswerRow, ...]:
        """Every answer, oldest first."""
        found = self._connection.execute(
            "SELECT at, request, provider, model, recipe, role, input_tokens, output_tokens,"
            " cached_tokens, microdollars, written_tokens, usable, reason, digest"
            " FROM answers ORDER BY id"
        )
        return tuple(
            AnswerRow(
                *(row["at"], row["request"], row["provider"], row["model"]),
                *(row["recipe"], row["role"], Usage(*row[6:11]), bool(row["usable"])),
                *(row["reason"], Digest(row["digest"])),
            )
            for row in found
        )

    def _spent(self, query: str, value: str) -> Spent:
        found = self._connection.execute(query, (value,)).fetchall()
        return Spent(
            tokens=sum(row["input"] + row["output"] for row in found),
            microdollars=sum(row["money"] or 0 for row in found),
            unpriced=tuple(
                Call(row["provider"], row["model"], row["input"], row["output"], None)
                for row in found
                if row["unknown"]
            ),
        )
