"""One byte form for every value that is hashed, signed or chained: canonical JSON (RFC 8785)."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

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


def unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object's members, for `json.loads`; readers differ in which of two alike counts.

    Raises `ValueError` when a key stands there twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a key occurs twice"
        raise ValueError(message)
    return members


def no_constant(_name: str) -> NoReturn:
    """Refuse what Python reads as a number and JSON does not have.  Raises `ValueError`."""
    message = "NaN and Infinity are not JSON"
    raise ValueError(message)
