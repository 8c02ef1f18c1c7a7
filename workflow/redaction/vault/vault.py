"""The vault: replaces every value by its placeholder, and remembers which one stands for what.

Nothing of it is written anywhere: with the key, the same files give the same placeholders again.
"""

from __future__ import annotations

import codecs
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from workflow.redaction.find import merged
from workflow.redaction.interface import Kind, SealingError, Span
from workflow.redaction.reading import UndecodableError, read
from workflow.redaction.spans import Placed, apart_from, in_text, with_lines
from workflow.redaction.spread import is_strong
from workflow.redaction.vault import placeholder
from workflow.redaction.vault.known import Known
from workflow.types import Count

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workflow.redaction.files.scan import Allowed
    from workflow.redaction.reading import Reading
    from workflow.redaction.vault.placeholder import Shape

_NOTICE = b"[left out: these bytes are no text, so nobody can say what they hold]\n"
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Finder(Protocol):
    """Finds the values of a file, at their places in its own bytes; `workflow.redaction.find`."""

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """The values in order, apart, each within a line; raises what keeps a file from going."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was found, and where it was first seen; `path` is empty for a request.

    `is_strong` says that the same bytes elsewhere are no accident.
    """

    data: bytes = field(repr=False)
    kind: Kind
    path: str
    line: int
    placeholder: str
    is_strong: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A placeholder's place in sealed bytes; `line` counts from 1.

    `span` is what it stands for, by its place in the file's own bytes.
    """

    start: int
    end: int
    placeholder: str
    line: int
    span: Span


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file as it may be seen: the same lines, line ends and encoding, and no value."""

    path: str
    data: bytes = field(repr=False)
    marks: tuple[Mark, ...]


