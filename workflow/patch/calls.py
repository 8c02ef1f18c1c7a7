"""Reads tool calls in JSON: `str_replace` in its spellings, and OpenAI's `apply_patch` operations.

The shape of an operation is that of `ResponseApplyPatchToolCall` in the `openai` package 3.54.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn, TypeAlias, cast

from workflow.patch import v4a
from workflow.patch.interface import (
    Create,
    Delete,
    Dialect,
    Edit,
    PatchError,
    Reason,
    Refusal,
    Snippet,
)
from workflow.patch.names import alone
from workflow.patch.refusal import refuse, shown
from workflow.patch.together import in_turn, merged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.patch.interface import Operation
    from workflow.patch.refusal import Notes

_Value: TypeAlias = "str | bool | float | list[_Value] | dict[str, _Value] | None"

_HINT = (
    'write calls like {"command": "str_replace", "path": PATH, "old_str": TEXT, "new_str": TEXT},'
    " whose old_str stands in the file exactly once"
)
# A value begins at the beginning of a line, or right behind another one; `[word](...)` is prose.
_START = re.compile(r'^[ \t]*(?=\{|\[[\s\[{"\]])', re.MULTILINE)
_NEXT = re.compile(r"[\s,]*(?=[\[{])")
# Where other objects wrap a call: Anthropic's `tool_use`, OpenAI's functions and operations.
_WRAPPERS = (
    *("input", "arguments", "parameters", "function", "operation", "operations"),
    *("tool_calls", "content", "output"),
)
_MAX_DEPTH = 8
_OLD, _NEW = ("old_str", "old_string"), ("new_str", "new_string")
_PATHS = ("path", "file_path")
_TEXTS = ("file_text", "content")
_CALL_NAMES = (
    *((name, str) for name in ("command", *_OLD, *_NEW, *_TEXTS)),
    ("edits", list),
)
_EVERYWHERE = ("replace_all", "allow_multiple")
_OPERATIONS = ("create_file", "update_file", "delete_file")


def calls(data: bytes, dialect: Dialect, notes: Notes) -> list[Operation]:
    """The operations of all calls in a text of the given dialect, in their order.

    Raises `PatchError` for what is not JSON, a name twice in an object, a call that is not read,
    a call of the other dialect, and text that is not Unicode.
    """
    found: list[Operation] = []
    for value in _values(data, notes):
        for call in _unwrapped(value):
            is_operation = call.get("type") in _OPERATIONS
            if is_operation != (dialect is Dialect.OPERATIONS):
                message = "the draft mixes str_replace calls and apply_patch operations"
                refuse(Reason.CONFLICTING, message, _HINT)
            found += [_operation(call, notes)] if is_operation else _edits(call, notes)
    notes.is_complete = True
    return merged(found, notes) if dialect is Dialect.OPERATIONS else in_turn(found, notes)


# --- JSON ---------------------------------------------------------------------------------------


def _values(data: bytes, notes: Notes) -> Iterator[_Value]:
    """The JSON values of a text, one after another, with or without prose round them."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse_json(f"is not UTF-8: {error.reason} at byte {error.start + 1}", error)
    done = 0
    while found := _NEXT.match(text, done) or _START.search(text, done):
        notes.left_out(text[done : found.start()].encode(), "outside of the calls")
        try:
            value, done = _DECODER.raw_decode(text, found.end())
        except RecursionError as error:
            _refuse_json("is nested too deep", error)
        except ValueError as error:
            _refuse_json(f"cannot be read: {error}", error)
        yield value
    notes.left_out(text[done:].encode(), "outside of the calls")


def _refuse_json(what: str, error: Exception) -> NoReturn:
    message = f"the JSON of the draft {what}"
    hint = 'write the calls as JSON, with line feeds in texts as \\n and quotation marks as \\"'
    raise PatchError(Refusal(Reason.UNREADABLE, message, hint)) from error


def _object(pairs: list[tuple[str, _Value]]) -> dict[str, _Value]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name stands twice in one object"
        raise ValueError(message)
    return found


# NOTE: as an int, a number of a million digits would take minutes.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=float)


# --- what they say ------------------------------------------------------------------------------


