"""How much of the secrets a scanner covers, and which look-alikes it hides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.sealing.model import Case

_GENEROUS = 24
Scan = Callable[[bytes, str], Iterable[tuple[int, int]]]
"""What finds: from a file's bytes and its path to places in them."""


@dataclass(slots=True)
class Score:
    """Cases seen, and cases that were covered (or, for look-alikes, touched)."""

    seen: int = 0
    hit: int = 0

    @property
    def share(self) -> float:
        """Hits by cases seen."""
        return self.hit / self.seen if self.seen else 0.0


@dataclass(slots=True)
class Report:
    """Scores by what a case is, and the cases that failed."""

    total: Score = field(default_factory=Score)
    by: dict[tuple[str, str], Score] = field(default_factory=dict)
    failed: list[tuple[Case, tuple[tuple[int, int], ...]]] = field(default_factory=list)
    generous: list[tuple[Case, tuple[tuple[int, int], ...]]] = field(default_factory=list)
    """Cases in which more than `_GENEROUS` bytes beside the secret were found."""

    def add(self, case: Case, *, hit: bool) -> None:
        """Counts a case."""
        keys = [
            ("encoding", case.encoding),
            ("family", case.family),
            ("context", case.context),
            ("kind", case.kind),
        ]
        for score in (self.total, *(self.by.setdefault(key, Score()) for key in keys)):
            score.seen += 1
            score.hit += hit

    def rows(self, what: str) -> list[tuple[str, Score]]:
        """The scores of each encoding, family, context or kind, lowest share first."""
        found = [(name, score) for (group, name), score in self.by.items() if group == what]
        return sorted(found, key=lambda row: (row[1].share, row[0]))


def covered(case: Case, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether every byte of the secret lies in a span (line ends between them need not)."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return all(
        any(first <= start and end <= last for first, last in merged) for start, end in case.truth
    )


def touched(case: Case, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a byte that must survive lies in a span."""
    return any(first < end and start < last for start, end in case.truth for first, last in spans)


def excess(case: Case, spans: Sequence[tuple[int, int]]) -> int:
    """How many bytes beside the secret lie in spans."""
    inside = sum(
        max(0, min(end, last) - max(start, first))
        for start, end in case.truth
        for first, last in spans
    )
    return sum(last - first for first, last in spans) - inside


def secrets(cases: Iterable[Case], scan: Scan) -> Report:
    """Cover of the cases; those that failed are those not covered."""
    return _report(cases, scan, covered, good=True)


def look_alikes(cases: Iterable[Case], scan: Scan) -> Report:
    """The look-alikes touched; those are the failed ones, too."""
    return _report(cases, scan, touched, good=False)


def _report(
    cases: Iterable[Case],
    scan: Scan,
    judge: Callable[[Case, Sequence[tuple[int, int]]], bool],
    *,
    good: bool,
) -> Report:
    report = Report()
    for case in cases:
        spans = tuple(scan(case.data, case.path))
        hit = judge(case, spans)
        report.add(case, hit=hit)
        if excess(case, spans) > _GENEROUS:
            report.generous.append((case, spans))
        if hit is not good:
            report.failed.append((case, spans))
    return report


def shown(case: Case, spans: Sequence[tuple[int, int]]) -> str:
    """The case's text, the truth within `«…»` and what was found within `[[…]]`."""
    marks = [(start, "«") for start, _ in case.truth] + [(end, "»") for _, end in case.truth]
    marks += [(start, "[[") for start, _ in spans] + [(end, "]]") for _, end in spans]
    made = ""
    at = 0
    for place, mark in sorted(marks, key=lambda each: each[0]):
        made += case.data[at:place].decode("utf-8", "backslashreplace") + mark
        at = place
    return made + case.data[at:].decode("utf-8", "backslashreplace")