class Vault:
    """Seals with a key what a finder finds, and knows what each placeholder stands for.

    A value that is found in one text is sealed in all that come later, so `learn` all files before
    the first is sealed.  `allowed` is where the finder's allow-list notes what it lets pass.
    """

    def __init__(self, key: bytes, finder: Finder, allowed: Collection[Allowed] = ()) -> None:
        self._allowed = allowed
        self._key = key
        self._finder = finder
        self._known = Known()
        self._values: dict[bytes, Value] = {}
        self._by_placeholder: dict[bytes, Value] = {}
        self._made: dict[tuple[bytes, Shape], bytes] = {}
        self._paths: dict[bytes, set[str]] = {}
        self._taken: set[bytes] = set()
        self._found: dict[tuple[bytes, str], tuple[Span, ...]] = {}

    def __repr__(self) -> str:
        """How much it holds; never what."""
        return f"<{type(self).__name__} of {len(self._values)} values>"

    def token(self, text: str) -> str:
        """A word of 64 hexadecimal digits that nobody without the key can foretell."""
        return hmac.digest(self._key, b"token:" + text.encode(), "sha256").hex()

    # --- sealing ----------------------------------------------------------------------------------

    def learn(self, data: bytes, path: str = "") -> None:
        """Find and remember the values of a file.

        Raises `SealingError`, or what a detector raises, when it cannot be read.
        """
        reading = read(data)
        source = _digest(data)
        spans = self._spans(data, path, reading, source)
        self._found[source, path] = spans
        markers = placeholder.places(reading.text)
        self._taken.update(reading.text[start:end] for start, end in markers)
        self._remember(reading.text, path, spans, source)

    def seal(self, data: bytes, path: str = "") -> Sealed:
        """The file with a placeholder for each value in it, and for all that looks like one.

        Raises `SealingError`, or what a detector raises, when it cannot be read.
        """
        reading = read(data)
        source = _digest(data)
        spans = self._found.pop((source, path), None)
        if spans is None:
            spans = self._spans(data, path, reading, source)
        text = reading.text
        places = placeholder.places(text)
        self._taken.update(text[start:end] for start, end in places)
        markers = [Span(start, end, Kind.MARKER, "marker") for start, end in places]
        known = self._known.find(text, except_from=source)
        self._remember(text, path, spans, source)
        return self._replaced(data, path, reading, merged([*spans, *known, *markers]))

    def seal_text(self, text: str, path: str = "") -> str:
        """Text such as a request, sealed; without a `path` it belongs to no file.

        Raises as `seal` does.
        """
        data = text.encode("utf-8", "surrogateescape")
        return self.seal(data, path).data.decode("utf-8", "surrogateescape")

    def seal_path(self, path: str) -> str:
        """A file's path with each of its names sealed; it never has more parts than before."""
        names = [self._sealed_name(name, path) for name in path.split("/")]
        return "/".join(names)

    def restore_path(self, path: str) -> str:
        """The path that `seal_path` sealed.

        Raises `SealingError` when a name has a placeholder that stands for nothing.
        """
        data = path.encode("utf-8", "surrogateescape")
        parts, end = [], 0
        for start, stop in placeholder.places(data):
            value = self.known(data[start:stop])
            if value is None:
                message = f"a placeholder in the file name {path!r} stands for nothing"
                raise SealingError(message, hint="ask again: the name was altered on its way")
            parts += [data[end:start], value.data]
            end = stop
        return b"".join([*parts, data[end:]]).decode("utf-8", "surrogateescape")

    def scrub(self, data: bytes, path: str = "") -> bytes:
        """Anything that is kept or shown, without its values; placeholders stay as they are.

        It takes any bytes: what is in a wide encoding becomes UTF-8, of broken text what cannot be
        read is dropped, and bytes that are no text at all become a notice.  Raises what a detector
        raises.
        """
        data = _readable(data)
        try:
            reading = read(data)
        except UndecodableError:
            return _NOTICE
        source = _digest(data)
        own = placeholder.words(reading.text)
        spans = self._spans(data, path, reading, source)
        known = self._known.find(reading.text, except_from=source)
        self._remember(reading.text, path, apart_from(spans, own, whole=True), source)
        left = apart_from(merged([*spans, *known]), own)
        return self._replaced(data, path, reading, left).data

    def scrub_text(self, text: str, path: str = "") -> str:
        """As `scrub`, for text."""
        data = self.scrub(text.encode("utf-8", "surrogateescape"), path)
        return data.decode("utf-8", "surrogateescape")

    # --- what it knows ----------------------------------------------------------------------------

    def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
        """What the finder finds in a file, by its place in it; nothing is remembered."""
        return self._finder.find(data, path)

    def known(self, mark: bytes) -> Value | None:
        """What a placeholder stands for: exactly this one, in exactly this spelling."""
        return self._by_placeholder.get(mark)

    def allowed(self) -> tuple[Allowed, ...]:
        """What the finder's allow-list has let pass so far, in the order in which it did."""
        return tuple(self._allowed)

    def paths(self, value: Value) -> frozenset[str]:
        """The files that a value was found in; none for one that only a request holds."""
        return frozenset(self._paths.get(value.data, ())) - {""}

    def values(self) -> tuple[Value, ...]:
        """Every value once, for the guard at the door.

        Text of the user's that looks like a placeholder is left out where it is one by now.
        """
        return tuple(
            value for value in self._values.values() if value.data not in self._by_placeholder
        )

    def counts(self, sealed: bytes) -> tuple[Count, ...]:
        """How many values of each kind stand sealed in these bytes, such as a request's body."""
        found: dict[Kind, set[bytes]] = {}
        for mark in placeholder.candidates(sealed):
            value = self.known(mark)
            if value is not None:
                found.setdefault(value.kind, set()).add(value.data)
        return tuple(Count(kind.value, len(found[kind])) for kind in sorted(found))

    # --- how --------------------------------------------------------------------------------------

    def _spans(self, data: bytes, path: str, reading: Reading, source: bytes) -> tuple[Span, ...]:
        """What the finder finds, by its place in the text that `reading` has."""
        found = self._found.get((source, path))
        return (
            tuple(in_text(data, reading, self._finder.find(data, path))) if found is None else found
        )

    def _remember(self, text: bytes, path: str, spans: Sequence[Span], source: bytes) -> None:
        for placed, span in with_lines(text, spans):
            value = text[span.start : span.end]
            self._mark(value, span.kind, path, placed)
            self._known.add(value, span.kind, source)

    def _replaced(self, data: bytes, path: str, reading: Reading, spans: Sequence[Span]) -> Sealed:
        text, encoding = reading.text, reading.encoding
        is_wide = reading.marks is not None
        parts, marks = [data[: reading.begin]], []
        size, end = reading.begin, 0
        for placed, span in with_lines(text, spans):
            mark = self._mark(text[span.start : span.end], span.kind, path, placed)
            between = text[end : span.start]
            pieces = [
                piece.decode().encode(encoding) if is_wide else piece for piece in (between, mark)
            ]
            start = size + len(pieces[0])
            size = start + len(pieces[1])
            source = Span(*reading.span(span.start, span.end), span.kind, span.rule)
            marks.append(Mark(start, size, mark.decode(), placed.line, source))
            parts += pieces
            end = span.end
        rest = text[end:]
        parts.append(rest.decode().encode(encoding) if is_wide else rest)
        return Sealed(path, b"".join(parts), tuple(marks))

    def _mark(self, value: bytes, kind: Kind, path: str, placed: Placed) -> bytes:
        """The placeholder for a value at its place, and the value remembered."""
        shape = placeholder.shape_of(kind, value, placed.before, placed.after)
        mark = self._made.get((value, shape)) or self._new_mark(value, shape)
        found = self._values.get(value)
        if found is None:
            found = Value(value, kind, path, placed.line, mark.decode(), is_strong(value))
            self._values[value] = found
        self._by_placeholder.setdefault(mark, found)
        self._paths.setdefault(value, set()).add(path)
        return mark

    def _new_mark(self, value: bytes, shape: Shape) -> bytes:
        """A placeholder that no other value has, and no text that was read."""
        attempt = 0
        mark = placeholder.make(self._key, value, shape)
        while mark in self._by_placeholder or mark in self._taken:
            attempt += 1
            mark = placeholder.make(self._key, value, shape, attempt)
        self._made[value, shape] = mark
        return mark

    def _sealed_name(self, name: str, path: str) -> str:
        data = name.encode("utf-8", "surrogateescape")
        return self.seal(data, path).data.decode("utf-8", "surrogateescape")


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _readable(data: bytes) -> bytes:
    """The bytes as text of which ASCII is a part, without what keeps them from being that."""
    try:
        reading = read(data)
    except UndecodableError:
        for mark, encoding in _WIDE:
            if data.startswith(mark):
                data = data[len(mark) :].decode(encoding, "replace").encode("utf-8", "replace")
                break
        return data.replace(b"\0", b"")
    return data if reading.marks is None else reading.text
