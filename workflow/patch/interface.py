"""The edit model that every dialect becomes, what placing it gives, and how it is refused.

All text is bytes and stays as it is: no encoding is assumed, and a line ends at a line feed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from workflow.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.types import RepoPath


class Dialect(StrEnum):
    """The ways of writing a patch down that are read."""

    UNIFIED = "unified-diff"
    SEARCH_REPLACE = "search-replace"
    STR_REPLACE = "str-replace"
    V4A = "v4a"
    OPERATIONS = "apply-patch-operations"
    WHOLE_FILES = "whole-files"


# --- what a draft says --------------------------------------------------------------------------

Names: TypeAlias = "tuple[RepoPath, ...]"
"""What a written name can stand for, the likelier first: `a/x` is `x` behind git's prefix, or
itself.  Which one it is, the files that exist decide."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Whole lines to find and whole lines to put there.

    `number` counts the hunks and snippets of a draft from 1, for messages.  `signs` has one byte of
    b" -+" for each line, in the order of the draft: it tells context, whose bytes in the file are
    kept, from lines that go or come.  Only the last line of `old` or `new` may lack its line feed,
    which says that the file ends there; `at_end` says that the hunk's last old line is the file's.
    """

    number: int
    old: bytes
    new: bytes
    signs: bytes
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Snippet:
    """Text to find, which may begin and end inside a line, and text to put there."""

    number: int
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes inside one existing file; all of them are placed in the same text.

    Several edits of one file are made one after the other, each on what the one before left.
    `mode` is git's octal file mode if the draft sets one, else `None`.
    """

    names: Names
    changes: tuple[Hunk | Snippet, ...]
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """A file that must not exist yet."""

    names: Names
    data: bytes
    mode: str = "100644"


@dataclass(frozen=True, slots=True)
class Delete:
    """A file that goes; `data` is all that it must hold, `None` if the draft does not say."""

    names: Names
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A file that gets another name, and changes inside it."""

    names: Names
    to: Names
    changes: tuple[Hunk | Snippet, ...] = ()
    mode: str | None = None


Operation: TypeAlias = "Edit | Create | Delete | Move"


class Repair(StrEnum):
    """What was wrong with the way a draft is written and does not change what it says."""

    PROSE = "prose"
    """Text before, between or after fences was left out."""
    REPEATED = "repeated"
    """The same patch was there twice."""
    PREFIX = "prefix"
    """A path was written without `a/` and `b/`, or with only one of them, or quoted."""
    COUNTS = "counts"
    """Hunk headers had other numbers than their lines have; none at all need no repair."""
    BLANK_CONTEXT = "blank-context"
    """Blank context lines had lost their leading space."""
    STRAY_BLANKS = "stray-blanks"
    """Blank lines between or after hunks were left out."""
    NO_FINAL_NEWLINE = "no-final-newline"
    """The draft's last line had no end."""
    NO_FILE_HEADER = "no-file-header"
    """A file header was incomplete, such as a new file's without `new file mode`."""
    LINE_ENDS = "line-ends"
    """The draft itself is written with CRLF."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft, read: in which dialect, what it says, and what was repaired on the way.

    A repair comes with a few words on where, such as `hunk 2 of site.conf`.
    """

    dialect: Dialect
    operations: tuple[Operation, ...]
    repairs: tuple[tuple[Repair, str], ...] = ()


# --- where it belongs ---------------------------------------------------------------------------


class Fit(StrEnum):
    """How a hunk's old lines and the file's compare; tried in this order."""

    EXACT = "exact"
    TRAILING_SPACE = "trailing-space"
    """Alike but for blanks and carriage returns at the ends of lines; the file's bytes stay."""
    REINDENTED = "re-indented"
    """Alike but for one and the same shift of the indentation, which new lines get, too; or for
    tabs instead of spaces or the other way round, where no new line is indented."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hunk stands: its first line in the file, from 1, and how many lines it covers."""

    path: RepoPath
    number: int
    line: int
    lines: int
    fit: Fit


@dataclass(frozen=True, slots=True)
class Content:
    """A regular file: git's mode and the exact bytes."""

    mode: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Placement:
    """The files that a draft gives (`None`: the file goes), and where each hunk was placed."""

    files: tuple[tuple[RepoPath, Content | None], ...]
    places: tuple[Place, ...]


class Files(Protocol):
    """The files that a draft is placed in: a tree of git's, or a folder."""

    def read(self, path: RepoPath) -> Content | None:
        """Return the regular file at `path`, or `None` where nothing is.

        Raises `PatchError` with `Reason.NOT_A_FILE` for a folder, a symbolic link, a submodule, or
        a path that leads through one.
        """
        ...


@runtime_checkable
class ManyFiles(Files, Protocol):
    """Files that are cheaper to read all at once."""

    def prepare(self, paths: Sequence[RepoPath]) -> None:
        """Read what is at `paths`, so that `read` need not; raises nothing about any of them."""
        ...


# --- why not ------------------------------------------------------------------------------------


class Reason(StrEnum):
    """Why a draft is refused before any policy sees it; ids as stable as those of policy rules."""

    NOT_A_PATCH = "not-a-patch"
    """Prose, nothing, or a dialect that is not read."""
    UNREADABLE = "unreadable"
    """A patch with a line that says nothing certain."""
    CONFLICTING = "conflicting"
    """Two patches that do not agree, or a second one outside the fence."""
    UNSAFE_PATH = "unsafe-path"
    """A path that leaves the tree, or names git's own folder, in any spelling."""
    NOT_SUPPORTED = "not-supported"
    """A copy, a binary patch, a place by line number: nothing that content could prove."""
    NOT_A_FILE = "not-a-file"
    """The path is a folder, a symbolic link or a submodule, or leads through one."""
    NO_SUCH_FILE = "no-such-file"
    """The file to edit does not exist."""
    FILE_EXISTS = "file-exists"
    """The file to create exists: a whole file would replace what works."""
    AMBIGUOUS_PATH = "ambiguous-path"
    """Two existing files go by the written name."""
    NO_ANCHOR = "no-anchor"
    """A hunk without an old line that is more than blanks, so that nothing proves its place."""
    NO_PLACE = "no-place"
    """A hunk's old lines stand nowhere in the file."""
    SEVERAL_PLACES = "several-places"
    """A hunk's old lines stand at several places in the file."""
    OVERLAP = "overlap"
    """Two hunks change the same lines."""
    NOT_THE_END = "not-the-end"
    """A hunk says that the file ends where it goes on."""
    NO_CHANGE = "no-change"
    """All files would stay as they are."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that stands against a draft.

    `nearest` are the real lines most like the ones that were not found, with their numbers from 1.
    """

    reason: Reason
    message: str
    hint: str
    path: str = ""
    number: int | None = None
    nearest: tuple[tuple[int, bytes], ...] = ()


class PatchError(DraftError):
    """A draft that is not a contained patch whose every place is proven."""

    def __init__(self, *refusals: Refusal) -> None:
        """Speak with the first refusal's words, and keep all of them."""
        first, more = refusals[0], len(refusals) - 1
        message = f"{first.message} [{first.reason}]" + (f" (and {more} more)" if more else "")
        super().__init__(message, hint=first.hint)
        self.refusals = refusals
