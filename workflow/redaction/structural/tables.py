"""Columns below a secret's name: CSV, drawn tables, `INSERT` and `COPY` of SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import Syntax, is_random, is_value
from workflow.redaction.structural.names import STEMS, Name, classify
from workflow.redaction.structural.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source

    Columns = dict[int, Name]

# No heading of a table is longer, in bytes.
_WIDEST = 2048
_TITLE = re.compile(rb"[A-Za-z_][\w.-]*(?: [\w.()-]+){0,2}")
_RULER = re.compile(rb"[-+|=: \t\r]*+")
_PIPES = re.compile(rb"\|+")
_GAPS = re.compile(rb"  +")
# A cell of each way to part them.
_CELLS = {
    sign: re.compile(rb"[ ]*(?:\"((?:[^\"\r\n]|\"\")*+)\"|([^" + sign + rb"\r\n]*+))[ ]*")
    for sign in (b",", b";", b"\t")
}
_DRAWN = {b"|": re.compile(rb"()([^|\r\n]++)"), b"  ": re.compile(rb"()(\S+(?: \S+)*+)")}
_AMOUNT = re.compile(rb"[\d.,%$+ -]+[kKMG]?")
_MIXED = re.compile(rb"(?=\S{6})(?=\S*\d)(?=\S*(?:[A-Za-z]\S*[A-Za-z]|[^\w\s.:/,()\[\]-]))\S+\Z")


def _column(source: Source, at: int) -> Iterator[Span]:
    """The cells below a heading that says secret, in rows of as many cells as the heading."""
    text = source.text
    if source.syntax is Syntax.CODE or at < source.listed["table"]:
        return
    if source.syntax is Syntax.PROSE and not text.endswith(b"|", 0, at):
        return
    stop = source.line_end(at - 1)
    source.listed["table"] = stop + 1
    start = text.rfind(b"\n", max(0, at - 1 - _WIDEST), at - 1) + 1
    heading = text[start:stop]
    sign = _sign(heading)
    if len(heading) > _WIDEST:
        return
    titles = _titles(heading, sign)
    columns = {i: name for i, title in enumerate(titles) if (name := classify(title))}
    if len(titles) > 1 and columns and all(map(_TITLE.fullmatch, titles)):
        yield from _rows(source, stop + 1, (sign, len(titles)), columns)


def _sign(heading: bytes) -> bytes:
    """What parts the cells of a heading."""
    return next((s for s in (b"|", b"\t", b",", b";") if s in heading), b"  ")


def _titles(heading: bytes, sign: bytes) -> list[bytes]:
    line = heading.strip(b" \r")
    if sign == b"|":
        cells = _PIPES.split(line.strip(b"|"))
    else:
        cells = _GAPS.split(line) if sign == b"  " else line.split(sign)
    return [cell.strip(b' \t*_`"') for cell in cells]


def _rows(source: Source, at: int, shape: tuple[bytes, int], columns: Columns) -> Iterator[Span]:
    text = source.text
    sign, count = shape
    is_data = source.name.endswith((".csv", ".tsv", ".sql"))
    while at < len(text):
        end = source.line_end(at)
        if not _RULER.fullmatch(text, at, end):
            cells = list(_cells(text, at, end, sign))
            if len(cells) != count:
                return
            for i, name in columns.items():
                yield from _cell(text, cells[i], name, is_data=is_data)
        elif not text[at:end].strip():
            return
        at = source.listed["table"] = end + 1


def _cells(text: bytes, at: int, end: int, sign: bytes) -> Iterator[tuple[int, int]]:
    """Where the cells of a row are, without what is drawn around them."""
    if drawn := _DRAWN.get(sign):
        for found in drawn.finditer(text, at, end):
            if sign != b"|" or found[2].strip() or found.end() < end:
                yield found.span(2)
        return
    what = _CELLS[sign]
    while cell := what.match(text, at, end):
        yield cell.span(1) if cell[1] is not None else cell.span(2)
        at = cell.end() + 1
        if text[at - 1 : at] != sign:
            return


def _cell(text: bytes, cell: tuple[int, int], name: Name, *, is_data: bool) -> Iterator[Span]:
    start, end = cell
    raw = text[start:end]
    value = raw.strip(b" \t*`'")
    head = value[:1024]
    word = name.kind is Kind.PASSWORD or "secret" in name.words
    if _AMOUNT.fullmatch(head) and not (is_data and word):
        return
    strict = not is_data or not word
    if strict and not (is_random(head, 8) or _MIXED.match(head)):
        return
    if is_value(head, sure=name.is_sure, quoted=True, syntax=Syntax.CONFIG, word=word):
        start += raw.index(value)
        yield Span(start, start + len(value), name.kind, "column")


_ITEM = re.compile(
    rb"\s*+(?:(?:[A-Za-z@_]{0,8}'((?:[^'\\\n]|''|\\[^\n])*+)'|\"[^\"\n]*+\")|[^,()'\";]++)?+\s*+"
)
_NEXT_ROW = re.compile(rb"\s*,\s*\(")


def _insert(source: Source, at: int) -> Iterator[Span]:
    """`INSERT INTO t (name, password) VALUES ('x', 'value'), …`, in a call or not."""
    text = source.text
    if not source.reads_on("insert", at, at):
        return
    columns = _listed(text, text.rfind(b")", max(0, at - _WIDEST), at - 1))
    index = depth = 0
    while item := _ITEM.match(text, at):
        if item[1] is not None and (name := columns.get(index)):
            value = item[1][:1024]
            word = name.kind is Kind.PASSWORD or "secret" in name.words
            if is_value(value, sure=name.is_sure, quoted=True, syntax=Syntax.CONFIG, word=word):
                yield Span(*item.span(1), name.kind, "column")
        sign = text[item.end() : item.end() + 1]
        at = source.listed["insert"] = item.end() + 1
        if sign == b",":
            index += depth == 0
        elif sign == b"(":
            depth += 1
        elif sign == b")" and depth:
            depth -= 1
        elif sign == b")" and (following := _NEXT_ROW.match(text, at)):
            at, index = following.end(), 0
        else:
            return


def _copy(source: Source, at: int) -> Iterator[Span]:
    """`COPY t (name, password) FROM stdin;` of PostgreSQL, then rows of cells with tabs."""
    text = source.text
    close = text.rfind(b")", max(0, at - _WIDEST), at)
    columns = _listed(text, close)
    if columns and at >= source.listed["table"]:
        count = text.count(b",", text.rfind(b"(", 0, close), close) + 1
        yield from _rows(source, at, (b"\t", count), columns)


def _listed(text: bytes, close: int) -> Columns:
    """The names of a list of columns that `close` ends which say secret, by their place."""
    opened = text.rfind(b"(", max(0, close - _WIDEST), max(close, 0))
    cells = [cell.strip(b' \t\r\n`"[]') for cell in text[opened + 1 : close].split(b",")]
    return {i: name for i, cell in enumerate(cells) if (name := classify(cell))}


_STEM = rb"(?:" + STEMS.encode() + rb")"
RULES = (
    Rule(
        _STEM + rb"[\w-]*[\"*`]{0,2} ?(?:[,;\t|]|  |\r?$)",
        _column,
        caseless=True,
        multiline=True,
    ),
    Rule(
        rb"into[ \t]+[\w.\"`\[\]]+\s*\([^()]*" + _STEM + rb"[^()]*\)\s*values\s*\(",
        _insert,
        caseless=True,
    ),
    Rule(
        rb"copy[ \t]+[\w.\"]+[ \t]*\([^()\n]*"
        + _STEM
        + rb"[^()\n]*\)[ \t]+from[ \t]+stdin[^\n]*\n",
        _copy,
        caseless=True,
    ),
)
