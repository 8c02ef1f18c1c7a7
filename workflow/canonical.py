"""One byte form for every value that is hashed, signed or chained: canonical JSON (RFC 8785)."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785

from workflow.types import Digest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain(value: DataclassInstance) -> dict[str, Any]:
    """A dataclass as JSON-ready dicts, lists and scalars."""
    made = _plain(dataclasses.asdict(value))
    assert isinstance(made, dict)  # noqa: S101 - asdict of a dataclass is a dict
    return made


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def encode(value: object) -> bytes:
    """JSON-ready values as canonical JSON."""
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # rfc8785's own recursive alias is private


def sha256(data: bytes) -> Digest:
    """The digest of bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def digest(value: DataclassInstance) -> Digest:
    """The digest of a value's canonical form."""
    return sha256(encode(plain(value)))
