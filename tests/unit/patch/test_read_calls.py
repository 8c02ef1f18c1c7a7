"""Tool calls in JSON are read as they are meant, or refused."""

from __future__ import annotations

import json

import pytest

from workflow.patch.interface import (
    Create,
    Delete,
    Dialect,
    Edit,
    Hunk,
    Names,
    PatchError,
    Reason,
    Repair,
    Snippet,
)
from workflow.patch.read import read
from workflow.types import RepoPath

CALL = {"command": "str_replace", "path": "f", "old_str": "two", "new_str": "TWO"}
SHORT = {"file_path": "f", "old_string": "two", "new_string": "TWO"}
UPDATE = {"type": "update_file", "path": "f", "diff": "@@ def g():\n one\n-two\n+TWO\n"}


def names(*written: str) -> Names:
    """Return what a name can stand for."""
    return tuple(map(RepoPath, written))


def refusal(text: str | bytes) -> tuple[Reason, str]:
    """Return why a draft is refused, and the message; every refusal has a hint."""
    with pytest.raises(PatchError) as caught:
        read(text if isinstance(text, bytes) else text.encode())
    assert caught.value.hint
    return caught.value.refusals[0].reason, caught.value.message


READ = Edit(names("f"), (Snippet(1, b"two", b"TWO"),))


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (json.dumps(CALL), {Repair.NO_FINAL_NEWLINE}),
        (json.dumps(CALL) + "\n", set()),
        (json.dumps(CALL, indent=2) + "\n", set()),
        (json.dumps([CALL], indent=1) + "\n", set()),
        (json.dumps({**CALL, "view_range": [1, 2], "id": 1.5e300}) + "\n", set()),
        (json.dumps(SHORT) + "\n", set()),
        (json.dumps({**SHORT, "replace_all": False, "expected_replacements": 1}) + "\n", set()),
        (json.dumps({"file_path": "f", "edits": [SHORT]}) + "\n", set()),
        (json.dumps({"type": "tool_use", "name": "edit", "input": CALL}) + "\n", set()),
        (json.dumps({"role": "assistant", "content": [{"input": CALL}]}) + "\n", set()),
        (
            json.dumps({"tool_calls": [{"function": {"arguments": json.dumps(CALL)}}]}) + "\n",
            set(),
        ),
        (f"```json\n{json.dumps(CALL)}\n```\n", set()),
        (f"```\n{json.dumps(CALL)}\n```\n", set()),
        (f"I replace it:\n\n{json.dumps(CALL)}\n\nThat is all.\n", {Repair.PROSE}),
        (f"See\n[the notes](x):\n{json.dumps(CALL)}\n", {Repair.PROSE}),
        (f"{json.dumps(CALL)}\n{json.dumps(CALL)}\n", {Repair.REPEATED}),
        (f"{json.dumps(CALL)},{json.dumps(CALL)}\n", {Repair.REPEATED}),
        (f"```\n{json.dumps(CALL)}\n```\n```\n{json.dumps(CALL)}\n```\n", {Repair.REPEATED}),
    ],
)
def test_one_call_in_any_dress(text: str, repaired: set[Repair]) -> None:
    """Lists, lines, fences, prose and what other objects wrap a call in change nothing."""
    reading = read(text.encode())
    assert reading.dialect is Dialect.STR_REPLACE
    assert reading.operations == (READ,)
    assert {repair for repair, _ in reading.repairs} == repaired


def test_each_call_is_an_edit_of_its_own() -> None:
    """Calls are made one after the other, also those of one list of edits."""
    other = {**SHORT, "old_string": "x"}
    for text in (
        json.dumps([CALL, other]),
        f"{json.dumps(CALL)}\n{json.dumps(other)}",
        json.dumps({"file_path": "f", "edits": [SHORT, other]}),
    ):
        assert read(text.encode()).operations == (
            READ,
            Edit(names("f"), (Snippet(2, b"x", b"TWO"),)),
        )


def test_fences_with_calls_for_one_file() -> None:
    """Several fences are the usual way to write calls, so they do not contradict each other."""
    other = json.dumps({**CALL, "old_str": "x"})
    text = f"```json\n{json.dumps(CALL)}\n```\n\nand\n\n```json\n{other}\n```\n"
    assert len(read(text.encode()).operations) == 2


@pytest.mark.parametrize(
    "call",
    [
        {"command": "create", "path": "f", "file_text": "one\n"},
        {"file_path": "f", "content": "one\n"},
        {"file_path": "f", "old_string": "", "new_string": "one\n"},
        {"type": "create_file", "path": "f", "diff": "+one\n"},
        {"type": "create_file", "path": "f", "diff": "+one"},
    ],
)
def test_a_new_file(call: dict[str, str]) -> None:
    """A file is made by its whole text, or by lines with `+`."""
    assert read(json.dumps(call).encode()).operations == (Create(names("f"), b"one\n"),)


