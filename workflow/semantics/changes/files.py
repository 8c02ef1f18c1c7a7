"""Picks the reader of a file by its name, and compares both of its contents."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.changes.compose import compose_changes
from workflow.semantics.changes.dependencies import (
    is_requirements,
    pyproject_changes,
    requirement_changes,
)
from workflow.semantics.changes.documents import (
    ini_changes,
    json_changes,
    package_changes,
    toml_changes,
    yaml_changes,
)
from workflow.semantics.changes.images import dockerfile_changes
from workflow.semantics.changes.interface import Effect, SemanticChange, bounded, change
from workflow.semantics.changes.lines import crontab_changes, env_changes
from workflow.semantics.changes.python import python_changes
from workflow.semantics.changes.units import unit_changes
from workflow.semantics.formats import Format, format_of
from workflow.semantics.formats.kinds import has_user_column
from workflow.semantics.neutral import nginx
from workflow.semantics.nginx.tree import NginxSyntaxError
from workflow.semantics.python import UnreadableError
from workflow.semantics.systemd import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.types import BlobId, FileChange, RepoPath

_Reader: TypeAlias = Callable[[str, str], list[SemanticChange]]
_MAX_BYTES = 1024 * 1024
_MAX_FILES = 100


def is_readable(path: RepoPath) -> bool:
    """Whether files of this name are read for their meaning."""
    return _reader(path) is not None


def changes(path: RepoPath, before: bytes, after: bytes) -> tuple[SemanticChange, ...]:
    """Return what really changes in a file; empty content stands for a file that is not there.

    Nothing is returned where only layout and comments differ.  A content that cannot be read is
    one change that says so.
    """
    reader = _reader(path)
    if reader is None or before == after:
        return ()
    if max(len(before), len(after)) > _MAX_BYTES:
        return (_unread("larger than 1 MiB"),)
    try:
        old, new = (data.decode("utf-8-sig").replace("\r\n", "\n") for data in (before, after))
        found = reader(old, new)
        return bounded(found if before and after else _as_whole(found))
    except UnicodeDecodeError:
        return (_unread("no UTF-8"),)
    except (UnreadableError, ValueError) as error:
        return (_unread(str(error)),)


def of_files(
    files: Sequence[FileChange], blobs: Callable[[Sequence[BlobId]], Sequence[bytes]]
) -> dict[RepoPath, tuple[SemanticChange, ...]]:
    """Return what really changes in each file whose language is read, for the first 100 of them.

    `blobs` gives the contents of blobs in their order.
    """
    read = [file for file in files if is_readable(file.path) and _is_text(file)][:_MAX_FILES]
    contents = iter(blobs([blob for file in read for blob in (file.old, file.new) if blob]))
    found = {}
    for file in read:
        before, after = (next(contents) if blob else b"" for blob in (file.old, file.new))
        found[file.path] = changes(file.path, before, after)
    return found


def _is_text(file: FileChange) -> bool:
    """Whether both sides, where they are there, are ordinary files and no links."""
    return {file.old_mode, file.new_mode} <= {"100644", "100755", None}


def _as_whole(found: list[SemanticChange]) -> list[SemanticChange]:
    """What there is to say of a file that comes or goes: its imports are many, and counted."""
    told = [one for one in found if one.thing not in {"import", "docstring"}]
    imports = [one for one in found if one.thing == "import"]
    if imports:
        told.append(change(imports[0].effect, f"{len(imports)} import(s)", ""))
    return told


def _unread(why: str) -> SemanticChange:
    return change(Effect.CHANGED, "something that could not be read", "", why)


def _reader(path: RepoPath) -> _Reader | None:
    if path.name.endswith((".py", ".pyi")):
        return python_changes
    if is_requirements(path.name):
        return requirement_changes
    return _BY_NAME.get(path.name) or _of_format(path)


def _of_format(path: RepoPath) -> _Reader | None:
    if unit_of(path):
        return unit_changes
    kind = format_of(path)
    if kind is Format.CRONTAB:
        return partial(crontab_changes, has_user=has_user_column(path))
    if kind is None:
        return _of_nginx if nginx.is_named(path) else None
    return _BY_FORMAT[kind]


def _of_nginx(before: str, after: str) -> list[SemanticChange]:
    """Return what changes in nginx configuration; a file that only lies beside some has nothing."""
    from workflow.semantics.changes.nginx import nginx_changes  # noqa: PLC0415 - loads its tables

    return nginx_changes(before, after) if any(map(_is_nginx, (before, after))) else []


def _is_nginx(text: str) -> bool:
    try:
        return next(nginx.tokens(text), None) is not None
    except (NginxSyntaxError, ValueError):
        return False


_BY_NAME: dict[str, _Reader] = {
    "pyproject.toml": pyproject_changes,
    "package.json": package_changes,
}
_BY_FORMAT: dict[Format, _Reader] = {
    Format.YAML: yaml_changes,
    Format.TOML: toml_changes,
    Format.JSON: json_changes,
    Format.INI: ini_changes,
    Format.COMPOSE: compose_changes,
    Format.DOCKERFILE: dockerfile_changes,
    Format.ENV: env_changes,
}
