"""Finds all values of a file, in its own bytes, by every detector and in every form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from workflow.redaction.forms.unfold import Forms
from workflow.redaction.interface import Kind, Span
from workflow.redaction.reading import read
from workflow.redaction.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.redaction.forms.view import View
    from workflow.redaction.interface import Detector

_DEPTH = 2
"""Layers of encoding that are taken off: base64 of JSON in JSON, and no more."""
_LINE = re.compile(rb"[^\r\n]+")
_LEAD = re.compile(rb"[ \t]*(?:(?:#|//|;|\*|>|\|)[ \t]+)?")
_RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            Kind.MARKER,
            Kind.PRIVATE_KEY,
            Kind.CONNECTION,
            Kind.COOKIE,
            Kind.TOKEN,
            Kind.PASSWORD,
            Kind.CARD,
            Kind.IBAN,
            Kind.TENANT,
            Kind.CUSTOMER,
            Kind.EMAIL,
            Kind.HOST,
            Kind.DOMAIN,
            Kind.IP,
            Kind.PHONE,
        )
    )
}
"""The more specific kind first: it names a value that several detectors found."""


class Allowing(Protocol):
    """What the finder needs of the allow-list."""

    def drops(self, text: bytes, path: str, span: Span) -> object | None:
        """What allows the value at `span` to stay readable, if anything does."""
        ...


@dataclass(frozen=True, slots=True)
class _Layer:
    """A text to look at: the file's own, or a view of it."""

    text: bytes = field(repr=False)
    path: str
    views: tuple[View, ...] = ()
    """How it came about, the outermost view first."""

    def back(self, span: Span) -> Iterator[Span]:
        """The place of a value of this layer in the file's text, in as many parts as it has."""
        value = self.text[span.start : span.end]
        start = span.start + len(value) - len(value.lstrip())
        places = [(start, start + len(value.strip()))]
        for view in reversed(self.views):
            places = [place for start, end in places for place in view.back(start, end)]
        rule = ":".join([*(view.form for view in self.views), span.rule])
        return (Span(start, end, span.kind, rule) for start, end in places)


class Finder:
    """Finds values with `detectors`, and leaves out what `allow` lets pass."""

    def __init__(self, detectors: Sequence[Detector], allow: Allowing | None = None) -> None:
        self._detectors = tuple(detectors)
        self._allow = allow
        self._forms = Forms()

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """The values in `data`, by their place in it: in order, apart, each within a line.

        Each value that is found anywhere is found everywhere in `data`, in other forms, too, if it
        is long or mixed enough to be no ordinary word.

        Raises:
            UndecodableError: `data` is no text.
        """
        reading = read(data)
        text = reading.text
        spans = cut(text, merged(self._found(text, path)))
        allow = self._allow
        if allow is not None:
            spans = [span for span in spans if allow.drops(text, path, span) is None]
        return tuple(Span(*reading.span(s.start, s.end), s.kind, s.rule) for s in spans)

    def _found(self, text: bytes, path: str) -> list[Span]:
        layers = [_Layer(text, path)]
        found: list[Span] = []
        values: dict[bytes, Kind] = {}
        for layer in layers:  # which grows
            spans = [span for each in self._detectors for span in each.find(layer.text, layer.path)]
            if len(layer.views) < _DEPTH:
                unfolded = self._forms.unfold(layer.text, layer.path)
                layers += [_Layer(v.text, v.path, (*layer.views, v)) for v in unfolded.views]
                found += [part for span in unfolded.spans for part in layer.back(span)]
            for span in spans:
                found += layer.back(span)
                if span.kind.is_secret:
                    values.update(_values(layer.text, span))
        if values:
            spread = Spread(values.items())
            for layer in layers:
                found += [part for span in spread.find(layer.text) for part in layer.back(span)]
        return found


def _values(text: bytes, span: Span) -> Iterator[tuple[bytes, Kind]]:
    """What to look for elsewhere: the value as a whole, and each line of it."""
    value = text[span.start : span.end]
    yield value, span.kind
    lines = _LINE.findall(value)
    if len(lines) > 1:
        yield from ((line.strip(), span.kind) for line in lines)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap made one; the more specific kind names it."""
    united: list[Span] = []
    for span in sorted(spans):
        if span.start == span.end:
            continue
        if not united or span.start >= united[-1].end:
            united.append(span)
            continue
        last = united.pop()
        names = min(last, span, key=lambda each: (_RANK[each.kind], "known:" in each.rule))
        united.append(Span(last.start, max(last.end, span.end), names.kind, names.rule))
    return united


def cut(text: bytes, spans: Iterable[Span]) -> list[Span]:
    """The spans' parts within a line each, without the blanks at a line's end or before the next.

    A comment sign that begins a continued line stays, too.
    """
    parts: list[Span] = []
    for span in spans:
        for line in _LINE.finditer(text, span.start, span.end):
            start, end = line.span()
            if start > span.start and (lead := _LEAD.match(text, start, end)):
                start = lead.end()
            end = start + len(text[start:end].rstrip(b" \t"))
            if start < end:
                parts.append(Span(start, end, span.kind, span.rule))
    return parts
