"""Rules on names: none that git reads as settings, none that another system cannot keep apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.policy.fold import fold, fold_forms, shown, spelled
from workflow.policy.lookalikes import reads_as
from workflow.policy.rule import Rule, Said, Sample
from workflow.types import ChangeKind, RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.policy.look import Look

# Of names that begin with `.git`, these are no settings of git's that run or hide anything; what
# a forge reads (`.github`, `.gitlab-ci.yml`) is for `protected` to guard.
_HARMLESS = frozenset(
    {".github", ".gitlab", ".gitlab-ci.yml", ".gitea", ".gitignore", ".gitkeep", ".gitbook.yaml"}
)
# NTFS short names: `GIT~1` is `.git`, and `GI7EBA~1` is what git knows `.gitmodules` to become.
_SHORT = re.compile(r"(?:git[a-z]{0,3}|gi[0-9a-f]{4}|mailma)~[0-9]+", re.IGNORECASE)
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789¹²³"}
)
# Not in a name on Windows, or not safely on a command line.
_FORBIDDEN = re.compile(r'[:<>"|?*\\\x00-\x1f\x7f-\x9f\u2028\u2029]|\A-|[. ]\Z')
_MAX_NAME_BYTES = 255


def _git_files(look: Look) -> Iterator[Said]:
    for file in look.files:
        for part in file.path.parts:
            if _is_gits(part):
                yield file.path, f"git reads settings from a file named {shown(part)}"
                break


def _is_gits(part: str) -> bool:
    if part.lower() in _HARMLESS:
        return False
    folded = fold(part)
    names = (folded,) if part.isascii() else (folded, fold(reads_as(part)))
    return any(name.startswith((".git", ".mailmap")) or _SHORT.fullmatch(name) for name in names)


def _reserved_name(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.change.kind is ChangeKind.ADDED:
            for part in file.path.parts:
                if why := _why_reserved(part):
                    yield file.path, f"the name {shown(part)} {why}"
                    break


def _why_reserved(part: str) -> str:
    if part.partition(".")[0].rstrip(" ").lower() in _DEVICES:
        return "is a device on Windows"
    if found := _FORBIDDEN.search(part):
        return f"has {_described(found[0])}"
    if len(part.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES:
        return f"is longer than {_MAX_NAME_BYTES} bytes"
    return ""


def _described(char: str) -> str:
    if char in ". ":
        return "a dot or a blank at its end, which Windows drops"
    if char == "-":
        return "a leading dash, which a command line takes for an option"
    return f"the character {shown(char)}, which not every system can store"


def _case_collision(look: Look) -> Iterator[Said]:
    for path, name, other in _collisions(look, _cased):
        yield path, f"{shown(name)} and {shown(other)} are one name where case does not count"


def _unicode_collision(look: Look) -> Iterator[Said]:
    for path, name, other in _collisions(look, fold_forms):
        if _cased(name) != _cased(other):
            both = f"{spelled(name)} and {spelled(other)}"
            yield path, f"{both} are one name where Unicode forms do not count"


def _cased(name: str) -> str:
    return name.casefold()


def _collisions(look: Look, key: Callable[[str], str]) -> Iterator[tuple[RepoPath, str, str]]:
    """Each name on the way to an added file that its folder holds in another spelling, too."""
    for folder, names in _added_names(look).items():
        wanted = {key(name): (name, path) for name, path in names.items()}
        for other in look.names(folder):
            name, path = wanted.get(key(other), (other, None))
            if path is not None and name != other:
                yield path, name, other


def _added_names(look: Look) -> dict[str, dict[str, RepoPath]]:
    """The names in each folder that added files bring in, or lead through."""
    found: dict[str, dict[str, RepoPath]] = {}
    for file in look.files:
        if file.change.kind is ChangeKind.ADDED:
            folder = ""
            for part in file.path.parts:
                found.setdefault(folder, {}).setdefault(part, file.path)
                folder = f"{folder}/{part}" if folder else part
    return found


GIT_FILES = Rule(
    id="git-files",
    reason="a file from which git, or a tool in git's name, takes settings",
    about=(
        "`.gitmodules`, `.gitattributes`, `.gitconfig`, `.mailmap` and their like decide how git "
        "shows, checks out or attributes files, at any depth.  Names that HFS+ or NTFS take for "
        "one of them count as well: with invisible characters, as `git~1`, with dots, blanks or "
        "`::$INDEX_ALLOCATION` at the end; so do names that read as one of them.  "
        "`.gitignore`, `.gitkeep` and the folders of forges are free; `protected` guards them."
    ),
    good=Sample({}, {"docs/.gitignore": b"*.tmp\n"}),
    bad=Sample({}, {"docs/.gitattributes": b"*.py -diff\n"}),
    check=_git_files,
)
RESERVED_NAME = Rule(
    id="reserved-name",
    reason="a new name that a file system or a command line cannot take as it is",
    about=(
        "Windows keeps `CON`, `NUL`, `COM1` and others for devices, with any extension, forbids "
        "some characters, and drops dots and blanks at the end.  A leading dash is an option to "
        "most commands.  Control characters, a backslash and names over 255 bytes count, too."
    ),
    good=Sample({}, {"console.txt": b"x\n"}),
    bad=Sample({}, {"con.txt": b"x\n"}),
    check=_reserved_name,
)
CASE_COLLISION = Rule(
    id="case-collision",
    reason="a new name differs from a neighbour's in case only",
    about=(
        "Where case does not count (Windows, macOS), one of the two files overwrites the other at "
        "checkout.  The folders on the way to the new file count, too."
    ),
    good=Sample({"readme.md": b"x\n"}, {"readme.md": b"x\n", "readme2.md": b"y\n"}),
    bad=Sample({"readme.md": b"x\n"}, {"readme.md": b"x\n", "README.md": b"y\n"}),
    check=_case_collision,
)
UNICODE_COLLISION = Rule(
    id="unicode-collision",
    reason="a new name differs from a neighbour's in Unicode form only",
    about=(
        "A letter with an accent can be one character or two, and there are wide and narrow forms "
        "of many.  macOS takes such names for the same, and nobody can see the difference."
    ),
    good=Sample({"caf\u00e9": b"x\n"}, {"caf\u00e9": b"x\n", "caf\u00e8": b"y\n"}),
    bad=Sample({"caf\u00e9": b"x\n"}, {"caf\u00e9": b"x\n", "cafe\u0301": b"y\n"}),
    check=_unicode_collision,
)
