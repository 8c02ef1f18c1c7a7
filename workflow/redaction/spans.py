"""Places of values in a text: in lines, beside one another, and in a file's own bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.redaction.interface import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.redaction.reading import Reading

_BESIDE = 64
# Stands for a neighbour that is sealed: placeholders of all shapes begin and end as a word does.
_SEALED = b"Z"


@dataclass(frozen=True, slots=True)
class Placed:
    """The line, from 1, that a value is on, and what stands beside it there once all is sealed."""

    line: int
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)


def in_text(data: bytes, reading: Reading, spans: Iterable[Span]) -> Iterator[Span]:
    """Places in a file's bytes as places in its text."""
    if reading.marks is None:
        for span in spans:
            yield Span(span.start - reading.begin, span.end - reading.begin, span.kind, span.rule)
        return
    theirs, ours = reading.begin, 0
    for span in spans:
        before = len(data[theirs : span.start].decode(reading.encoding).encode())
        size = len(data[span.start : span.end].decode(reading.encoding).encode())
        theirs, start = span.end, ours + before
        ours = start + size
        yield Span(start, ours, span.kind, span.rule)


def apart_from(
    spans: Sequence[Span], places: Sequence[tuple[int, int]], *, whole: bool = False
) -> list[Span]:
    """What of each span lies outside of all places; with `whole`, spans that touch none alone."""
    kept: list[Span] = []
    at = 0
    for span in spans:
        while at < len(places) and places[at][1] <= span.start:
            at += 1
        start, number = span.start, at
        while number < len(places) and places[number][0] < span.end:
            if places[number][0] > start:
                kept.append(Span(start, places[number][0], span.kind, span.rule))
            start = places[number][1]
            number += 1
        if start < span.end:
            kept.append(Span(start, span.end, span.kind, span.rule))
    if not whole:
        return kept
    unchanged = set(spans)
    return [span for span in kept if span in unchanged]


def with_lines(text: bytes, spans: Sequence[Span]) -> Iterator[tuple[Placed, Span]]:
    """Each span with what is around it; spans are in order and apart."""
    line, at, end = 1, 0, 0
    for number, span in enumerate(spans):
        line += text.count(b"\n", at, span.start)
        at = span.start
        next_start = spans[number + 1].start if number + 1 < len(spans) else len(text)
        before = text[max(end, at - _BESIDE) : at]
        after = text[span.end : min(next_start, span.end + _BESIDE)]
        if at - len(before) == end and number:
            before = _SEALED + before
        if span.end + len(after) == next_start and number + 1 < len(spans):
            after += _SEALED
        yield Placed(line, before[before.rfind(b"\n") + 1 :], after.partition(b"\n")[0]), span
        end = span.end
