"""What a case of the corpus is: text in pieces, of which some are the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable


class Piece(NamedTuple):
    """Some characters, and whether they are (part of) the secret."""

    text: str
    secret: bool = False


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret: how to make one, and what a person calls it.

    `names` are words joined by spaces; each context writes them in its own style.  `shaped` says
    that the value is known by its looks, so that a context may call it anything.  A kind with a
    `path` makes a whole document, such as a `.netrc`.
    """

    name: str
    family: str
    make: Callable[[random.Random], Pieces]
    names: tuple[str, ...] = ()
    shaped: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A small file that holds a secret.  `comment` begins a comment there, if there are any."""

    path: str
    pieces: Pieces
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A file's bytes and where the secret lies in them; `truth` is empty for no look-alike."""

    path: str
    data: bytes
    truth: tuple[tuple[int, int], ...]
    kind: str
    family: str
    context: str
    encoding: str


def plain(text: str) -> Pieces:
    """The text without a secret."""
    return (Piece(text),)


def secret(text: str) -> Pieces:
    """The text as one secret."""
    return (Piece(text, secret=True),)


def text_of(pieces: Iterable[Piece]) -> str:
    """All characters."""
    return "".join(piece.text for piece in pieces)


def mapped(pieces: Iterable[Piece], change: Callable[[str], str]) -> Pieces:
    """The pieces, each with its text changed: for encodings that treat characters one by one."""
    return tuple(Piece(change(text), hidden) for text, hidden in pieces)


def places(pieces: Iterable[Piece], codec: str) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """The encoded text, and the offsets of its secret bytes, adjacent ones as one."""
    data = bytearray()
    found: list[tuple[int, int]] = []
    for text, hidden in pieces:
        start = len(data)
        data += text.encode(codec, "surrogatepass")
        if hidden and len(data) > start:
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], len(data))
            else:
                found.append((start, len(data)))
    return bytes(data), tuple(found)


def regrouped(whole: str, places: Iterable[tuple[int, int]]) -> Pieces:
    """The text in pieces, of which those at `places` (in characters) are secret."""
    made: list[Piece] = []
    at = 0
    for start, end in places:
        first = max(start, at)  # two secrets may share a base64 character
        made += [Piece(whole[at:first]), Piece(whole[first:end], secret=True)]
        at = max(end, at)
    made.append(Piece(whole[at:]))
    return tuple(piece for piece in made if piece.text)
