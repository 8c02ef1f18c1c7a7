"""nginx configuration as a lossless tree: parse, print, and edits by span."""

from workflow.semantics.nginx.edits import Edit, apply_edits, in_order
from workflow.semantics.nginx.parser import byte_span, decode, encode, parse, print_tree
from workflow.semantics.nginx.tree import (
    Block,
    Comment,
    Directive,
    NginxSyntaxError,
    Node,
    Span,
    Token,
    TokenKind,
    Tree,
    Word,
    directives,
    walk,
)

__all__ = [
    "Block",
    "Comment",
    "Directive",
    "Edit",
    "NginxSyntaxError",
    "Node",
    "Span",
    "Token",
    "TokenKind",
    "Tree",
    "Word",
    "apply_edits",
    "byte_span",
    "decode",
    "directives",
    "encode",
    "in_order",
    "parse",
    "print_tree",
    "walk",
]
