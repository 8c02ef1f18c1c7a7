"""Ids and paths: strings that check themselves on construction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

_OBJECT_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_MAX_PATH = 4096


class _Text(str):
    """A string that checks itself on construction, for pydantic as well."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Validate as a string, then construct."""
        # Imported here: only the commands that read whole proposals back pay for pydantic.
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class ObjectId(_Text):
    """A full git object name, SHA-1 or SHA-256, in lower-case hex."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise `ValueError` unless `value` is 40 or 64 hex digits."""
        if not _OBJECT_ID.match(value):
            message = f"not a full object id: {value!r}"
            raise ValueError(message)
        return super().__new__(cls, value)

    @property
    def short(self) -> str:
        """The first ten digits, for people."""
        return self[:10]


class CommitId(ObjectId):
    """Names a commit."""

    __slots__ = ()


class TreeId(ObjectId):
    """Names a tree."""

    __slots__ = ()


class BlobId(ObjectId):
    """Names a blob."""

    __slots__ = ()


class Digest(_Text):
    """A SHA-256 with its name in front: `sha256:` and 64 hex digits."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise `ValueError` unless `value` has that form."""
        if not _DIGEST.match(value):
            message = f"not a digest: {value!r}"
            raise ValueError(message)
        return super().__new__(cls, value)

    @property
    def short(self) -> str:
        """The first twelve hex digits, for people."""
        return self[7:19]


class RepoPath(_Text):
    """A path inside a repository: relative, `/` between parts, and unable to leave it.

    Refused are absolute paths, empty and dot parts, `..`, NUL, and any part that git could take
    for `.git` (any case).  The finer tricks of other file systems are the policy's business.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise `ValueError` for a path that is not contained."""
        parts = value.split("/")
        bad = (
            not value
            or len(value) > _MAX_PATH
            or "\0" in value
            or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts)
        )
        if bad:
            message = f"not a contained repository path: {value!r}"
            raise ValueError(message)
        return super().__new__(cls, value)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's folders and its name."""
        return tuple(self.split("/"))

    @property
    def name(self) -> str:
        """The last part."""
        return self.rsplit("/", 1)[-1]
