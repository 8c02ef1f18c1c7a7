"""What a remote model may answer with, and what becomes of it."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import patch
from workflow.errors import ProviderError
from workflow.providers import answers
from workflow.providers.failures import EmptyAnswerError, TooLargeError, WrongFormError
from workflow.providers.new_files import NewFile, as_answer
from workflow.providers.tokens import estimate
from workflow.types import (
    AnswerKind,
    Brief,
    Draft,
    Forecast,
    Observation,
    Outcome,
    Prompt,
    RepoPath,
    Role,
    Wanted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

GATES = ("nginx", "pytest")
DIFF = "--- a/site.conf\n+++ b/site.conf\n@@ @@\n server {\n+    gzip off;\n }\n"
NGINX = {"gate": "nginx", "outcome": "pass", "confidence": 90, "why": "valid", "tests": []}
PYTEST = {"gate": "pytest", "outcome": "fail", "confidence": 50, "why": "new", "tests": ["t::a"]}
SAID: dict[str, Any] = {"forecasts": [PYTEST, NGINX], "notes": ["one"]}
FINDING = {"path": "a.conf", "line": 0, "severity": "low", "what": "open", "mend": "close"}
GOOD: dict[AnswerKind, dict[str, Any]] = {
    AnswerKind.EDITS: {"diff": DIFF, **SAID},
    AnswerKind.FILES: {
        "files": [{"path": "app/main.py", "content": "x = 1\n"}],
        "edits_wanted": [{"path": "site.conf", "request": "proxy it"}],
        **SAID,
    },
    AnswerKind.FINDINGS: {"findings": [FINDING], "diff": DIFF, "smoke_test": "true\n", **SAID},
    AnswerKind.EXPLANATION: {"explanation": "It adds a line.", "notes": []},
}
BOUNDS = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def brief(kind: AnswerKind, gates: tuple[str, ...] = GATES) -> Brief:
    """A brief that asks for this kind of answer."""
    return Brief("", Role.SURGEON, (), Prompt("", "", ""), answer=kind, gates=gates)


def read(answer: object, kind: AnswerKind = AnswerKind.EDITS) -> Draft:
    """The draft in an answer, which is given as bytes or as JSON values."""
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return answers.read(raw, brief(kind), "openai", "gpt-x")


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every object and every other schema within a schema."""
    if isinstance(schema, list):
        return [each for item in schema for each in objects(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(each for item in schema.values() for each in objects(item))]


@pytest.mark.parametrize("kind", AnswerKind)
@pytest.mark.parametrize("gates", [(), GATES])
def test_a_schema_is_one_that_both_vendors_take_as_strict(
    kind: AnswerKind, gates: tuple[str, ...]
) -> None:
    """Each object is closed and needs all its members, and no bound stands in it."""
    form = answers.form(kind, gates)
    assert re.fullmatch(r"[a-z_]{1,64}", form.name)
    for each in objects(dict(form.schema)):
        if each.get("type") == "object":
            assert each["additionalProperties"] is False
            assert each["required"] == list(each["properties"])
        assert not BOUNDS & set(each)
        assert each.get("enum") != []


@pytest.mark.parametrize("kind", AnswerKind)
def test_the_schema_asks_for_what_is_read(kind: AnswerKind) -> None:
    """A good answer has exactly the members that the schema names, on each level."""
    properties: Any = answers.form(kind, GATES).schema["properties"]
    good = GOOD[kind]
    assert set(properties) == set(good)
    for name, schema in properties.items():
        if isinstance(good[name], list) and good[name] and isinstance(good[name][0], dict):
            assert set(schema["items"]["properties"]) == set(good[name][0])


def test_the_schema_names_the_gates() -> None:
    """A model that is held to it cannot invent a gate, or a confidence out of bounds."""
    properties: Any = answers.form(AnswerKind.EDITS, GATES).schema["properties"]
    members = properties["forecasts"]["items"]["properties"]
    assert members["gate"]["enum"] == list(GATES)
    assert min(members["confidence"]["enum"]) == 50
    assert max(members["confidence"]["enum"]) <= 100


def test_edits_become_a_draft() -> None:
    """Diff and notes as they came, forecasts in the order of the gates."""
    draft = read(GOOD[AnswerKind.EDITS])
    assert draft.text == DIFF
    assert draft.notes == ("one",)
    assert draft.forecasts == (
        Forecast("nginx", Outcome.PASS, "valid", 90),
        Forecast("pytest", Outcome.FAIL, "new", 50, ("t::a",)),
    )
    assert (draft.provider, draft.model, draft.usage, draft.answer) == (
        "openai",
        "gpt-x",
        None,
        None,
    )


def test_files_become_a_patch_and_wishes() -> None:
    """New files are read by the reader of every draft; edits of others are only wanted."""
    draft = read(GOOD[AnswerKind.FILES], AnswerKind.FILES)
    assert placed(draft.text) == {"app/main.py": b"x = 1\n"}
    assert draft.wanted == (Wanted("site.conf", "proxy it"),)


def test_wishes_alone_are_a_draft_without_a_patch() -> None:
    """An architect may find that nothing new is needed."""
    draft = read({**GOOD[AnswerKind.FILES], "files": [], "notes": []}, AnswerKind.FILES)
    assert draft.text == ""
    assert draft.wanted


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (AnswerKind.EDITS, {"diff": " \n"}),
        (AnswerKind.FILES, {"files": [], "edits_wanted": []}),
    ],
)
def test_nothing_to_change_is_a_draft_that_says_why(
    kind: AnswerKind, change: dict[str, object]
) -> None:
    """The recipes ask for it where the files already are as asked."""
    draft = read({**GOOD[kind], **change}, kind)
    assert (draft.text, draft.notes) == ("", ("one",))


