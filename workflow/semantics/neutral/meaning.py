"""Reads a file's meaning by its name, and compares two of them."""

from __future__ import annotations

import hashlib
import posixpath
import tokenize
from typing import TYPE_CHECKING, NewType

from workflow.semantics.neutral import data as documents
from workflow.semantics.neutral import nginx, python
from workflow.semantics.nginx import NginxSyntaxError, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.types import RepoPath

MAX_BYTES = 1024 * 1024
"""Larger files are not read; Python and YAML have smaller bounds of their own."""

Meaning = NewType("Meaning", bytes)
"""A SHA-256 over what a file means: equal for two contents of one path that mean the same."""

_READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".py": python.tokens,
    ".pyi": python.tokens,
    ".toml": documents.toml_tokens,
    ".yaml": documents.yaml_tokens,
    ".yml": documents.yaml_tokens,
    ".json": documents.json_tokens,
}
_UNREADABLE = (
    *(SyntaxError, ValueError, OverflowError, RecursionError, MemoryError),
    # CPython's parser, when it runs out of room inside a deep tree.
    SystemError,
    tokenize.TokenError,
    NginxSyntaxError,
)


def is_read(path: RepoPath, size: int) -> bool:
    """Whether a file of this name and size, in bytes, is one whose meaning may be read."""
    return size <= MAX_BYTES and (_reader(path) is not None or nginx.is_named(path))


def meaning(path: RepoPath, data: bytes) -> Meaning | None:
    """What a file's content means; `None` where that is not certain.

    That is a format that is not known, a content that its parser refuses, one that is not UTF-8
    (but for nginx, which takes any bytes), and one that is too large or too deep.
    """
    if not is_read(path, len(data)):
        return None
    reader = _reader(path)
    try:
        pieces = reader(data.decode()) if reader else nginx.tokens(decode(data))
        said = "\0".join(pieces)
    except _UNREADABLE:
        return None
    return Meaning(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest())


def is_same(path: RepoPath, before: bytes, after: bytes) -> bool:
    """Whether two contents of the file at `path` mean the same; `False` in doubt."""
    meant = meaning(path, before)
    return meant is not None and meant == meaning(path, after)


def _reader(path: RepoPath) -> Callable[[str], Iterator[str]] | None:
    return _READERS.get(posixpath.splitext(path.name)[1])
