"""What the router answers to labelled requests, and what keywords would."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.routing import decide, features
from workflow.routing.decision import by_fact
from workflow.routing.head import weigh
from workflow.types import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.routing.rows import Row

_PHRASE = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a row: as the product says it, and before any threshold.

    `confidence` is from 0 to 1 and 0 for what is never answered; `seconds` and `cpu_s` are the wall
    and CPU time of one decision, with everything loaded.
    """

    row: Row
    way: Way
    likeliest: Way
    confidence: float
    by_fact: bool
    seconds: float
    cpu_s: float


def answer(row: Row) -> Answer:
    """One row's answer."""
    facts = row.facts
    began, worked = time.perf_counter(), time.process_time()
    route = decide(row.text, facts)
    took = time.perf_counter() - began, time.process_time() - worked
    readable = features.readable(row.text, facts)
    decided = by_fact(row.text, facts)
    if decided:
        sure = 0.0 if decided[0] is Way.ASK else 1.0
        return Answer(
            row, route.way, decided[0], sure, by_fact=True, seconds=took[0], cpu_s=took[1]
        )
    opinion = weigh(readable, facts)
    sure = 0.0 if opinion.way is Way.ASK else opinion.confidence
    return Answer(row, route.way, opinion.way, sure, by_fact=False, seconds=took[0], cpu_s=took[1])


def at_coverage(answers: Sequence[Answer], share: float) -> tuple[float, float, float]:
    """The threshold that answers a share of the rows with an answer, the share, and the accuracy.

    Rows that should be asked about count as wrong when they are answered.
    """
    due = sorted((a.confidence for a in answers if a.row.label is not Way.ASK), reverse=True)
    threshold = max(due[min(len(due), max(1, round(share * len(due)))) - 1], 1e-9)
    said = [a for a in answers if a.confidence >= threshold]
    covered = sum(a.row.label is not Way.ASK for a in said) / len(due)
    return threshold, covered, sum(a.likeliest is a.row.label for a in said) / len(said)


def as_shipped(answers: Sequence[Answer]) -> tuple[float, float]:
    """Coverage and accuracy with the product's threshold."""
    said = [a for a in answers if a.way is not Way.ASK]
    due = sum(a.row.label is not Way.ASK for a in answers)
    covered = sum(a.row.label is not Way.ASK for a in said) / due
    return covered, sum(a.way is a.row.label for a in said) / len(said)


def keywords(row: Row) -> Way:
    """What the first slice of this product did: named files, else words for a blank page."""
    if row.facts.existing:
        return Way.SURGEON
    return Way.ARCHITECT if _BLANK_PAGE.search(row.text) else Way.SURGEON


_BLANK_PAGE = re.compile(
    r"\b(scaffold|bootstrap|from scratch|first pass|skeleton|boilerplate"
    r"|(?:generate|write|create|draft|build)\s+(?:me\s+)?(?:a|an|the)\s+(?:\S+\s+){0,3}"
    r"(?:backend|service|app|application|project|server block|site config|module|unit))\b",
    re.IGNORECASE,
)


def shared_phrases(one: Sequence[Row], other: Sequence[Row]) -> set[str]:
    """The runs of five words that rows of both have."""
    return _phrases(one) & _phrases(other)


def _phrases(rows: Sequence[Row]) -> set[str]:
    found = set()
    for row in rows:
        said = re.findall(r"[\w']+", row.text.lower())
        found |= {" ".join(said[at : at + _PHRASE]) for at in range(len(said) - _PHRASE + 1)}
    return found