def test_findings_become_observations() -> None:
    """With the diff, or without one where nothing has to be mended."""
    draft = read(GOOD[AnswerKind.FINDINGS], AnswerKind.FINDINGS)
    assert draft.observations == (Observation("a.conf", 0, "low", "open", "close"),)
    assert (draft.text, draft.smoke_test) == (DIFF, "true\n")
    clean = {**GOOD[AnswerKind.FINDINGS], "findings": [], "diff": " \n"}
    assert read(clean, AnswerKind.FINDINGS).text == ""


def test_an_explanation_has_no_forecast() -> None:
    """It changes nothing, so no gate runs."""
    draft = read(GOOD[AnswerKind.EXPLANATION], AnswerKind.EXPLANATION)
    assert (draft.explanation, draft.text, draft.forecasts) == ("It adds a line.", "", ())


@pytest.mark.parametrize(
    ("forecasts", "why"),
    [
        ([NGINX], "no forecast for the gate pytest"),
        ([], "no forecast for the gate nginx"),
        ([NGINX, NGINX, PYTEST], "two forecasts for one gate"),
        ([NGINX, PYTEST, {**NGINX, "gate": "mine"}], "none of those asked for"),
    ],
)
def test_each_gate_is_forecast_once(forecasts: list[object], why: str) -> None:
    """None missing, none twice, none made up."""
    with pytest.raises(WrongFormError, match=why):
        read({**GOOD[AnswerKind.EDITS], "forecasts": forecasts})


@pytest.mark.parametrize("order", [[NGINX, PYTEST], [PYTEST, NGINX]])
def test_the_order_of_forecasts_is_ours(order: list[object]) -> None:
    """Whatever order the model gives them in."""
    draft = read({**GOOD[AnswerKind.EDITS], "forecasts": order})
    assert [each.gate for each in draft.forecasts] == list(GATES)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"diff": None},
        {"diff": 5},
        {"notes": "one"},
        {"notes": ["x" * 4_001]},
        {"notes": ["x"] * 201},
        {"forecasts": [{**NGINX, "confidence": 49}, PYTEST]},
        {"forecasts": [{**NGINX, "confidence": 101}, PYTEST]},
        {"forecasts": [{**NGINX, "confidence": "90"}, PYTEST]},
        {"forecasts": [{**NGINX, "confidence": True}, PYTEST]},
        {"forecasts": [{**NGINX, "confidence": 90.5}, PYTEST]},
        {"forecasts": [{**NGINX, "outcome": "error"}, PYTEST]},
        {"notes": ["\ud800"]},
    ],
)
def test_what_the_schema_does_not_allow_is_refused(change: dict[str, object]) -> None:
    """Types are not bent, and the bounds that no schema holds are held here."""
    with pytest.raises(WrongFormError):
        read({**GOOD[AnswerKind.EDITS], **change})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"Sure!  Here is the diff:",
        b'{"diff": "',
        b'{"diff": "a", "diff": "b", "forecasts": [], "notes": []}',
        b'{"diff": NaN}',
        b'{"diff": "\xff"}',
        b'{"diff": ' + b"9" * 5_000 + b"}",
        b"[" * 500_000,
        b'{"diff":' * 100_000,
    ],
)
def test_what_is_no_strict_json_is_refused(raw: bytes) -> None:
    """Prose, what was cut, a key twice, bytes that are no Unicode, nesting without end."""
    with pytest.raises(WrongFormError) as caught:
        read(raw)
    assert "workflow stats" in caught.value.hint


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("Sure!  Here is the diff:", "begins with prose, not with JSON"),
        ("\n```json\n{}\n```", "begins with a code fence, not with JSON"),
        ('{"diff": "a"} I hope', "there is more after its JSON (line 1, column 15)"),
        ('{"diff": "a\nb"}', "a line feed or a tab that is not escaped (line 1, column 12)"),
        ('{"diff": "\\q"}', "a backslash that escapes nothing"),
        ('{"diff": "a', "its JSON breaks off within a string"),
        ('{"diff": ', "its JSON breaks off"),
        ("", "its JSON breaks off"),
        ('{"diff": }', "its JSON is broken (line 1, column 10)"),
    ],
)
def test_it_is_said_why_an_answer_is_no_json(raw: str, why: str) -> None:
    """A person reads it, and a model that is asked again."""
    with pytest.raises(WrongFormError, match=re.escape(why)):
        read(raw.encode())