@pytest.mark.parametrize(
    "wrapped",
    [
        UPDATE,
        [UPDATE],
        {"type": "apply_patch_call", "id": "1", "status": "completed", "operation": UPDATE},
        {"output": [{"type": "apply_patch_call", "operation": UPDATE}]},
        {"operations": [UPDATE]},
        {**UPDATE, "diff": " one\n-two\n+TWO"},
    ],
)
def test_an_operation_in_any_dress(wrapped: object) -> None:
    """OpenAI's `apply_patch` operations hold the body of a V4A patch."""
    reading = read(json.dumps(wrapped).encode())
    assert reading.dialect is Dialect.OPERATIONS
    assert reading.operations == (
        Edit(names("f"), (Hunk(1, b"one\ntwo\n", b"one\nTWO\n", b" -+"),)),
    )


def test_a_file_is_deleted() -> None:
    """An operation without a diff takes the file away."""
    text = json.dumps({"type": "delete_file", "path": "a/f"})
    assert read(text.encode()).operations == (Delete(names("a/f", "f")),)


def test_texts_may_look_like_other_dialects() -> None:
    """What stands in a JSON text is text of a file, whatever it looks like."""
    inside = '--- a/f\n+++ b/f\n@@ -1 +1 @@\n```diff\n*** Begin Patch\n{"old_str": "x"}\n'
    call = {**CALL, "old_str": inside}
    (edit,) = read(json.dumps(call).encode()).operations
    assert edit == Edit(names("f"), (Snippet(1, inside.encode(), b"TWO"),))


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (
            '{"path": "f", "old_str": "a", "old_str": "b", "new_str": "c"}',
            Reason.UNREADABLE,
            "twice",
        ),
        ('{"path": "f", "old_str": "a", "new_str": "b"', Reason.UNREADABLE, "cannot be read"),
        ('{"path": "f", "old_str": "a\n", "new_str": "b"}', Reason.UNREADABLE, "cannot be read"),
        ('{"old_str": ' + "[" * 100_000, Reason.UNREADABLE, "nested too deep"),
        ('{"path": "f", "old_str": "a"}', Reason.UNREADABLE, "new_str"),
        ('{"path": "f", "old_str": "a", "new_str": 1}', Reason.UNREADABLE, "new_str"),
        ('{"path": "f", "old_str": "a", "new_str": "\\ud800"}', Reason.UNREADABLE, "half"),
        ('{"path": "f", "old_str": "a", "new_str": "\\udc80"}', Reason.UNREADABLE, "half"),
        ('{"old_str": "a", "new_str": "b"}', Reason.UNREADABLE, "path"),
        ('{"path": "f", "file_path": "f", "old_str": "a", "new_str": "b"}', Reason.UNREADABLE, ""),
        ('{"old_str": "a", "old_string": "b", "new_str": "c", "path": "f"}', Reason.UNREADABLE, ""),
        ('{"path": "f", "old_str": "a", "file_text": "b"}', Reason.UNREADABLE, "whole file"),
        ('{"path": "f", "edits": []}\n"old_str"', Reason.UNREADABLE, "no edits"),
        ('{"path": "f", "edits": ["old_str"]}', Reason.UNREADABLE, "no object"),
        ('{"what": {"old_str": 1}}', Reason.UNREADABLE, "none that is read"),
        ('["old_str"]', Reason.UNREADABLE, "no object"),
        ('{"arguments": "{", "name": "str_replace"}', Reason.UNREADABLE, "cannot be read"),
        ('{"input":' * 9 + '{"old_str": "a"}' + "}" * 9, Reason.UNREADABLE, "too deep"),
        ('{"type": "update_file", "path": "f", "diff": ""}', Reason.UNREADABLE, "no hunk"),
        ('{"type": "update_file", "path": "f", "diff": "x"}', Reason.UNREADABLE, "'x'"),
        ('{"type": "create_file", "path": "f", "diff": "x"}', Reason.UNREADABLE, "with +"),
        (
            json.dumps({**UPDATE, "diff": "*** Begin Patch\n a\n"}),
            Reason.UNREADABLE,
            "'*** Begin Patch'",
        ),
        (json.dumps({**SHORT, "replace_all": True}), Reason.NOT_SUPPORTED, "prove"),
        (json.dumps({**SHORT, "replace_all": "true"}), Reason.NOT_SUPPORTED, "prove"),
        (json.dumps({**SHORT, "expected_replacements": 2}), Reason.NOT_SUPPORTED, "prove"),
        (json.dumps({**CALL, "command": "insert"}), Reason.NOT_SUPPORTED, "prove"),
        (json.dumps({**CALL, "insert_line": 3}), Reason.NOT_SUPPORTED, "prove"),
        ('{"command": "view", "path": "f", "old_str": ""}', Reason.NOT_SUPPORTED, "prove"),
        (json.dumps([CALL, UPDATE]), Reason.CONFLICTING, "mixes"),
        (json.dumps([UPDATE, CALL]), Reason.CONFLICTING, "mixes"),
        (json.dumps(CALL) + "\n--- a/f\n+++ b/f\n@@\n a\n", Reason.CONFLICTING, "outside"),
    ],
)
def test_what_is_refused(text: str, reason: Reason, words: str) -> None:
    """Broken JSON, calls that are none, and calls that no content could prove."""
    told, message = refusal(text)
    assert told is reason
    assert words in message


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    """JSON has no way to write them, so what was meant is not certain."""
    told, message = refusal(b'{"path": "f", "old_str": "\xe9", "new_str": "b"}')
    assert told is Reason.UNREADABLE
    assert "UTF-8" in message
