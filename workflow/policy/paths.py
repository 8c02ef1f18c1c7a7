"""Rules on which files: none that the policy protects, none that goes or moves unsaid."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.policy.fold import fold_path, shown
from workflow.policy.rule import Rule, Said, Sample
from workflow.types import ChangeKind, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look

# NOTE: without DOTALL, a line break in a file's name would lead it past the pattern.
_FLAGS = re.IGNORECASE | re.DOTALL
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _protected_path(look: Look) -> Iterator[Said]:
    for file in look.files:
        names = {str(file.path), fold_path(file.path)}
        for protected in look.policy.protected:
            pattern = _first(protected.paths, names)
            if pattern is None:
                continue
            if protected.approvers:
                yield Requirement(file.path, protected.approvers)
            else:
                yield file.path, f"the policy protects {shown(pattern)} and names no approver"


def _first(patterns: tuple[str, ...], names: set[str]) -> str | None:
    """The first pattern that one of the names matches."""
    if not any(_any_of(patterns).fullmatch(name) for name in names):
        return None
    matching = (one for one in patterns if any(_any_of((one,)).fullmatch(name) for name in names))
    return next(matching, None)


@lru_cache(maxsize=512)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """`**/` any folders, `**` anything, `*` and `?` within one name; case does not matter."""
    return re.compile("|".join(map(_regex, patterns)) or r"(?!)", _FLAGS)


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(_MEANING.get(part, re.escape(part)) for part in parts)


def _deleted_file(look: Look) -> Iterator[Said]:
    moved = {old.path for old, _ in look.moved}
    for file in look.files:
        if file.change.kind is ChangeKind.DELETED and file.path not in moved:
            yield file.path, "the file would go"


def _renamed_file(look: Look) -> Iterator[Said]:
    for old, new in look.moved:
        yield new.path, f"it would take the place of {shown(old.path)}, which goes"


PROTECTED_PATH = Rule(
    id="protected-path",
    reason="a file that the policy protects, with nobody named who could approve it",
    about=(
        "`protected` lists patterns of paths.  Where approvers are named, a change there is no "
        "objection: it needs the approval of one of them.  Where none is, it is refused.  "
        "Patterns are matched against whole paths without regard to case, and against the path as "
        "HFS+ and NTFS would take it: `*` and `?` stay within one name, `**` crosses folders."
    ),
    good=Sample({"app/main.py": b"x = 1\n"}, {"app/main.py": b"x = 2\n"}),
    bad=Sample(
        {".github/workflows/ci.yml": b"on: push\n"}, {".github/workflows/ci.yml": b"on: []\n"}
    ),
    check=_protected_path,
)
DELETED_FILE = Rule(
    id="deleted-file",
    reason="a file goes",
    about=(
        "A deletion is short to write and easy to overlook.  A file that only moves is judged by "
        "`renamed-file` instead."
    ),
    good=Sample({"notes.txt": b"one\ntwo\n"}, {"notes.txt": b"one\n"}),
    bad=Sample({"notes.txt": b"one\ntwo\n"}, {}),
    check=_deleted_file,
)
RENAMED_FILE = Rule(
    id="renamed-file",
    reason="a file gets another path",
    about=(
        "One file goes and another comes with the same content, or with at least half of its "
        "lines' bytes (git's own measure).  Whatever names the old path no longer finds it, and "
        "edits made on the way are hard to see."
    ),
    good=Sample(
        {"a.txt": b"one\ntwo\n"},
        {"a.txt": b"one\ntwo\n", "b.txt": b"three\n"},
    ),
    bad=Sample({"a.txt": b"one\ntwo\n"}, {"b.txt": b"one\ntwo\n"}),
    check=_renamed_file,
)
