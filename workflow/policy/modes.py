"""Rules on what a path is: an ordinary file that does not become a program or a link unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.policy.look import SUBMODULE
from workflow.policy.rule import Rule, Said, Sample, Special

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look

_FILE, _PROGRAM, _LINK = "100644", "100755", "120000"
_KINDS = {_FILE: "a file", _PROGRAM: "a file", _LINK: "a symbolic link", SUBMODULE: "a submodule"}


def _symlink(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.change.new_mode == _LINK:
            yield file.path, "it would be a symbolic link, which can lead out of the repository"


def _submodule(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.change.new_mode == SUBMODULE:
            yield file.path, "it would be a submodule: another repository's code, not in this patch"


def _executable_bit(look: Look) -> Iterator[Said]:
    for file in look.files:
        old, new = file.change.old_mode, file.change.new_mode
        if new == _PROGRAM and old is None:
            yield file.path, "the new file would be executable"
        elif {old, new} == {_FILE, _PROGRAM}:
            became = "executable" if new == _PROGRAM else "not executable any more"
            yield file.path, f"it would be {became}"


def _file_type(look: Look) -> Iterator[Said]:
    for file in look.files:
        old, new = file.change.old_mode, file.change.new_mode
        if new is not None and new not in _KINDS:
            yield file.path, f"mode {new} is none that git gives to a file"
        elif old is not None and new is not None and _kind(old) != _kind(new):
            yield file.path, f"{_kind(old)} would become {_kind(new)}"


def _kind(mode: str) -> str:
    return _KINDS.get(mode, f"mode {mode}")


SYMLINK = Rule(
    id="symlink",
    reason="the result is a symbolic link",
    about=(
        "A link can point anywhere, and the next write through it lands there.  Only ordinary "
        "files come in; also an existing link cannot be pointed elsewhere."
    ),
    good=Sample({}, {"page.html": b"<p>\n"}),
    bad=Sample({}, {"page.html": Special(_LINK, b"/etc/passwd")}),
    check=_symlink,
)
SUBMODULE_RULE = Rule(
    id="submodule",
    reason="the result is a submodule",
    about=(
        "A submodule is a commit of another repository.  Nothing of its content is in the patch, "
        "so nobody can review it here."
    ),
    good=Sample({}, {"vendor/code.py": b"x = 1\n"}),
    bad=Sample({}, {"vendor": Special(SUBMODULE, b"")}),
    check=_submodule,
)
EXECUTABLE_BIT = Rule(
    id="executable-bit",
    reason="a file becomes executable, or stops being so",
    about=(
        "The executable bit decides whether a file is a program.  It is one line in a diff, easy "
        "to overlook, and text that is harmless as data may not be as a program."
    ),
    good=Sample({"run.sh": Special(_PROGRAM, b"ls\n")}, {"run.sh": Special(_PROGRAM, b"ls -l\n")}),
    bad=Sample({"notes.txt": b"ls\n"}, {"notes.txt": Special(_PROGRAM, b"ls -l\n")}),
    check=_executable_bit,
)
FILE_TYPE = Rule(
    id="file-type",
    reason="a file becomes a link or the reverse, or has a mode that git does not give",
    about=(
        "What a path is does not change by an edit.  Remove the one and add the other in two "
        "changes, so that each can be seen for what it is."
    ),
    good=Sample({"current": b"v1\n"}, {"current": b"v2\n"}),
    bad=Sample({"current": Special(_LINK, b"v1")}, {"current": b"v1\n"}),
    check=_file_type,
)