def _unwrapped(value: _Value) -> Iterator[dict[str, _Value]]:
    """The objects that are calls, without what other objects and lists wrap them in."""
    pending = [(value, 0)]
    while pending:
        inner, depth = pending.pop()
        if depth > _MAX_DEPTH:
            _refuse_call("is wrapped too deep", inner)
        if isinstance(inner, list):
            pending += [(item, depth + 1) for item in reversed(inner)]
        elif not isinstance(inner, dict):
            _refuse_call("is no object", inner)
        elif inner.get("type") in _OPERATIONS or any(
            isinstance(inner.get(name), kind) for name, kind in _CALL_NAMES
        ):
            yield inner
        else:
            wrapped = [inner[name] for name in _WRAPPERS if name in inner]
            if len(wrapped) != 1:
                _refuse_call("is none that is read", inner)
            pending.append((_parsed(wrapped[0]), depth + 1))


def _parsed(value: _Value) -> _Value:
    """Arguments that are JSON in a text, as OpenAI's functions have them, as what they hold."""
    if not isinstance(value, str):
        return value
    try:
        return cast("_Value", _DECODER.decode(value))
    except RecursionError as error:
        _refuse_json("is nested too deep", error)
    except ValueError as error:
        _refuse_json(f"cannot be read: {error}", error)


def _edits(call: dict[str, _Value], notes: Notes) -> Iterator[Operation]:
    """What one call says, in any spelling of `str_replace` and `create`."""
    command = call.get("command")
    if command not in (None, "str_replace", "create") or "insert_line" in call:
        _refuse_command(call)
    path = _text(call, _PATHS)
    if command == "create" or any(isinstance(call.get(name), str) for name in _TEXTS):
        if any(name in call for name in (*_OLD, *_NEW, "edits")):
            _refuse_call("writes a whole file and replaces text", call)
        yield Create(alone(path)[:1], _text(call, _TEXTS))
        return
    edits = call.get("edits", [call])
    if not isinstance(edits, list) or not edits:
        _refuse_call("has no edits", call)
    for edit in edits:
        if not isinstance(edit, dict):
            _refuse_call("has an edit that is no object", call)
        if any(edit.get(name) not in (None, False) for name in _EVERYWHERE):
            _refuse_command(edit)
        if edit.get("expected_replacements", 1) != 1:
            _refuse_command(edit)
        number = notes.next_number()
        old, new = _text(edit, _OLD), _text(edit, _NEW)
        names = alone(path)
        yield Edit(names, (Snippet(number, old, new),)) if old else Create(names[:1], new)


def _operation(call: dict[str, _Value], notes: Notes) -> Operation:
    """What one operation of OpenAI's `apply_patch` says; its `diff` is V4A without the envelope."""
    names = alone(_text(call, ("path",)))
    if call["type"] == "delete_file":
        return Delete(names)
    body = _text(call, ("diff",)).removesuffix(b"\n")
    if call["type"] == "create_file":
        return Create(names[:1], v4a.added(body, names[0], notes))
    changes = v4a.updates(body, names[0], notes)
    if not changes:
        _refuse_call("has no hunk", call)
    return Edit(names, changes)


def _text(call: dict[str, _Value], names: tuple[str, ...]) -> bytes:
    """The one text that stands under one of several names."""
    found = [call[name] for name in names if name in call]
    if len(found) != 1 or not isinstance(found[0], str):
        _refuse_call(f"needs one text {' or '.join(names)}", call)
    try:
        return found[0].encode()
    except UnicodeEncodeError:
        _refuse_call(f"has half a character in {' or '.join(names)}", call)


def _refuse_command(call: dict[str, _Value]) -> NoReturn:
    message = f"the draft has a call that content cannot prove the place of: {_brief(call)}"
    hint = f"only str_replace with text that stands in the file once, and create, are read: {_HINT}"
    refuse(Reason.NOT_SUPPORTED, message, hint)


def _refuse_call(what: str, call: _Value) -> NoReturn:
    refuse(Reason.UNREADABLE, f"a call {what}: {_brief(call)}", _HINT)


def _brief(call: _Value) -> str:
    return shown(str(list(call) if isinstance(call, dict) else type(call).__name__))
