"""Looks for known values in what is about to leave, however they are written.

Sealing works on files and may have missed a place; this looks at the request itself, last of all.
"""

from __future__ import annotations

import re
import string
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from workflow.redaction.spread import is_strong
from workflow.redaction.variants import base64_forms, variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hyperscan import Database

    from workflow.redaction.interface import Kind

_BLANKS = b" \t\r\n\0\\"
_HEX = string.hexdigits.encode()
_LINE_ENDS = (b"n", b"r", b"t")
_PAIR = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_CORE = 12
"""Bytes of a form that are compiled: twice as fast to do as all, and hardly less selective."""
_MOST_PARTS = 8
"""Databases to scan one after the other before they are made one: a scan costs 0.1 ms on 300 KB."""


class Known(Protocol):
    """A value of the vault, and where it was first seen."""

    @property
    def data(self) -> bytes:
        """The value itself, as it stands in its file."""
        ...

    @property
    def kind(self) -> Kind:
        """What it is."""
        ...

    @property
    def path(self) -> str:
        """The file that it comes from; empty for one that is in no file."""
        ...

    @property
    def line(self) -> int:
        """The line in that file, from 1; 0 without one."""
        ...

    @property
    def is_strong(self) -> bool:
        """Whether the same bytes elsewhere are no accident."""
        ...


@dataclass(frozen=True, slots=True)
class Leak:
    """A known value that was about to leave: all about it but the value."""

    kind: Kind
    path: str
    line: int
    form: str
    """How it was written, such as `raw`, `base64` or `hex`."""

    def __str__(self) -> str:
        """Describe it, for a message."""
        what = f"a value of kind {self.kind}"
        where = f" from {self.path}" if self.path else ""
        line = f", line {self.line}" if self.line else ""
        return f"{what}{where}{line}, written as {self.form}"


class Leaks:
    """Finds the values that `source` gives, which is asked again each time: a vault grows.

    Weak values (`admin`, `postgres`, five letters) are NOT looked for: ordinary prompts hold
    such words, so a refusal would mean nothing.  They are sealed where they were found, and only
    that protects them.

    Safe to use from several threads.  `hyperscan.error` and what `source` raises pass through.
    """

    def __init__(self, source: Callable[[], Iterable[Known]]) -> None:
        self._source = source
        self._others: list[Known] = []
        self._known: set[bytes] = set()
        self._parts: list[_Part] = []
        self._lock = threading.Lock()

    def add(self, other: Known) -> None:
        """Look for a value that is not in the source, too, such as a provider's key."""
        with self._lock:
            self._others.append(other)

    def find(self, data: bytes) -> Leak | None:
        """The first known value in `data`: as it is, without blanks, and with escapes resolved.

        Time and memory grow with the length of `data`; the number of values hardly matters.
        """
        return self._first(_views(data))

    def find_in(self, raw: bytes, document: object) -> Leak | None:
        """The first known value in a request's bytes as they are, or in their parsed JSON.

        The latter is looked at as in `find`: all strings and keys, one below the other.
        """
        text = "\n".join(_strings(document)).encode("utf-8", "surrogatepass")
        return self._first(chain((raw,), _views(text)))

    def _first(self, views: Iterable[bytes]) -> Leak | None:
        with self._lock:
            self._refresh()
            for view in views:
                for part in self._parts:
                    if (leak := part.find(view)) is not None:
                        return leak
        return None

    def _refresh(self) -> None:
        """Take up the values that are new; one database more, or a single new one for all."""
        known = chain(self._source(), self._others)
        new = [each for each in known if each.is_strong and each.data not in self._known]
        if not new:
            return
        if len(self._parts) < _MOST_PARTS:
            self._parts.append(_Part(new))
        else:
            earlier = [known for part in self._parts for known in part.values]
            self._parts = [_Part([*earlier, *new])]
        # NOTE: only now, so that a value whose compilation failed is not taken for looked after.
        self._known.update(each.data for each in new)


