"""Files as a model would see them, part by part, and what stands where in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workflow.cli import seal_report as report
from workflow.redaction import Vault
from workflow.redaction.files.scan import Finding
from workflow.redaction.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from workflow.redaction.files.scan import Finds, Scan
    from workflow.redaction.files.stream import Window
    from workflow.redaction.interface import Span
    from workflow.redaction.reading import Reading


@dataclass(frozen=True, slots=True)
class Seen:
    """A value as a model would see it: its placeholder, and the line with all placeholders."""

    found: Finding
    placeholder: str
    shown: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sealed file: its bytes, the same as text, and the values in it."""

    data: bytes = field(repr=False)
    text: str = field(repr=False)
    seen: tuple[Seen, ...]


class _Given:
    """Finds in a part of a file what the scan has found.  Implements `vault.Finder`.

    Outside of a file, such as in a name, the scan's own finder looks.
    """

    def __init__(self, finder: Finds) -> None:
        self.spans: tuple[Span, ...] | None = None
        self._finder = finder

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """The places that are next."""
        return self._finder.find(data, path) if self.spans is None else self.spans


class View:
    """Seals files part by part, each with all that a scan has found in it."""

    def __init__(self, scan: Scan, key: bytes) -> None:
        self._scan = scan
        self._given = _Given(scan.finder)
        self._vault = Vault(key, self._given)

    def name(self, name: str) -> str:
        """A file's name as a model would see it."""
        self._given.spans = None
        return self._vault.seal_path(name)

    def parts(self, path: str, file: BinaryIO) -> Iterator[Part]:
        """A file that the scan has learned, sealed.  Raises `ChangedError`."""
        for window, found in self._scan.look(path, file):
            yield self._part(path, window, found)

    def _part(self, path: str, window: Window, found: Sequence[Finding]) -> Part:
        shift = window.first - window.lead
        self._given.spans = tuple(
            replace(one.span, start=one.span.start - shift, end=one.span.end - shift)
            for one in found
        )
        sealed = self._vault.seal(window.part, path)
        reading = read(sealed.data)
        origins = {one.span.start: one.origin for one in found}
        spans = tuple(
            replace(mark.span, start=mark.span.start + shift, end=mark.span.end + shift)
            for mark in sealed.marks
        )
        lines = reading.text.split(b"\n") if spans else []
        seen = []
        for mark, span, place in zip(sealed.marks, spans, window.places(spans), strict=True):
            shown = lines[mark.line - 1].decode(errors="backslashreplace").removesuffix("\r")
            seen.append(
                Seen(Finding(span, *place, origins.get(span.start)), mark.placeholder, shown)
            )
        text = reading.text.decode(_decoding(reading), "backslashreplace")
        return Part(sealed.data[window.lead :], text, tuple(seen))


def _decoding(reading: Reading) -> str:
    return "latin-1" if reading.encoding == "latin-1" else "utf-8"


def as_json(name: str, parts: Iterable[Part]) -> dict[str, object]:
    """A sealed file as one JSON object."""
    text: list[str] = []
    values = []
    for part in parts:
        text.append(part.text)
        for seen in part.seen:
            origin = seen.found.origin
            values.append(
                {
                    **report.row(name, seen.found),
                    "placeholder": seen.placeholder,
                    "shown": seen.shown,
                    "origin": {"file": origin.path, "line": origin.line} if origin else None,
                }
            )
    return {"file": name, "text": "".join(text), "values": values}
