"""Judges a tree change: what git says differs between two trees, never the text of a draft."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from workflow.text import is_hidden
from workflow.types import ChangeKind, Finding, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.policy.interface import Policy
    from workflow.types import BlastRadius, BlobId, FileChange, RepoPath, TreeChange

_PLAIN_MODES = {"100644", "100755"}
_ALLOWED_CONTROLS = {"\t", "\n", "\r", "\f"}
# NOTE: without DOTALL, a line break in a file's name would lead it past the pattern.
_FLAGS = re.IGNORECASE | re.DOTALL


def judge(  # noqa: PLR0913 - everything a rule may look at, and nothing it may fetch
    change: TreeChange,
    radius: BlastRadius,
    policy: Policy,
    *,
    role: Role,
    given: tuple[RepoPath, ...],
    read: Callable[[BlobId], bytes],
) -> tuple[Finding, ...]:
    """Every objection to a change, in the order of its files.

    `given` are the files that the drafter was shown, `read` gives a blob's bytes.
    """
    found: list[Finding] = []
    for file in change.files:
        found += _shape(file, role, given)
        found += _place(file, policy)
        found += _hidden(file, read)
    first = change.files[0].path if change.files else None
    if first is not None:
        found += _budget(first, radius, policy)
    return tuple(found)


def _shape(file: FileChange, role: Role, given: tuple[RepoPath, ...]) -> Iterator[Finding]:
    if role is Role.SURGEON and file.kind is not ChangeKind.MODIFIED:
        yield Finding("surgeon-edits", file.path, "a surgeon edits existing files, nothing else")
    if role is Role.SURGEON and file.path not in given:
        yield Finding("outside-request", file.path, "the request did not name this file")
    if role is Role.ARCHITECT and file.kind is not ChangeKind.ADDED:
        yield Finding("architect-creates", file.path, "an architect creates files, nothing else")
    if file.new_mode is not None and file.new_mode not in _PLAIN_MODES:
        yield Finding("file-mode", file.path, f"mode {file.new_mode} is not an ordinary file")
    elif file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        yield Finding("file-mode", file.path, f"mode {file.old_mode} becomes {file.new_mode}")


def _place(file: FileChange, policy: Policy) -> Iterator[Finding]:
    for pattern in policy.protected:
        if _pattern(pattern).fullmatch(file.path):
            yield Finding("protected-path", file.path, f"the policy protects {pattern}")


def _hidden(file: FileChange, read: Callable[[BlobId], bytes]) -> Iterator[Finding]:
    """A control or formatting character that the change brings in, or brings in once more."""
    if file.new is None:
        return
    after = Counter(read(file.new).decode("utf-8", "replace"))
    before = Counter(read(file.old).decode("utf-8", "replace") if file.old else "")
    for char in sorted(after - before):
        if char not in _ALLOWED_CONTROLS and is_hidden(char):
            name = unicodedata.name(char, "a control character")
            yield Finding("hidden-character", file.path, f"brings in U+{ord(char):04X} ({name})")


def _budget(first: RepoPath, radius: BlastRadius, policy: Policy) -> Iterator[Finding]:
    if radius.files > policy.max_files:
        reason = f"{radius.files} files change; the policy allows {policy.max_files}"
        yield Finding("blast-radius", first, reason)
    lines = radius.added + radius.removed
    if lines > policy.max_changed_lines:
        reason = f"{lines} lines change; the policy allows {policy.max_changed_lines}"
        yield Finding("blast-radius", first, reason)


def _pattern(pattern: str) -> re.Pattern[str]:
    """`**/` any folders, `**` anything, `*` and `?` within one name; case does not matter."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), _FLAGS)