class _Part:
    """Some values in all their forms, compiled."""

    def __init__(self, values: list[Known]) -> None:
        import hyperscan  # noqa: PLC0415 - large; needed at the first request, not to list proposals

        self.values = values
        meanings: dict[bytes, dict[bytes, tuple[Known, str]]] = {}
        for known in values:
            for name, form in _forms(known.data):
                meanings.setdefault(form[:_CORE], {}).setdefault(form, (known, name))
        self._meanings = tuple(meanings.values())
        self._database: Database = hyperscan.Database()
        self._database.compile(
            expressions=tuple(meanings),
            ids=tuple(range(len(meanings))),
            flags=hyperscan.HS_FLAG_SINGLEMATCH,
            literal=True,
        )

    def find(self, data: bytes) -> Leak | None:
        hits: list[int] = []

        def hit(number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            hits.append(number)

        self._database.scan(data, match_event_handler=hit)
        for number in hits:
            for form, (known, name) in self._meanings[number].items():
                if form in data:
                    return Leak(known.kind, known.path, known.line, name)
        return None


def _forms(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Those of `variants`, each also as the joined view has it, and base64 of UTF-16.

    NOTE: hyperscan's Python binding ends a literal at its first NUL, so no form has one; the joined
    view has none either.  That view undoes what JSON does to a value, so JSON's forms are left out.
    """
    # JSON writes a backspace or form feed as a letter.
    undone = is_strong(_joined(value)) and not {8, 12} & {*value}
    for name, form in variants(value):
        if name == "json" and undone:
            continue
        if b"\0" not in form:
            yield name, form
        # The second: where what looks like an escaped line end, as in C:\\new, was not one.
        for joined in (_joined(form), form.translate(None, _BLANKS)):
            if is_strong(joined):
                yield name, joined
    with suppress(UnicodeDecodeError):
        for _, form in base64_forms(value.decode().encode("utf-16-le")):
            yield "base64 of utf-16", form


def _views(data: bytes) -> Iterator[bytes]:
    """`data`, then what it says to a reader who resolves escapes and joins lines."""
    yield data
    joined = _joined(data)
    yield joined
    head, *tail = joined.split(b"%")
    if tail:
        yield b"".join((head, *(_byte(piece, 0) or b"%" + piece for piece in tail)))


def _joined(data: bytes) -> bytes:
    r"""With \uXXXX and \xXX resolved; without NULs, blanks, line ends (also `\n`), and backslashes.

    So text is the same however often it was quoted, and UTF-16 the same as UTF-8.
    """
    if b"\0" in data:
        data = data.translate(None, b"\0")
    head, *tail = data.split(b"\\")
    if tail:
        pieces = [head]
        for piece in tail:
            letter = piece[:1]
            if letter in _LINE_ENDS:
                pieces.append(piece[1:])
            elif letter == b"u":
                pieces.append(_character(piece))
            elif letter == b"x":
                pieces.append(_byte(piece, 1) or piece)
            else:
                pieces.append(piece)
        data = _PAIR.sub(_whole, b"".join(pieces))
    return data.translate(None, _BLANKS)


def _byte(piece: bytes, start: int) -> bytes:
    """The piece with the two digits at `start` resolved, and empty if there are none."""
    number = piece[start : start + 2]
    if len(number) < 2 or number.translate(None, _HEX):  # noqa: PLR2004 - digits of a byte
        return b""
    return bytes.fromhex(number.decode()) + piece[start + 2 :]


def _character(piece: bytes) -> bytes:
    """The piece with its `uXXXX` resolved; half of a surrogate pair comes out as three bytes."""
    number = piece[1:5]
    if len(number) < 4 or number.translate(None, _HEX):  # noqa: PLR2004 - digits of a UTF-16 unit
        return piece
    return chr(int(number, 16)).encode("utf-8", "surrogatepass") + piece[5:]


def _whole(pair: re.Match[bytes]) -> bytes:
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-be", "surrogatepass").decode("utf-16-be").encode()


def _strings(document: object) -> Iterator[str]:
    """Every string and key of the document in its order; without recursion, however deep it is."""
    open_ends: list[Iterator[object]] = [iter((document,))]
    while open_ends:
        for each in open_ends[-1]:
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict):
                open_ends.append(item for pair in each.items() for item in pair)
                break
            elif isinstance(each, list):
                open_ends.append(iter(each))
                break
        else:
            open_ends.pop()
