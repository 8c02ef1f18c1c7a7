"""Which found values may be seen, because the policy or a comment beside them says so.

A comment stands on the value's line, or alone on the line above, and says `workflow: allow`, the
kinds, `until` a day, and `because` of what.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from workflow.redaction.allow_comment import Comment, comments
from workflow.redaction.settings import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from workflow.redaction.interface import Kind, Span
    from workflow.redaction.settings import SealingSettings

_MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Used:
    """An allowance that applied, and where, for the reviewer; `line` counts from 1."""

    path: str
    line: int
    kind: Kind
    rule: str
    allowance: Allowance


class Allow:
    """Says which values may be seen.

    A comment is content of the file: the caller decides whose text is judged.  What was allowed has
    to be shown to reviewers: `used`.
    """

    def __init__(self, settings: SealingSettings, today: date) -> None:
        self._today, self._last = today, today + timedelta(days=_MAX_DAYS)
        self._settings = settings
        # What was looked at last, so that many values of one text cost one look for comments.
        self._text, self._path = b"", ""
        self._comments: tuple[Comment, ...] = ()
        self._given: tuple[Allowance, ...] = self._given_in("")

    def drops(self, text: bytes, path: str, span: Span) -> Allowance | None:
        """What allows a value to be seen, if anything does.  `span` is of the very `text`."""
        self._look(text, path)
        for one in self._given:
            if one.allows(span.kind, span.rule) and (
                not one.text or one.text.encode() == text[span.start : span.end]
            ):
                return one
        # At most two comments reach a place: its line's, and the one alone on the line above.
        after = bisect_right(self._comments, span.start, key=lambda comment: comment.start)
        for comment in self._comments[max(0, after - 2) : after]:
            said = comment.said
            if (
                isinstance(said, Allowance)
                and span.start < comment.end
                and not self._fault(said)
                and said.allows(span.kind, span.rule)
            ):
                return said
        return None

    def used(self, text: bytes, path: str, spans: Iterable[Span]) -> tuple[Used, ...]:
        """What applies to values of a text, in their order."""
        found: list[Used] = []
        line, counted = 1, 0
        for span in sorted(spans):
            allowance = self.drops(text, path, span)
            if allowance is not None:
                line += text.count(b"\n", counted, span.start)
                counted = span.start
                found.append(Used(path, line, span.kind, span.rule, allowance))
        return tuple(found)

    def faults(self, text: bytes, path: str) -> tuple[tuple[int, str], ...]:
        """The comments of a text that allow nothing: their line, from 1, and why."""
        self._look(text, path)
        said = ((one.line, one.said) for one in self._comments)
        why = ((line, what if isinstance(what, str) else self._fault(what)) for line, what in said)
        return tuple((line, fault) for line, fault in why if fault)

    def policy_faults(self) -> tuple[str, ...]:
        """The entries of the policy that allow nothing, and why."""
        given = self._settings.allowances
        faults = ((one.reason, self._fault(one)) for one in given)
        return tuple(f"sealing.allow ({reason}): {fault}" for reason, fault in faults if fault)

    def _look(self, text: bytes, path: str) -> None:
        if path != self._path:
            self._given = self._given_in(path)
        if text is not self._text or path != self._path:
            self._text, self._path, self._comments = text, path, tuple(comments(text, path))

    def _given_in(self, path: str) -> tuple[Allowance, ...]:
        given = self._settings.allowances
        return tuple(one for one in given if not self._fault(one) and one.scope.covers(path))

    def _fault(self, one: Allowance) -> str:
        """Why an allowance does not hold today; "" if it does."""
        if one.expires < self._today:
            return f"it has expired on {one.expires}"
        if one.expires > self._last:
            return f"it expires on {one.expires}, which is more than a year ahead"
        return ""
