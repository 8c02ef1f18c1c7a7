"""What one file's header and hunks say together: an edit, a new file, one that goes, or a move."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from workflow.patch import names
from workflow.patch.interface import Create, Delete, Edit, Move, Reason, Repair
from workflow.patch.names import DEV_NULL
from workflow.patch.refusal import refuse, shown

if TYPE_CHECKING:
    from workflow.patch.headers import Head
    from workflow.patch.interface import Names, Operation
    from workflow.patch.refusal import Notes

_MODES = ("100644", "100755")
_NO_BLOB = b"0"


def operation(head: Head, notes: Notes) -> Operation:
    """What is to be done with one file.

    Raises `PatchError` where its header and hunks do not agree, or say nothing.
    """
    _check_modes(head)
    is_new = head.old == DEV_NULL or "new_file_mode" in head.fields
    is_gone = head.new == DEV_NULL or "deleted_file_mode" in head.fields
    if "rename_from" in head.fields or "rename_to" in head.fields:
        return _move(head, is_whole=is_new or is_gone)
    if is_new and is_gone:
        _refuse_header(head, "says that the file comes and goes")
    if ("old_mode" in head.fields and "new_mode" not in head.fields) or (
        "new_mode" in head.fields and (is_new or is_gone)
    ):
        _refuse_header(head, "says half of a change of mode, or two things of the mode")
    if is_new:
        return _create(head, notes)
    if is_gone:
        return _delete(head, notes)
    found = _names(head, notes)
    if head.says_new and not _has_blob(head) and not _old(head):
        notes.repaired(Repair.NO_FILE_HEADER, head.shown)
        return Create(found[:1], _only(head, "new"))
    mode = _mode(head, "new_mode")
    if not head.hunks and mode is None:
        message = f"the draft names {head.shown} and has no hunk for it"
        refuse(Reason.UNREADABLE, message, path=head.shown)
    return Edit(found, tuple(head.hunks), mode)


def _create(head: Head, notes: Notes) -> Create:
    if head.old not in (None, DEV_NULL):
        _refuse_header(head, f"has new file mode and an old name, {shown(head.old or b'')}")
    if _old(head):
        _refuse_header(head, "says that the file is new, and its hunks have old lines")
    if head.git is not None and "new_file_mode" not in head.fields:
        notes.repaired(Repair.NO_FILE_HEADER, head.shown)
    mode = _mode(head, "new_file_mode") or _MODES[0]
    # No file can tell what a new one's name stands for: git takes its prefix off.
    return Create(_one_sided(head, head.new, notes)[:1], _only(head, "new"), mode)


def _delete(head: Head, notes: Notes) -> Delete:
    if head.new not in (None, DEV_NULL):
        _refuse_header(head, f"has deleted file mode and a new name, {shown(head.new or b'')}")
    if any(hunk.new for hunk in head.hunks):
        _refuse_header(head, "says that the file goes, and its hunks have new lines")
    found = _one_sided(head, head.old, notes)
    return Delete(found, _only(head, "old") if head.hunks else None)


def _move(head: Head, *, is_whole: bool) -> Move:
    old, new = head.fields.get("rename_from"), head.fields.get("rename_to")
    if old is None or new is None or is_whole:
        _refuse_header(head, "says half of a rename")
    moved, to = (names.contained(old),), (names.contained(new),)
    if head.git is not None and not names.agrees(head.git, old, new):
        _refuse_header(head, "has other names after diff --git than after rename from and to")
    for written, name in ((head.old, old), (head.new, new)):
        if written is not None and not names.is_same(written, name):
            _refuse_header(head, "has other names after --- and +++ than after rename from and to")
    return Move(moved, to, tuple(head.hunks), _mode(head, "new_mode"))


def _names(head: Head, notes: Notes) -> Names:
    """The names of a file that is there before and after."""
    old, new = head.old, head.new
    if old is None and new is None:
        halves = names.halves(head.git) if head.git is not None else None
        if halves is None:
            _refuse_header(head, "has no --- and +++ lines, and two names or none after diff --git")
        if head.hunks:
            notes.repaired(Repair.NO_FILE_HEADER, head.shown)
        old, new = halves
    elif old is None or new is None:
        return _one_sided(head, old if new is None else new, notes)
    found, is_usual = names.pair(old, new)
    if head.git is not None and head.is_named and not _agrees(head, old, new):
        _refuse_git(head)
    if not is_usual or head.is_quoted:
        notes.repaired(Repair.PREFIX, head.shown)
    return found


def _one_sided(head: Head, name: bytes | None, notes: Notes) -> Names:
    """The names of a file of which one name is written: the other side is /dev/null or missing."""
    if name is None:
        halves = names.halves(head.git) if head.git is not None else None
        if halves is None:
            _refuse_header(head, "does not say which file it is for")
        return names.pair(*halves)[0]
    found, is_usual = names.prefixed(name), bool(names.bare(name))
    if head.git is not None:
        halves = names.halves(head.git)
        both, is_usual = names.pair(*halves) if halves else ((), False)
        found = tuple(path for path in both if path in found)
        if not found:
            _refuse_git(head)
    if not is_usual or head.is_quoted:
        notes.repaired(Repair.PREFIX, head.shown)
    return found


def _agrees(head: Head, old: bytes, new: bytes) -> bool:
    """Whether the names after `diff --git` are those after --- and +++."""
    git = head.git or b""
    return names.agrees(git, old, new) or names.agrees(
        git, names.bare(old) or old, names.bare(new) or new
    )


def _old(head: Head) -> bool:
    return any(hunk.old for hunk in head.hunks)


def _only(head: Head, side: str) -> bytes:
    """The whole content of a file that comes or goes."""
    if len(head.hunks) > 1:
        _refuse_header(head, "is for a whole file, which has one hunk only")
    return b"".join(hunk.new if side == "new" else hunk.old for hunk in head.hunks)


def _has_blob(head: Head) -> bool:
    """Whether git's index line names old content: the file was there, and may have been empty."""
    return bool(head.fields.get("index", _NO_BLOB).partition(b"..")[0].strip(_NO_BLOB))


def _check_modes(head: Head) -> None:
    """Refuse what is not a regular file: links and submodules have no lines to place."""
    _, _, index_mode = head.fields.get("index", b"").partition(b" ")
    wanted = ("old_mode", "new_mode", "new_file_mode", "deleted_file_mode")
    modes = [head.fields[name] for name in wanted if name in head.fields]
    for mode in (*modes, *([index_mode] if index_mode.strip() else [])):
        if mode.strip().decode("ascii", "replace") not in _MODES:
            message = f"the draft gives {head.shown} the mode {shown(mode)}"
            hint = "only regular files are read: mode 100644, or 100755 for an executable one"
            refuse(Reason.NOT_SUPPORTED, message, hint, path=head.shown)


def _mode(head: Head, name: str) -> str | None:
    mode = head.fields.get(name)
    return None if mode is None else mode.strip().decode("ascii")


def _refuse_git(head: Head) -> NoReturn:
    _refuse_header(
        head, f"has other names after --- and +++ than after diff --git: {shown(head.git or b'')}"
    )


def _refuse_header(head: Head, what: str) -> NoReturn:
    message = f"the header of {head.shown} {what}"
    refuse(Reason.CONFLICTING, message, path=head.shown)
