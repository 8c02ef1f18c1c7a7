"""Encodings of a value in its context, or of the whole file: the places of the secret go along."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from bench.sealing import syntax
from bench.sealing.contexts import put
from bench.sealing.model import Piece, Pieces, Snippet, mapped, places, regrouped, text_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


def base64_of(pieces: Pieces, *, url: bool = False, padded: bool = True) -> Pieces:
    """All in base64; secret are the characters that hold a bit of a secret byte."""
    data, found = places(pieces, "utf-8")
    text = (base64.urlsafe_b64encode if url else base64.b64encode)(data).decode()
    if url or not padded:
        text = text.rstrip("=")
    return regrouped(text, [(start * 8 // 6, -(-end * 8 // 6)) for start, end in found])


def hex_of(pieces: Pieces) -> Pieces:
    """All in hexadecimal."""
    data, found = places(pieces, "utf-8")
    return regrouped(data.hex(), [(start * 2, end * 2) for start, end in found])


def wrapped(pieces: Pieces, width: int, between: str) -> Pieces:
    """With something put between every `width` characters."""
    made: list[Piece] = []
    at = 0
    for text, hidden in pieces:
        for char in text:
            if at and at % width == 0:
                made.append(Piece(between))
            made.append(Piece(char, hidden))
            at += 1
    return tuple(made)


def _value(
    change: Callable[[random.Random, Pieces], Pieces],
) -> Callable[[random.Random, Pieces], Pieces | None]:
    def encode(rng: random.Random, pieces: Pieces) -> Pieces | None:
        made = change(rng, pieces)
        return None if text_of(made) == text_of(pieces) else made

    return encode


def _hex_value(rng: random.Random, pieces: Pieces) -> Pieces:
    made = hex_of(pieces)
    if rng.random() < 0.3:  # noqa: PLR2004 - seldom
        made = mapped(made, str.upper)
    return (Piece("0x"), *made) if rng.random() < 0.15 else made  # noqa: PLR2004 - seldom


def _unicode_value(rng: random.Random, pieces: Pieces) -> Pieces:
    ways = (syntax.unicode_all, syntax.unicode_some, syntax.hexadecimal_escapes)
    return mapped(pieces, rng.choice(ways))


VALUES: dict[str, Callable[[random.Random, Pieces], Pieces | None]] = {
    "base64 of value": _value(lambda rng, p: base64_of(p, padded=rng.random() < 0.8)),  # noqa: PLR2004 - mostly
    "base64url": _value(lambda _, p: base64_of(p, url=True)),
    "hex": _value(_hex_value),
    "url": _value(lambda _, p: mapped(p, syntax.percent)),
    "unicode escapes": _value(_unicode_value),
}
"""Encodings that a value may have within a context that is plain."""


def _json_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    escape = syntax.json_text if rng.random() < 0.6 else syntax.json_ascii  # noqa: PLR2004 - either
    pieces = mapped(inner.pieces, escape)
    head, tail = rng.choice(
        [
            (f'{{"path": "{inner.path}", "content": "', '"}\n'),
            ('{"level": "debug", "msg": "read file", "text": "', '", "ms": 3}\n'),
            ('{"messages": [{"role": "user", "content": "Please fix:\\n', '"}]}\n'),
            (f'[\n  {{\n    "file": "{inner.path}",\n    "body": "', '"\n  }\n]\n'),
        ]
    )
    if rng.random() < 0.2:  # noqa: PLR2004 - seldom
        pieces = (Piece(syntax.json_text(head)), *mapped(pieces, escape))
        pieces = (*pieces, Piece(syntax.json_text(tail)))
        head, tail = '{"event": {"body": "', '"}}\n'
    return put("event.json", head, pieces, tail, "")


def _url_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    escape = rng.choice([syntax.percent, syntax.form])
    head, tail = rng.choice(
        [
            (f"name={inner.path}&content=", "&commit=1\n"),
            ("GET /render?template=", " HTTP/1.1\n"),
            ("data:text/plain,", "\n"),
        ]
    )
    return put("request.txt", head, mapped(inner.pieces, escape), tail, "")


_BASE64_FILES = (
    (
        "user-data.yaml",
        "write_files:\n  - path: /etc/%s\n    encoding: b64\n    content: ",
        "\n",
        0,
        "",
    ),
    ("secret.yaml", "apiVersion: v1\nkind: Secret\ndata:\n  %s: ", "\n", 0, ""),
    (
        "contents.json",
        '{"path": "%s", "encoding": "base64", "content": "',
        '\\n"}\n',
        60,
        "\\n",
    ),
    (
        "mail.eml",
        "Content-Transfer-Encoding: base64\nContent-Disposition: filename=%s\n\n",
        "\n--end--\n",
        76,
        "\n",
    ),
    ("setup.sh", "base64 -d > %s <<< '", "'\nexit 0\n", 0, ""),
    ("main.tf", 'resource "vm" "a" {\n  # %s\n  user_data = "', '"\n}\n', 0, ""),
    ("page.html", '<a title="%s" href="data:text/plain;base64,', '">file</a>\n', 0, ""),
)
"""Path, what stands before and after, the width of lines if wrapped, and what goes between them."""


def _base64_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    path, before, after, width, between = rng.choice(_BASE64_FILES)
    pieces = base64_of(inner.pieces)
    if width:
        pieces = wrapped(pieces, width, between)
    return put(path, before % inner.path.strip("/"), pieces, after)


def _base64url_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    pieces = base64_of(inner.pieces, url=True)
    head, tail = rng.choice(
        [
            ("https://app.example.com/import?config=", "&v=2\n"),
            ('{"raw": "', '", "threadId": "18c"}\n'),
            ("STATE=", "\n"),
        ]
    )
    return put("links.txt", head, pieces, tail)


def _hex_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    pieces = hex_of(inner.pieces)
    way = rng.randrange(4)
    if way == 0:
        return put("dump.txt", f"$ xxd -p {inner.path}\n", wrapped(pieces, 60, "\n"), "\n$ exit\n")
    if way == 1:
        return put("app.py", 'BLOB = bytes.fromhex("', pieces, '")\n')
    if way == 2:  # noqa: PLR2004 - the third way
        return put("seed.sql", "INSERT INTO files VALUES (1, x'", pieces, "');\n", "--")
    head = "printf '\\x"
    return put("setup.sh", head, wrapped(pieces, 2, "\\x"), f"' > {inner.path}\n")


def _html_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    escape = rng.choice([syntax.xml_text, syntax.html_text])
    pieces = mapped(inner.pieces, escape)
    return put("page.html", "<html><body><pre>\n", pieces, "</pre></body></html>\n", "")


def _unicode_file(rng: random.Random, inner: Snippet) -> Snippet | None:
    def escape(text: str) -> str:
        return syntax.unicode_some(text).replace("\\u000a", "\\n").replace("\\u0020", " ")

    head = rng.choice(['{"content": "', 'const file = "'])
    return put("file.js", head, mapped(inner.pieces, escape), '"}\n' if "{" in head else '";\n', "")


FILES: dict[str, Callable[[random.Random, Snippet], Snippet | None]] = {
    "json": _json_file,
    "url": _url_file,
    "base64 of file": _base64_file,
    "base64url": _base64url_file,
    "hex": _hex_file,
    "html": _html_file,
    "unicode escapes": _unicode_file,
}
"""Encodings of a file within another file."""


def utf16(rng: random.Random, pieces: Pieces) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """The file as Windows writes it, mostly with a byte order mark."""
    codec = rng.choice(["utf-16-le", "utf-16-le", "utf-16-be"])
    mark = () if codec == "utf-16-le" and rng.random() < 0.2 else (Piece("\ufeff"),)  # noqa: PLR2004 - seldom
    return places((*mark, *pieces), codec)


def latin1(inner: Snippet) -> tuple[bytes, tuple[tuple[int, int], ...]] | None:
    """The file in Latin-1, with letters that are no UTF-8; nothing where it has no such letter."""
    note = Piece(f"{inner.comment} Größe für München: 5 µm\n")
    pieces = (note, *inner.pieces) if inner.comment else inner.pieces
    text = text_of(pieces)
    if text.isascii() or not all(ord(char) < 256 for char in text):  # noqa: PLR2004 - Latin-1's end
        return None
    return places(pieces, "latin-1")