def test_a_key_twice_is_refused_in_a_good_answer() -> None:
    """Readers differ in which one counts."""
    good = json.dumps(GOOD[AnswerKind.EDITS])
    with pytest.raises(WrongFormError, match="no strict JSON"):
        read(('{"diff": "another", ' + good[1:]).encode())


def test_an_answer_has_a_largest_size() -> None:
    """It is looked at before anything is read."""
    with pytest.raises(TooLargeError, match="2000001 bytes"):
        read(b" " * (answers.MOST_BYTES + 1))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (AnswerKind.EDITS, {"diff": " \n", "notes": []}),
        (AnswerKind.EDITS, {"diff": "", "notes": [" \n"]}),
        (AnswerKind.FILES, {"files": [], "edits_wanted": [], "notes": []}),
        (AnswerKind.EXPLANATION, {"explanation": ""}),
    ],
)
def test_an_answer_that_proposes_nothing_is_empty(
    kind: AnswerKind, change: dict[str, object]
) -> None:
    """In the right form, and still no draft."""
    with pytest.raises(EmptyAnswerError) as caught:
        read({**GOOD[kind], **change}, kind)
    assert "workflow stats" in caught.value.hint


@pytest.mark.parametrize(
    "path", ["a\n+++ b/evil", "a\tb", "a\0", "a\u202eb", " a", "a ", "", "\x1b"]
)
def test_a_path_cannot_leave_its_line(path: str) -> None:
    """It would become a header of its own in the patch."""
    good = GOOD[AnswerKind.FILES]
    with pytest.raises(WrongFormError):
        read({**good, "files": [{"path": path, "content": ""}]}, AnswerKind.FILES)
    with pytest.raises(WrongFormError):
        read({**good, "edits_wanted": [{"path": path, "request": "x"}]}, AnswerKind.FILES)
    finding = {**GOOD[AnswerKind.FINDINGS], "findings": [{**FINDING, "path": path}]}
    with pytest.raises(WrongFormError):
        read(finding, AnswerKind.FINDINGS)


@given(name=st.text(min_size=3).filter(lambda text: not text.isidentifier()))
def test_no_word_of_an_answer_is_in_a_message(name: str) -> None:
    """A name that the model makes up is not repeated, nor a value."""
    marked = f"zq{name}zq"
    for change in ({marked: 1}, {"diff": [marked]}, {"forecasts": [{**NGINX, "gate": marked}]}):
        with pytest.raises(WrongFormError) as caught:
            read({**GOOD[AnswerKind.EDITS], **change})
        assert marked not in caught.value.message
        assert caught.value.message.isprintable()


@given(answer=JSON, kind=st.sampled_from(AnswerKind))
def test_any_json_is_a_draft_or_an_error_of_ours(answer: object, kind: AnswerKind) -> None:
    """Nothing else comes out, whatever went in."""
    with pytest.raises(ProviderError):
        read(answer, kind)


@given(member=st.sampled_from(sorted(GOOD[AnswerKind.FILES])), value=JSON)
def test_any_member_is_read_or_refused(member: str, value: object) -> None:
    """One member that is anything, in an answer that is good otherwise."""
    try:
        draft = read({**GOOD[AnswerKind.FILES], member: value}, AnswerKind.FILES)
    except ProviderError:
        return
    assert draft.forecasts


class NoFiles:
    """A tree without a file."""

    files: Mapping[str, patch.Content] = MappingProxyType({})

    def read(self, path: RepoPath) -> patch.Content | None:
        """No file."""
        return self.files.get(path)


def placed(text: str) -> dict[str, bytes]:
    """The files that a draft makes, as the product reads it."""
    reading = patch.read(text.encode("utf-8", "surrogateescape"))
    files = patch.place(reading.operations, NoFiles()).files
    return {str(path): content.data for path, content in files if content}


LINES = st.lists(
    st.sampled_from(["", "```", "+++ b/x", "--- a/x", "@@", "\\ No newline at end of file", "*"])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=8)
)


@given(lines=LINES, ends=st.booleans())
def test_new_files_are_read_back_as_they_were(lines: list[str], ends: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever stands in them: fences, headers, no last line feed, nothing at all."""
    text = "\n".join(lines) + ("\n" if ends else "")
    answer = as_answer([NewFile("app/x.py", text), NewFile("app/__init__.py", "")])
    assert placed(answer) == {"app/x.py": text.encode(), "app/__init__.py": b""}


@given(text=st.text())
def test_an_estimate_counts_bytes(text: str) -> None:
    """One token for three bytes, rounded up: more for what is not ASCII."""
    assert 3 * (estimate(text) - 1) < len(text.encode("utf-8", "surrogateescape"))
    assert len(text.encode()) <= 3 * estimate(text)
