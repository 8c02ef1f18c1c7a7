"""Rules on which files: none that the policy protects, none that goes or moves unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.patterns import first_match
from workflow.policy.fold import fold_path, shown
from workflow.policy.rule import Rule, Said, Sample
from workflow.types import ChangeKind, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.policy.interface import Policy
    from workflow.policy.look import Look
    from workflow.types import RepoPath


def _protected_path(look: Look) -> Iterator[Said]:
    yield from protected(look.policy, [file.path for file in look.files])


def protected(policy: Policy, paths: Iterable[RepoPath]) -> Iterator[Said]:
    """What `protected` of a policy says of changes of these paths."""
    for path in paths:
        names = {str(path), fold_path(path)}
        for one in policy.protected:
            pattern = first_match(one.paths, names)
            if pattern is None:
                continue
            if one.approvers:
                yield Requirement(path, one.approvers, because=f"protected {shown(pattern)}")
            else:
                yield path, f"the policy protects {shown(pattern)} and names no approver"


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
        "HFS+ and NTFS would take it: `*` and `?` stay within one name, `**` crosses folders.  A "
        "pattern that matches a folder protects all that is in it."
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
