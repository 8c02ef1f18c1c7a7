"""Reads what a service sent as HTTP/1.1: bytes of a hostile process, bounded before they get here.

The rules are those of RFC 9112, without its leniencies: a service whose answer needs them differs
from every server that this gate starts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_MAX_HEADERS = 200
_MAX_INTERIM = 10
_NO_BODY = {204, 304}


class NotHttpError(ValueError):
    """The bytes are no answer; the message says in a few words why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, headers with lower-case names in their order, and its body.

    `is_whole` says whether the body came to its declared end; `ms` is milliseconds from the
    connection to the last byte.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool = True
    ms: int = 0

    def header(self, name: str) -> str | None:
        """Return a header's values, joined as one; `None` where it is not there."""
        found = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(found) if found else None

    @property
    def json(self) -> Json:
        """The JSON that the body is; raises `ValueError` when it is none."""
        try:
            said: Json = json.loads(self.body)
        except RecursionError as error:
            message = "nested too deeply"
            raise ValueError(message) from error
        return said


def read(raw: bytes, method: str, ms: int = 0, *, is_cut: bool = False) -> Answer:
    """Return the answer that bytes are; `is_cut` says that there were more of them.

    Raises `NotHttpError`.
    """
    rest = raw
    for _ in range(_MAX_INTERIM):
        status, headers, rest = _head(rest)
        if status >= 200:  # noqa: PLR2004 - those below only announce the answer
            body, is_whole = _body(rest, status, headers, method)
            whole = is_whole and not is_cut
            return Answer(status, headers, body, whole, ms)
    message = "too many interim answers"
    raise NotHttpError(message)


def _head(raw: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    head, end, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n", _MAX_HEADERS + 1)
    status = _STATUS.fullmatch(first)
    if not raw:
        message = "nothing was sent"
    elif not end:
        message = "the headers have no end"
    elif status is None:
        message = "no status line"
    elif len(lines) > _MAX_HEADERS:
        message = f"more than {_MAX_HEADERS} headers"
    else:
        return int(status[1]), tuple(map(_header, lines)), rest
    raise NotHttpError(message)


def _header(line: bytes) -> tuple[str, str]:
    found = _HEADER.fullmatch(line)
    if found is None:
        message = "a header that is none"
        raise NotHttpError(message)
    return found[1].decode("ascii").lower(), found[2].rstrip(b" \t").decode("latin-1")


def _body(
    rest: bytes, status: int, headers: tuple[tuple[str, str], ...], method: str
) -> tuple[bytes, bool]:
    """Return the body, and whether it is whole."""
    codings = [value.lower() for name, value in headers if name == "transfer-encoding"]
    lengths = {value for name, value in headers if name == "content-length"}
    if method == "HEAD" or status in _NO_BODY:
        return b"", not rest
    if codings:
        if codings != ["chunked"] or lengths:
            message = "a body of doubtful length"
            raise NotHttpError(message)
        return _unchunked(rest)
    if not lengths:
        return rest, True
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit() and len(length) < 16):  # noqa: PLR2004 - more digits are no length
        message = "a body of doubtful length"
        raise NotHttpError(message)
    return rest[: int(length)], len(rest) == int(length)


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    place = 0
    while found := _CHUNK.match(rest, place):
        size, start = int(found[1], 16), found.end()
        if size == 0:
            # Trailers are not looked at, but for their end.
            tail = rest[start:]
            return b"".join(parts), tail == b"\r\n" or tail.endswith(b"\r\n\r\n")
        parts.append(rest[start : start + size])
        place = start + size + 2
        if rest[start + size : place] != b"\r\n":
            break
    return b"".join(parts), False
