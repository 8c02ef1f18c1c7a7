"""Parses a browser client into a bounded tree of its own, however hostile the file is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.refusals import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node as Parsed
    from tree_sitter import Tree

MAX_BYTES = 1024 * 1024
MAX_NODES = 250_000
MAX_DEPTH = 400
_DEADLINE_S = 4.0
_CHUNK = 64 * 1024
_SHOWN = 60
# Tokens without a name of their own that say what an expression does.
_KEPT = frozenset({"operator", "kind"})


@dataclass(frozen=True, slots=True)
class Source:
    """A client file: its path in the repository and its bytes."""

    path: str
    data: bytes


@dataclass(slots=True, eq=False)
class Node:
    """A piece of a client file; `row` counts from 1, `start` and `end` are byte offsets.

    Two nodes are the same only if they are the same object.
    """

    kind: str
    name: str
    source: Source
    start: int
    end: int
    row: int
    parent: Node | None
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The piece as it is written."""
        return self.source.data[self.start : self.end].decode("utf-8", "replace")

    @property
    def shown(self) -> str:
        """The piece in one short printable line, for a message."""
        words = " ".join(self.text[: 4 * _SHOWN].split())
        return printable(words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…")

    @property
    def place(self) -> str:
        """Where the piece is: `path:line`."""
        return f"{printable(self.source.path)}:{self.row}"

    def get(self, name: str) -> Node | None:
        """The first child in that role, if there is one."""
        return next((child for child in self.children if child.name == name), None)

    def above(self) -> Iterator[Node]:
        """The pieces around this one, from the inside out."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def walk(self) -> Iterator[Node]:
        """This piece and all inside it, in the order of the text."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


def not_read(source: Source, reason: str, way_out: str) -> NotUnderstoodError:
    """A client file that cannot be read, and why."""
    message = f"the offline architect cannot read {printable(source.path)}: {reason}"
    return NotUnderstoodError(message, hint=way_out)


def parse(source: Source) -> Node:
    """The file's tree, without comments.

    Raises `NotUnderstoodError` for a file over 1 MB, one that is nested too deeply, is not plain
    JavaScript, or takes the parser too long.
    """
    if len(source.data) > MAX_BYTES:
        reason = f"it has {len(source.data)} bytes, and at most {MAX_BYTES} are read"
        raise not_read(source, reason, "name the client's own source, not a bundle")
    tree = _parsed(source)
    if tree.root_node.has_error:
        row = _first_error(tree.root_node)
        raise not_read(
            source,
            f"line {row} is not JavaScript",
            "mend the syntax; TypeScript is not read: name the JavaScript that it is built to",
        )
    return _converted(source, tree.root_node)


def _parsed(source: Source) -> Tree:
    # Here, and not above: only this recipe needs the parser.
    import tree_sitter_javascript  # noqa: PLC0415 - see above
    from tree_sitter import Language, Parser  # noqa: PLC0415 - see above

    deadline = time.monotonic() + _DEADLINE_S
    parser = Parser(Language(tree_sitter_javascript.language()))
    data = source.data

    def read(offset: int, _point: tuple[int, int]) -> bytes:
        return data[offset : offset + _CHUNK]

    def is_late(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - the parser's signature
        return time.monotonic() > deadline

    try:
        return parser.parse(read, progress_callback=is_late)
    except ValueError:
        reason = f"parsing it takes longer than {_DEADLINE_S:.0f} s"
        raise not_read(source, reason, "name the client's own source, not a bundle") from None


def _first_error(root: Parsed) -> int:
    """The line of the outermost first error, counted from 1."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            return node.start_point.row + 1
        stack.extend(child for child in reversed(node.children) if child.has_error)
    return root.start_point.row + 1


def _converted(source: Source, root: Parsed) -> Node:
    """Our own tree: parents are known, and both its size and its depth are bounded."""
    cursor = root.walk()
    top = Node(root.type, "", source, root.start_byte, root.end_byte, 1, None)
    above = [top]
    count = 1
    if not cursor.goto_first_child():
        return top
    while True:
        parsed = cursor.node
        role = cursor.field_name or ""
        kept = parsed is not None and parsed.type != "comment"
        if parsed is not None and kept and (parsed.is_named or role in _KEPT):
            count += 1
            if count > MAX_NODES:
                raise not_read(
                    source, f"it has more than {MAX_NODES} pieces", "name the client's own source"
                )
            row = parsed.start_point.row + 1
            node = Node(
                parsed.type, role, source, parsed.start_byte, parsed.end_byte, row, above[-1]
            )
            above[-1].children.append(node)
            if cursor.goto_first_child():
                if len(above) == MAX_DEPTH:
                    reason = f"line {row} is nested more than {MAX_DEPTH} deep"
                    raise not_read(source, reason, "name the client's own source, not a bundle")
                above.append(node)
                continue
        while not cursor.goto_next_sibling():
            if len(above) == 1:
                return top
            cursor.goto_parent()
            above.pop()
