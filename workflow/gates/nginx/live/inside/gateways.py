"""Reads what nginx sends to FastCGI, uwsgi and SCGI servers, and answers FastCGI."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Exactly: TypeAlias = Callable[[int], bytes]

Request: TypeAlias = "tuple[list[tuple[str, str]], bytes]"
_BEGIN, _END, _PARAMS, _STDIN, _STDOUT = 1, 3, 4, 5, 6
_KEEP = 1
_MOST = 65535
_LONG = 0x80


@dataclass
class FastCgi:
    """One FastCGI request; `keeps` asks that the connection stays open."""

    number: int
    keeps: bool
    params: list[tuple[str, str]]
    body: bytes


def fastcgi(exactly: Exactly, limit: int) -> FastCgi:
    """Return one FastCGI request."""
    params, body, keeps = b"", b"", False
    while True:
        _, kind, number, size, padding, _ = struct.unpack(">BBHHBB", exactly(8))
        content = exactly(size)
        exactly(padding)
        if kind == _BEGIN:
            keeps = bool(content[2] & _KEEP)
        elif kind == _PARAMS:
            params += content
        elif kind == _STDIN:
            body += content
            if not content:
                return FastCgi(number, keeps, _pairs(params), body)
        if len(params) + len(body) > limit:
            raise EOFError


def _pairs(data: bytes) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(data):
        sizes = []
        for _ in range(2):
            wide = data[place] & _LONG
            raw = data[place : place + 4] if wide else data[place : place + 1]
            sizes.append(int.from_bytes(raw, "big") & (0x7FFFFFFF if wide else 0x7F))
            place += len(raw)
        name, value = data[place : place + sizes[0]], data[place + sizes[0] : place + sum(sizes)]
        found.append((name.decode("latin-1"), value.decode("latin-1")))
        place += sum(sizes)
    return found


def fastcgi_answer(number: int, said: bytes) -> bytes:
    """Return the records of an answer."""
    parts = [said[start : start + _MOST] for start in range(0, len(said), _MOST)]
    records = b"".join(_record(_STDOUT, number, part) for part in (*parts, b""))
    return records + _record(_END, number, bytes(8))


def _record(kind: int, number: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBB", 1, kind, number, len(content), 0, 0) + content


def uwsgi(exactly: Exactly, limit: int) -> Request:
    """Return the variables and the body of one uwsgi request."""
    _, size, _ = struct.unpack("<BHB", exactly(4))
    data, place, found = exactly(size), 0, []
    while place < len(data):
        words = []
        for _ in range(2):
            length = struct.unpack("<H", data[place : place + 2])[0]
            words.append(data[place + 2 : place + 2 + length].decode("latin-1"))
            place += 2 + length
        found.append((words[0], words[1]))
    return found, exactly(_length(dict(found), limit))


def scgi(exactly: Exactly, limit: int) -> Request:
    """Return the headers and the body of one SCGI request."""
    digits = b""
    while (mark := exactly(1)) != b":":
        digits += mark
    words = exactly(min(int(digits), limit)).decode("latin-1").split("\0")
    exactly(1)
    found = list(zip(words[::2], words[1::2], strict=False))
    return found, exactly(_length(dict(found), limit))


def _length(given: dict[str, str], limit: int) -> int:
    return min(int(given.get("CONTENT_LENGTH") or 0), limit)
