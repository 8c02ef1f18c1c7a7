"""What a remote model answers with: the form that it is held to, and how that becomes a draft.

The schemas hold no bounds, because neither vendor takes them in strict mode; the models here do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflow.canonical import no_constant, unique_members
from workflow.providers import new_files
from workflow.providers.failures import EmptyAnswerError, TooLargeError, WrongFormError
from workflow.text import is_hidden, one_line
from workflow.types import AnswerKind, Draft, Forecast, Observation, Outcome, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.types import Brief

MOST_BYTES = 2_000_000
"""Of an answer: more than ten times what the largest usual output limit comes to in text."""
_MOST_FILES = 100
_MOST_ITEMS = 200
_MOST_CHARACTERS = 4_000
_MOST_PATH = 400
_MOST_REASON = 200
KEPT = "the answer is kept, and workflow stats counts what it took"
"""For a hint: where an answer went that was paid for, and of which no proposal came."""
_AGAIN = f"ask again; a larger model in workflow.toml keeps to the form more often; {KEPT}"
_BROKEN = {
    "Extra data": "there is more after its JSON",
    "Invalid control character at": "a string in its JSON has a line feed or a tab that is not"
    " escaped",
    "Invalid \\escape": "a string in its JSON has a backslash that escapes nothing",
    "Unterminated string starting at": "its JSON breaks off within a string",
}
"""What Python's reader says of JSON, in words that also a model can act upon."""

