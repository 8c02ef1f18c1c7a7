"""Reads a draft in any dialect into the edit model.

The draft is looked at once as a whole: which dialect it is in, and whether anything outside of the
patch could be a second one.  The dialects' own modules read the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn, assert_never

from workflow.patch import fences
from workflow.patch.calls import calls
from workflow.patch.interface import Dialect, Move, Reading, Reason, Repair
from workflow.patch.refusal import Notes, refuse, refuse_cut, shown
from workflow.patch.search_replace import search_replace
from workflow.patch.titles import of_info
from workflow.patch.together import in_turn, joined
from workflow.patch.unified import unified
from workflow.patch.v4a import v4a
from workflow.patch.whole_files import title_of, whole_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.patch.fences import Fence, Fenced
    from workflow.patch.interface import Operation

# What only a patch has at the beginning of a line, by dialect.
_MARK = re.compile(
    rb"^(?:(?P<unified>--- [^\n]+\n\+\+\+ |diff --(?:git|cc|combined) |@@(?:[ \n]|\Z))"
    rb"|(?P<v4a>\*\*\* (?:Begin Patch|(?:Update|Add|Delete) File:))"
    rb"|(?P<blocks>(?:<{5,9}|-{5,9}) ?SEARCH\b))",
    re.MULTILINE,
)
# The same in prose, where Markdown indents or quotes it: GNU patch takes that for a patch, too.
_INDENTED = re.compile(
    rb"^[ \t>]+(?:--- [^\n]+\n[ \t>]*\+\+\+ |diff --git |\*\*\* Begin Patch|<{5,9} ?SEARCH\b)",
    re.MULTILINE,
)
_DIALECTS = {
    "unified": Dialect.UNIFIED,
    "v4a": Dialect.V4A,
    "blocks": Dialect.SEARCH_REPLACE,
    "operation": Dialect.OPERATIONS,
    "call": Dialect.STR_REPLACE,
}
_JSON = re.compile(rb"^[ \t]*[\[{]", re.MULTILINE)
_CALL = re.compile(
    rb'\\?"(?:(?P<operation>(?:create|update|delete)_file|apply_patch_call)'
    rb"|(?P<call>(?:old|new)_str(?:ing)?|file_(?:text|path)|insert_(?:line|text)|str_replace))\\?\""
)
# Below a fence: a line that could be a hunk's next one, had the fence not been a line of the file.
_GOES_ON = re.compile(rb"[+\-\\@]| +[^ \n]|\s*\n[+\\@]")
_BOM = b"\xef\xbb\xbf"


def read(data: bytes) -> Reading:
    """What a draft says: the dialect, the operations in its order, and the repairs made.

    Raises `PatchError` for prose, for a patch that says something uncertain, for two patches that
    do not agree, and for what no content could prove.
    """
    notes = Notes()
    data = _evened(data, notes)
    dialect = _dialect(data)
    fenced = fences.split(data)
    if dialect is not Dialect.SEARCH_REPLACE and fenced.fences:
        dialect, operations = _fenced(fenced, dialect, data, notes)
    elif dialect is None:
        refuse(Reason.NOT_A_PATCH, f"the draft holds no patch: {shown(data.strip())}")
    else:
        operations = _read(dialect, data, notes)
        if notes.is_cut:
            refuse_cut("the patch begins with *** Begin Patch and has no *** End Patch")
    for text in notes.prose:
        if _INDENTED.search(text) or _dialect(text):
            _refuse_second(text)
    if not operations:
        refuse(Reason.NOT_A_PATCH, "the draft holds a patch of nothing")
    return Reading(dialect, tuple(operations), tuple(notes.repairs))


def _evened(data: bytes, notes: Notes) -> bytes:
    """The draft with line feeds only, the last line's included."""
    data = data.removeprefix(_BOM)
    if not data.strip():
        refuse(Reason.NOT_A_PATCH, "the draft is empty")
    # NOTE: where headers end in LF and other lines in CRLF, the draft is for a file with CRLF.
    first = data.find(b"\n")
    if data[max(first - 1, 0) : first] == b"\r" and data.count(b"\r\n") == data.count(b"\n"):
        data = data.replace(b"\r\n", b"\n")
        notes.repaired(Repair.LINE_ENDS, "every line")
    if not data.endswith(b"\n"):
        data += b"\n"
        notes.repaired(Repair.NO_FINAL_NEWLINE, "the last line")
    return data


def _dialect(text: bytes) -> Dialect | None:
    """The dialect of the first patch in a text, `None` where there is none."""
    found = _MARK.search(text)
    if found is None and _JSON.search(text):
        found = _CALL.search(text)
    return _DIALECTS[found.lastgroup] if found and found.lastgroup else None


