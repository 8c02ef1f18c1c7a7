"""The file's own style, and text put into it line by line or within a line, as the file does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.nginx import Comment, Directive, Edit, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.nginx import Node, Tree

_ONE_LINE = 100


@dataclass(frozen=True, slots=True)
class Group:
    """A block to be written: its head without the brace, and its statements."""

    head: str
    body: tuple[Statement, ...]
    is_inline: bool = False


Statement: TypeAlias = str | Group


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written: one step of indentation, line ends, and where `{` stands."""

    unit: str
    eol: str
    has_own_line_brace: bool
    before_brace: str


def line_start(text: str, offset: int) -> int:
    """Where the line of an offset starts."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Where the line of an offset ends: behind its newline, or at the end of the text."""
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1


def indent_at(text: str, offset: int) -> str | None:
    """The blanks before an offset, or `None` where something else stands before it."""
    before = text[line_start(text, offset) : offset].removeprefix("\ufeff")
    return before if not before.strip(" \t") else None


def is_line_end(text: str, offset: int) -> bool:
    """Whether only blanks or a comment follow on the line."""
    rest = text[offset : line_end(text, offset)].strip()
    return not rest or rest.startswith("#")


def detect(tree: Tree) -> Style:
    """The style that most of a file follows."""
    text = tree.text
    units: Counter[str] = Counter()
    braces: Counter[bool] = Counter()
    gaps: Counter[str] = Counter()
    for parent in walk(tree.children):
        if parent.block is None:
            continue
        last = parent.args[-1] if parent.args else parent.word
        gap = text[last.span.end : parent.block.span.start]
        braces["\n" in gap] += 1
        gaps["" if not gap else " "] += 1
        outer = indent_at(text, parent.span.start)
        for child in parent.children:
            inner = indent_at(text, child.span.start)
            if outer is not None and inner and inner.startswith(outer) and inner != outer:
                units[inner.removeprefix(outer)] += 1
    crlf = text.count("\r\n") * 2 > text.count("\n")
    return Style(
        unit=units.most_common(1)[0][0] if units else "    ",
        eol="\r\n" if crlf else "\n",
        has_own_line_brace=braces[True] > braces[False],
        before_brace=gaps.most_common(1)[0][0] if gaps else " ",
    )


def inline(statement: Statement, style: Style) -> str:
    """A statement on one line."""
    if isinstance(statement, str):
        return statement
    body = " ".join(inline(part, style) for part in statement.body)
    return f"{statement.head}{style.before_brace}{{ {body} }}"


def lines(statement: Statement, indent: str, style: Style) -> str:
    """A statement on its own lines, each with its indentation and line end."""
    if isinstance(statement, str):
        return f"{indent}{statement}{style.eol}"
    if statement.is_inline and len(indent + inline(statement, style)) <= _ONE_LINE:
        return f"{indent}{inline(statement, style)}{style.eol}"
    if style.has_own_line_brace:
        head = f"{indent}{statement.head}{style.eol}{indent}{{{style.eol}"
    else:
        head = f"{indent}{statement.head}{style.before_brace}{{{style.eol}"
    body = "".join(lines(part, indent + style.unit, style) for part in statement.body)
    return f"{head}{body}{indent}}}{style.eol}"


def _whole_lines(text: str, at: int, written: str, style: Style) -> Edit:
    """Insert whole lines at the start of a line, or behind a last line without its newline."""
    if at == len(text) and text and not text.endswith("\n"):
        return Edit(at, at, style.eol + written.removesuffix(style.eol))
    return Edit(at, at, written)


def after(tree: Tree, node: Directive, new: Sequence[Statement], *, gap: bool = False) -> Edit:
    """Insert statements behind a directive; `gap` puts a blank line between."""
    style, text = detect(tree), tree.text
    indent = indent_at(text, node.span.start)
    if indent is None or not is_line_end(text, node.span.end):
        written = "".join(f" {inline(statement, style)}" for statement in new)
        return Edit(node.span.end, node.span.end, written)
    written = "".join(lines(statement, indent, style) for statement in new)
    blank = style.eol if gap else ""
    return _whole_lines(text, line_end(text, node.span.end), blank + written, style)


def before(
    tree: Tree,
    siblings: Sequence[Node],
    node: Directive,
    new: Sequence[Statement],
    *,
    gap: bool = False,
) -> Edit:
    """Insert statements before a directive and the comments that belong to it."""
    style, text = detect(tree), tree.text
    indent = indent_at(text, node.span.start)
    if indent is None:
        written = "".join(f"{inline(statement, style)} " for statement in new)
        return Edit(node.span.start, node.span.start, written)
    at = line_start(text, node.span.start)
    for comment in reversed([item for item in siblings if item.span.end <= node.span.start]):
        start = line_start(text, comment.span.start)
        alone = indent_at(text, comment.span.start) is not None
        if not (isinstance(comment, Comment) and alone and line_end(text, comment.span.end) == at):
            break
        at = start
    if at == 0 and text.startswith("\ufeff"):
        at = 1
    written = "".join(lines(statement, indent, style) for statement in new)
    if gap:
        above = text[line_start(text, at - 1) : at].strip() if at > 1 else ""
        first = style.eol if above and not above.endswith("{") else ""
        written = f"{first}{written}{style.eol}"
    return Edit(at, at, written)


def at_start(tree: Tree, owner: Directive | None, new: Sequence[Statement]) -> Edit:
    """Insert statements as the first of a block, or of the file where there is no owner."""
    style, text = detect(tree), tree.text
    if owner is None or owner.block is None:
        written = "".join(lines(statement, "", style) for statement in new) + style.eol
        at = 1 if text.startswith("\ufeff") else 0
        return Edit(at, at, written)
    behind = owner.block.span.start + 1
    indent = indent_at(text, owner.span.start)
    if indent is None or not is_line_end(text, behind) or "\n" not in text[behind : owner.span.end]:
        written = "".join(f" {inline(statement, style)}" for statement in new)
        pad = " " if text[behind : behind + 1] == "}" else ""
        return Edit(behind, behind, written + pad)
    inner = next(
        (own for child in owner.children if (own := indent_at(text, child.span.start)) is not None),
        indent + style.unit,
    )
    written = "".join(lines(statement, inner, style) for statement in new)
    at = line_end(text, behind)
    return Edit(at, at, written)
