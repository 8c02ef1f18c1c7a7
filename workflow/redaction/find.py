"""Finds all values of a file, in its own bytes, by every detector and in every form."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from workflow.redaction.forms.literals import Literals
from workflow.redaction.forms.local import BACKSLASH
from workflow.redaction.forms.unfold import Forms
from workflow.redaction.interface import Kind, Span
from workflow.redaction.reading import UndecodableError, read
from workflow.redaction.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.redaction.forms.view import View
    from workflow.redaction.interface import Detector

_DEPTH = 2
"""Layers of encoding that are taken off: base64 of JSON in JSON, and no more."""
_INNER = "decoded"
_LINE = re.compile(rb"[^\r\n]+")
_RAW = re.compile(rb"[\t\n\r -~]{6,}")
"""ASCII within UTF-16; what is shorter holds no name and value."""
_OPENING = re.compile(rb"-----BEGIN [^\n]{1,80}\r?\n[ \t]*\Z")
_OPENING_REACH = 120
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

    def back(self, span: Span) -> list[Span]:
        """The place of a value of this layer in the file's text, in as many parts as it has."""
        value = self.text[span.start : span.end]
        start = span.start + len(value) - len(value.lstrip())
        places = [(start, start + len(value.strip()))]
        for view in reversed(self.views):
            places = [place for start, end in places for place in view.back(start, end)]
        rule = ":".join([*(view.form for view in self.views), span.rule])
        return [Span(start, end, span.kind, rule) for start, end in places]

    def inside(self, parts: list[Span], literals: Literals) -> list[Span]:
        """What of a value's parts escapes can say: they mean something in literals only."""
        if all(view.form != BACKSLASH.form for view in self.views):
            return parts
        places = [(part, literals.within(part.start, part.end)) for part in parts]
        return [replace(part, start=place[0], end=place[1]) for part, place in places if place]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the detectors say of a text, and of all that is encoded in it."""

    layers: list[_Layer]
    spans: list[Span]
    """Places in the file's text."""
    secrets: list[tuple[list[tuple[bytes, Kind]], list[Span]]] = field(repr=False)
    """What to look for elsewhere, and the places in the file's text where it was found."""
    literals: Literals


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
        if reading.encoding.startswith("utf-16"):
            self._check_bytes(data, path)
        text = reading.text
        spans = cut(text, self._left(text, path, self._everywhere(text, path)))
        return tuple(Span(*reading.span(s.start, s.end), s.kind, s.rule) for s in spans)

    def _check_bytes(self, data: bytes, path: str) -> None:
        """Refuse UTF-16 that holds a value as ASCII: read as it is, nobody would see it."""
        raw = b"\n\n".join(_RAW.findall(data))
        if raw and self._detected(raw, path).spans:
            message = "cannot read the bytes as text: there is ASCII within UTF-16 that is a value"
            raise UndecodableError(message, hint="leave this file out, or save it as UTF-8")

    def _everywhere(self, text: bytes, path: str) -> list[Span]:
        """What is found, and where else it is; what is allowed is not looked for elsewhere."""
        found = self._detected(text, path)
        if not found.secrets:
            return merged(found.spans)
        places = _Places(self._left(text, path, merged(found.spans)))
        values = {
            value: kind
            for pairs, parts in found.secrets
            if any(places.hold(part) for part in parts)
            for value, kind in pairs
        }
        spread = Spread(values.items())
        known = [
            part
            for layer in found.layers
            for span in spread.find(layer.text)
            for part in layer.inside(layer.back(span), found.literals)
        ]
        return merged([*found.spans, *known])

    def _left(self, text: bytes, path: str, spans: Sequence[Span]) -> Sequence[Span]:
        """The spans that nothing allows.

        A comment beside or above the first line of a key's armour is one for all of the key.
        """
        allow = self._allow
        if allow is None:
            return spans
        left = []
        for span in spans:
            asked = [span]
            if span.kind is Kind.PRIVATE_KEY:
                before = max(span.start - _OPENING_REACH, 0)
                if opening := _OPENING.search(text[before : span.start]):
                    asked.append(replace(span, start=before + opening.start()))
            if not any(allow.drops(text, path, each) for each in asked):
                left.append(span)
        return left

    def _detected(self, text: bytes, path: str) -> _Found:
        layers, literals = [_Layer(text, path)], Literals(text, path)
        # What a file holds in encoded form is nobody's request, which rules read more freely.
        inner = _INNER if path else ""
        spans: list[Span] = []
        secrets: list[tuple[list[tuple[bytes, Kind]], list[Span]]] = []
        for layer in layers:  # which grows
            found = [span for each in self._detectors for span in each.find(layer.text, layer.path)]
            if len(layer.views) < _DEPTH:
                unfolded = self._forms.unfold(layer.text, layer.path)
                layers += [
                    _Layer(v.text, v.path or inner, (*layer.views, v)) for v in unfolded.views
                ]
                spans += [part for span in unfolded.spans for part in layer.back(span)]
            for span in found:
                whole = layer.back(span)
                parts = layer.inside(whole, literals)
                spans += parts
                if span.kind.is_secret:
                    known = [span] if parts == whole else parts
                    of = layer.text if parts == whole else text
                    secrets.append(([pair for one in known for pair in _values(of, one)], parts))
        return _Found(layers, spans, secrets, literals)


class _Places:
    """Spans that are in order and apart, to be asked whether one lies in them."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans

    def hold(self, span: Span) -> bool:
        """Whether the span begins in one of these."""
        at = bisect_right(self._spans, span.start, key=lambda each: each.start) - 1
        return at >= 0 and span.start < self._spans[at].end


def _values(text: bytes, span: Span) -> Iterator[tuple[bytes, Kind]]:
    """What to look for elsewhere: the value as a whole, and each line of it."""
    value = text[span.start : span.end]
    yield value, span.kind
    lines = _LINE.findall(value)
    if len(lines) > 1:
        yield from ((line.strip(), span.kind) for line in lines)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap made one; the more specific kind names it.

    What is known from elsewhere never renames what was found at its place.
    """
    united: list[Span] = []
    for span in sorted(spans):
        if span.start == span.end:
            continue
        if not united or span.start >= united[-1].end:
            united.append(span)
            continue
        last = united.pop()
        names = min(last, span, key=lambda each: ("known:" in each.rule, _RANK[each.kind]))
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