def _read(dialect: Dialect, text: bytes, notes: Notes) -> list[Operation]:
    match dialect:
        case Dialect.UNIFIED:
            return unified(text, notes)
        case Dialect.V4A:
            return v4a(text, notes)
        case Dialect.SEARCH_REPLACE:
            return search_replace(text, notes)
        case Dialect.STR_REPLACE | Dialect.OPERATIONS:
            return calls(text, dialect, notes)
        case Dialect.WHOLE_FILES:
            return whole_files(fences.split(text), notes)
        case _:
            assert_never(dialect)


def _fenced(
    fenced: Fenced, bare: Dialect | None, data: bytes, notes: Notes
) -> tuple[Dialect, list[Operation]]:
    """What a draft with fences says; `bare` is the dialect of its first patch, fenced or not."""
    dialects = [_dialect(fence.body) for fence in fenced.fences]
    found = next((dialect for dialect in dialects if dialect), None)
    if found is None:
        if bare is None:
            _check_end(fenced, notes)
            return Dialect.WHOLE_FILES, _read(Dialect.WHOLE_FILES, data, notes)
        # The fences are prose above a patch that stands in none; one below its beginning would be
        # found among its lines.
        _check_titles(fenced.fences)
        return bare, _read(bare, fences.without_stray_mark(fenced, data), notes)
    patches = [fence for fence, dialect in zip(fenced.fences, dialects, strict=True) if dialect]
    others = [fence for fence, dialect in zip(fenced.fences, dialects, strict=True) if not dialect]
    if any(dialect not in (None, found) for dialect in dialects):
        message = "the draft holds patches in two dialects"
        refuse(Reason.CONFLICTING, message)
    _check_titles(others)
    _check_outside(fenced, patches, notes)
    for fence in others:
        notes.left_out(fence.body, "a fence without a patch")
    parts = []
    for fence in patches:
        parts.append(_read(found, fence.body, notes))
        _check_info(fence, parts[-1])
    notes.is_complete &= dialects[-1] is not None
    _check_end(fenced, notes)
    if found is Dialect.STR_REPLACE:
        return found, in_turn([operation for part in parts for operation in part], notes)
    return found, joined(parts, notes)


def _check_titles(others: Iterable[Fence]) -> None:
    """Refuse a patch beside a fence that is named like a new file: it would be left out."""
    for fence in others:
        title = title_of(fence)
        if title:
            message = f"the draft has a patch, and a fence without one for {shown(title)}"
            hint = "write a new file as a diff, too: --- /dev/null, +++ b/PATH, @@, lines with +"
            refuse(Reason.CONFLICTING, message, hint)


def _check_outside(fenced: Fenced, patches: list[Fence], notes: Notes) -> None:
    """Refuse patch material outside of the fences, unless it is the fenced patch once more."""
    for number, text in enumerate(fenced.outside):
        if number and _GOES_ON.match(text):
            message = f"the patch seems to go on below its fence: {shown(text.lstrip())}"
            hint = "put the whole patch into one fence, and a blank line below it"
            refuse(Reason.UNREADABLE, message, hint)
        rest = text
        if _dialect(text) and len(patches) == 1:
            rest = text.replace(patches[0].body.strip(b"\n"), b"")
            notes.repaired(Repair.REPEATED, "outside of the fence")
        notes.left_out(rest, "outside of the fences")


def _check_info(fence: Fence, operations: list[Operation]) -> None:
    """Refuse a fence whose own path is none of the patch's: it may hold a file, not a patch."""
    path = of_info(fence.info)
    if path is None:
        return
    text = path.decode("utf-8", "surrogateescape")
    names = {name for operation in operations for name in operation.names}
    names.update(
        name for operation in operations if isinstance(operation, Move) for name in operation.to
    )
    if text not in names:
        message = f"the draft has a fence for {shown(text)} with a patch of other files"
        refuse(Reason.CONFLICTING, message)


def _check_end(fenced: Fenced, notes: Notes) -> None:
    """Refuse a fence that does not end, unless its patch shows that nothing is missing."""
    if fenced.is_cut and not notes.is_complete:
        refuse_cut("the last fence of the draft does not end")


def _refuse_second(text: bytes) -> NoReturn:
    found = _INDENTED.search(text) or _MARK.search(text)
    line = text[found.start() :].partition(b"\n")[0] if found else text.strip()
    message = f"the draft has patch material outside of its patch: {shown(line)}"
    hint = "answer with one fence that holds the whole patch, and nothing like a patch elsewhere"
    refuse(Reason.CONFLICTING, message, hint)