_Words = Annotated[str, Field(max_length=_MOST_CHARACTERS)]
_Path = Annotated[str, Field(min_length=1, max_length=_MOST_PATH)]
_Notes = Annotated[list[_Words], Field(max_length=_MOST_ITEMS)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Forecast(_Model):
    gate: _Words
    outcome: Literal["pass", "fail"]
    confidence: Annotated[int, Field(ge=50, le=100)]
    why: _Words
    tests: Annotated[list[_Words], Field(max_length=_MOST_ITEMS)]


_Forecasts = Annotated[list[_Forecast], Field(max_length=_MOST_ITEMS)]


class _Edits(_Model):
    diff: str
    forecasts: _Forecasts
    notes: _Notes


class _File(_Model):
    path: _Path
    content: str


class _EditWanted(_Model):
    path: _Path
    request: _Words


class _Files(_Model):
    files: Annotated[list[_File], Field(max_length=_MOST_FILES)]
    edits_wanted: Annotated[list[_EditWanted], Field(max_length=_MOST_FILES)]
    forecasts: _Forecasts
    notes: _Notes


class _Finding(_Model):
    path: _Path
    line: Annotated[int, Field(ge=0, le=10_000_000)]
    severity: Literal["high", "medium", "low"]
    what: _Words
    mend: _Words


class _Findings(_Model):
    findings: Annotated[list[_Finding], Field(max_length=_MOST_ITEMS)]
    diff: str
    smoke_test: str
    forecasts: _Forecasts
    notes: _Notes


class _Explanation(_Model):
    explanation: str
    notes: _Notes


_Answer = _Edits | _Files | _Findings | _Explanation


@dataclass(frozen=True, slots=True)
class Form:
    """What a model is told of the answer: a name, what it is for, and its JSON schema."""

    name: str
    description: str
    schema: Mapping[str, object]


def form(kind: AnswerKind, gates: Sequence[str]) -> Form:
    """The form for a kind of answer, with a forecast for each of the gates."""
    notes = _list(_text("One short remark for the reviewer."), "What a reviewer has to know.")
    forecasts = {"forecasts": _forecasts(gates), "notes": notes}
    match kind:
        case AnswerKind.EDITS:
            what = "Propose a minimal diff of existing files.  Nothing is applied by it."
            return Form("propose_edits", what, _object(diff=_text(_DIFF), **forecasts))
        case AnswerKind.FILES:
            what = "Propose new files, whole.  Nothing is written by it."
            return Form("propose_files", what, _object(**_FILES, **forecasts))
        case AnswerKind.FINDINGS:
            what = "Report what is wrong in the files, with a minimal diff that mends it."
            return Form("report_findings", what, _object(**_FINDINGS, **forecasts))
        case AnswerKind.EXPLANATION:
            words = _text("The explanation, in plain words.")
            return Form("explain", "Explain.", _object(explanation=words, notes=notes))
    assert_never(kind)


def read(raw: bytes, brief: Brief, provider: str, model: str) -> Draft:
    """The draft in an answer, with neither what was sent for it nor what it took.

    Raises `WrongFormError` for what is not in the form of `brief.answer`, `TooLargeError` for more
    than `MOST_BYTES`, and `EmptyAnswerError` when it proposes nothing and does not say why.
    """
    who = f"{provider} ({one_line(model)})"
    if len(raw) > MOST_BYTES:
        message = f"the answer of {who} has {len(raw)} bytes, more than {MOST_BYTES}"
        raise TooLargeError(message, hint="ask for less at once")
    answer = _validated(raw, brief.answer, who)
    forecasts = () if isinstance(answer, _Explanation) else _read_forecasts(answer, brief, who)
    blank = Draft("", forecasts, tuple(answer.notes), provider, model)
    return _filled(answer, blank, who)


def _filled(answer: _Answer, blank: Draft, who: str) -> Draft:
    match answer:
        case _Edits():
            if not answer.diff.strip():
                _require_notes(blank, who)
                return blank
            return replace(blank, text=answer.diff)
        case _Files():
            if not answer.files and not answer.edits_wanted:
                _require_notes(blank, who)
            return replace(blank, text=_written(answer, who), wanted=_wanted(answer, who))
        case _Findings():
            diff = answer.diff if answer.diff.strip() else ""
            seen = tuple(_observation(each, who) for each in answer.findings)
            return replace(blank, text=diff, observations=seen, smoke_test=answer.smoke_test)
        case _Explanation():
            if not answer.explanation.strip():
                raise _empty(who)
            return replace(blank, explanation=answer.explanation)
    assert_never(answer)


def _require_notes(draft: Draft, who: str) -> None:
    """Nothing to change is an answer, too, where the model says why."""
    if not any(note.strip() for note in draft.notes):
        raise _empty(who)


def _written(answer: _Files, who: str) -> str:
    if not answer.files:
        return ""
    return new_files.as_answer(
        [new_files.NewFile(_path(file.path, who), file.content) for file in answer.files]
    )


def _wanted(answer: _Files, who: str) -> tuple[Wanted, ...]:
    return tuple(Wanted(_path(edit.path, who), edit.request) for edit in answer.edits_wanted)


def _observation(seen: _Finding, who: str) -> Observation:
    return Observation(_path(seen.path, who), seen.line, seen.severity, seen.what, seen.mend)


def _path(path: str, who: str) -> str:
    """A path without line feeds and the like, which would end the line of a diff that it is in."""
    if path != path.strip() or any(map(is_hidden, path)):
        raise _wrong(who, "a path in it has a character that cannot be seen")
    return path


def _read_forecasts(
    answer: _Edits | _Files | _Findings, brief: Brief, who: str
) -> tuple[Forecast, ...]:
    """One for each gate of the brief, in the brief's order."""
    said = {each.gate: each for each in answer.forecasts}
    if len(said) != len(answer.forecasts):
        raise _wrong(who, "it has two forecasts for one gate")
    if missing := [gate for gate in brief.gates if gate not in said]:
        raise _wrong(who, f"it has no forecast for the gate {missing[0]}")
    if len(said) != len(brief.gates):
        raise _wrong(who, "it has a forecast for a gate that is none of those asked for")
    return tuple(
        Forecast(gate, Outcome(each.outcome), each.why, each.confidence, tuple(each.tests))
        for gate, each in ((gate, said[gate]) for gate in brief.gates)
    )


def _validated(raw: bytes, kind: AnswerKind, who: str) -> _Answer:
    document = _strict_json(raw, who)
    models: dict[AnswerKind, Callable[[object], _Answer]] = {
        AnswerKind.EDITS: _Edits.model_validate,
        AnswerKind.FILES: _Files.model_validate,
        AnswerKind.FINDINGS: _Findings.model_validate,
        AnswerKind.EXPLANATION: _Explanation.model_validate,
    }
    try:
        return models[kind](document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # NOTE: where it is may be a name that the model has made up, so that is left out.
        place = ".".join(str(part) for part in first["loc"] if _is_ours(part))
        where = f"at {place}: " if place else ""
        why = one_line(first["msg"])[:_MOST_REASON]
        raise _wrong(who, f"{where}{why}") from None


def _is_ours(part: str | int) -> bool:
    return isinstance(part, int) or part in _NAMES


def _strict_json(raw: bytes, who: str) -> object:
    """JSON as every reader takes it: UTF-8, no key twice, no NaN, not nested without end."""
    try:
        text = raw.decode()
        document: object = json.loads(
            text, object_pairs_hook=unique_members, parse_constant=no_constant
        )
    except RecursionError:
        raise _wrong(who, "it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _wrong(who, _broken(text, error)) from None
    except ValueError:
        raise _wrong(who, "it is no strict JSON") from None
    return document


def _broken(text: str, error: json.JSONDecodeError) -> str:
    """Why a text is no JSON, without a word of it."""
    begin = text.strip()[:1]
    if begin and begin not in "{[":
        return f"it begins with {'a code fence' if begin == '`' else 'prose'}, not with JSON"
    if error.pos >= len(text.rstrip()):
        return "its JSON breaks off"
    place = f"(line {error.lineno}, column {error.colno})"
    return f"{_BROKEN.get(error.msg, 'its JSON is broken')} {place}"


def _wrong(who: str, why: str) -> WrongFormError:
    message = f"the answer of {who} is not in the form asked for: {why}"
    return WrongFormError(message, hint=_AGAIN)


def _empty(who: str) -> EmptyAnswerError:
    message = f"the answer of {who} proposes nothing"
    hint = "say in other words what is to change, or name the file"
    return EmptyAnswerError(message, hint=f"{hint}; {KEPT}")


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, object], description: str) -> dict[str, object]:
    return {"type": "array", "items": items, "description": description}


def _text(description: str) -> dict[str, object]:
    return {"type": "string", "description": description}


def _one_of(values: Sequence[str | int], description: str) -> dict[str, object]:
    kind = "string" if isinstance(values[0], str) else "integer"
    return {"type": kind, "enum": list(values), "description": description}


def _forecasts(gates: Sequence[str]) -> dict[str, object]:
    gate = "The gate's name."
    item = _object(
        gate=_one_of(gates, gate) if gates else _text(gate),
        outcome=_one_of(["pass", "fail"], "What the gate will say of this change."),
        confidence=_one_of(_CONFIDENCES, "How sure you are of the outcome, in percent."),
        why=_text("Why, in one sentence."),
        tests=_list(_text("A test's id."), "Tests that will run and show that the change works."),
    )
    asked = "Exactly one for each gate, made before it runs." if gates else "Empty: no gate runs."
    return _list(item, asked)


_CONFIDENCES = (50, 60, 70, 80, 90, 95, 99)
"""From a toss of a coin up, in steps: a strict schema may list values but not bound them."""
_DIFF = (
    "A unified diff: `--- a/path` and `+++ b/path`, then for each hunk `@@` with the enclosing"
    " definition and no numbers, and at least three unchanged lines before and after."
)
_PATH = _text("A path from the top of the repository.")
_FILES: dict[str, object] = {
    "files": _list(
        _object(path=_PATH, content=_text("The whole content of the file.")),
        "The new files; none of them exists yet.",
    ),
    "edits_wanted": _list(
        _object(path=_PATH, request=_text("What should change in it, as a request.")),
        "Existing files that have to change, too; another one edits them.",
    ),
}
_FINDINGS: dict[str, object] = {
    "findings": _list(
        _object(
            path=_PATH,
            line={"type": "integer", "description": "From 1; 0 for the file as a whole."},
            severity=_one_of(["high", "medium", "low"], "How bad it is."),
            what=_text("What is wrong, in one sentence."),
            mend=_text("What mends it, in one sentence."),
        ),
        "What is wrong, the worst first.",
    ),
    "diff": _text(f"{_DIFF}  Empty if nothing has to be mended."),
    "smoke_test": _text("A shell script that tries the service out after the change."),
}
_NAMES = frozenset(
    name
    for model in (_Edits, _Files, _Findings, _Explanation, _File, _EditWanted, _Finding, _Forecast)
    for name in model.model_fields
)
