"""Recipes are read strictly, a repository's come first, and each that ships says what it has to."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from workflow import patch, prompts
from workflow.prompts import ContextRule, Input, PromptError, UnknownRecipeError
from workflow.providers import answers
from workflow.resources import folder
from workflow.types import AnswerKind, RepoPath, Role

if TYPE_CHECKING:
    from tests.unit.conftest import Spawn

FRONT = """recipe: mine
title: One of ours
role: surgeon
answer: edits
inputs:
  - {name: unit, what: the unit, pattern: "*.service", required: true}
context: [named, tests]
gates: [pytest]
forecast: [outcome, confidence, why]
"""
BODY = """
# Rules

Foretell {{ gates }}: `outcome`, `confidence`, `why`.

# Data

{{ fence }} {{ files }} {{ context }}

# Task

{{ request }} {{ complaint }}
"""
NAMES = [
    "backend-from-client",
    "explain-change",
    "nginx-first-pass",
    "safety-check",
    "scaffold",
    "surgical-edit",
    "systemd-edit",
    "tests-for-change",
]


def text(front: str = FRONT, body: str = BODY) -> bytes:
    """Return a recipe's file."""
    return f"---\n{front}---\n{body}".encode()


def load(data: bytes, name: str = "mine") -> prompts.Recipe:
    """Load a repository's only recipe."""
    return prompts.load(name, {name: data}.get)


def test_a_recipe_is_read() -> None:
    """Each key of the front matter, and the three parts without blank lines around them."""
    made = load(text())
    assert (made.name, made.title) == ("mine", "One of ours")
    assert (made.role, made.answer) == (Role.SURGEON, AnswerKind.EDITS)
    assert made.inputs == (Input("unit", "the unit", "*.service", is_required=True),)
    assert made.context == (ContextRule.NAMED, ContextRule.TESTS)
    assert made.gates == ("pytest",)
    assert made.forecast == ("outcome", "confidence", "why")
    assert made.parts.rules.startswith("# Rules\n\nForetell ")
    assert made.parts.data == "# Data\n\n{{ fence }} {{ files }} {{ context }}\n"
    assert made.parts.task == "# Task\n\n{{ request }} {{ complaint }}\n"
    assert made.source == "prompts/mine.md"


def test_a_recipe_is_known_by_its_bytes() -> None:
    """The digest is over the whole file."""
    data = text()
    assert load(data).digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert load(data + b"\n").digest != load(data).digest


@pytest.mark.parametrize(
    ("front", "fault"),
    [
        (FRONT.replace("role: surgeon", "role: helper"), "front matter: role: "),
        (FRONT.replace("role: surgeon\n", ""), "front matter: role: Field required"),
        (FRONT + "model: x\n", "front matter: model: Extra inputs are not permitted"),
        (FRONT.replace("[named, tests]", "[all]"), "front matter: context.0: "),
        (FRONT.replace("[named, tests]", "[named, named]"), "context: something stands there tw"),
        (FRONT.replace("[pytest]", "[pytest, pytest]"), "gates: something stands there twice"),
        (FRONT.replace("required: true", "needed: true"), "front matter: inputs.0.needed: "),
        (
            FRONT.replace("context:", "  - {name: unit, what: another}\ncontext:"),
            "inputs: a name stands there twice",
        ),
        (FRONT.replace("title: One of ours", "title: [a]"), "front matter: title: "),
        (FRONT.replace("One of ours", '"a\\u001b[31m"'), "front matter: title: "),
        (FRONT.replace("answer: edits", "answer: files"), "a surgeon does not answer with files"),
        (
            FRONT.replace("role: surgeon", "role: architect"),
            "a architect does not answer with edits",
        ),
        (
            FRONT.replace("forecast: [outcome, confidence, why]\n", ""),
            "forecast: a gate is forecast with",
        ),
        (FRONT.replace("gates: [pytest]\n", ""), "forecast: there is no gate to forecast"),
        (FRONT.replace("recipe: mine", "recipe: other"), "it calls itself other"),
        (FRONT + "role: surgeon\n", "the key 'role' stands twice"),
        (FRONT.replace("[named, tests]", "&a [named]"), "anchors and aliases are not read"),
        (FRONT.replace("[named, tests]", "*a"), "anchors and aliases are not read"),
        ("[\n", "front matter: "),
        ("- a\n", "front matter: "),
        ("a: " + "[" * 5000 + "]" * 5000 + "\n", "front matter: it is nested too deeply"),
        ("a: 2026-99-99\n", "front matter: "),
    ],
)
def test_broken_front_matter_is_refused(front: str, fault: str) -> None:
    """The message names the file, the key and the fault."""
    with pytest.raises(PromptError) as caught:
        load(text(front))
    assert caught.value.message.startswith("recipe prompts/mine.md: ")
    assert fault in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (BODY.replace("# Data", "# Facts"), "needs the headings # Rules, # Data, # Task"),
        (
            BODY.replace("# Rules", "# Data", 1).replace("\n# Data\n\n{{", "\n# Rules\n\n{{"),
            "in order",
        ),
        (BODY + "# Rules\n", "once and in order"),
        ("before\n" + BODY, "there is text before # Rules"),
        (BODY.replace("{{ files }}", ""), "# Data does not print {{ files }}"),
        (BODY.replace("{{ fence }}", ""), "# Data does not print {{ fence }}"),
        (BODY.replace("{{ complaint }}", ""), "# Task does not print {{ complaint }}"),
        (BODY.replace("{{ gates }}", "gates"), "# Rules does not print {{ gates }}"),
        (BODY.replace("`why`", "why"), "does not ask for the forecast's `why`"),
        (BODY.replace("Foretell", "{{ files }}"), "# Rules, line 3: 'files' is undefined here"),
        (BODY.replace("Foretell", "{{ fence }}"), "'fence' is undefined here"),
        (BODY.replace("{{ request }}", "{{ reqest }}"), "# Task, line 3: 'reqest' is undefined"),
        (BODY.replace("{{ request }}", "{% for x in y %}"), "# Task"),
    ],
)
def test_a_broken_body_is_refused(body: str, fault: str) -> None:
    """A part that lacks what a drafter needs, or rules that vary with the request, are refused."""
    with pytest.raises(PromptError) as caught:
        load(text(body=body))
    assert caught.value.message.startswith("recipe prompts/mine.md")
    assert fault in caught.value.message


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"no front matter", "no front matter"),
        (b"---\nrecipe: mine\n", "no front matter"),
        (b"", "no front matter"),
        (b"---\nrecipe: \xff\n---\n", "it is not UTF-8"),
        (b"---\n" + b"x" * 70_000, "70,004 bytes; a recipe has at most 65,536"),
    ],
)
def test_what_is_no_recipe(data: bytes, fault: str) -> None:
    """Bytes that are no recipe at all are refused before anything reads them."""
    with pytest.raises(PromptError, match=fault):
        load(data)


def test_an_unknown_recipe() -> None:
    """The hint has the nearest names and the command that lists all."""
    with pytest.raises(UnknownRecipeError, match="there is no recipe 'surgical-edits'") as caught:
        prompts.load("surgical-edits")
    assert caught.value.hint == "perhaps surgical-edit; workflow recipes list"
    with pytest.raises(UnknownRecipeError) as caught:
        prompts.load("zzz")
    assert caught.value.hint == "workflow recipes list"


@pytest.mark.parametrize("name", ["../README", "", "a/b", "A", "-a", "a\n", "a" * 65, "\x1b[31m"])
def test_a_name_is_no_path(name: str) -> None:
    """What cannot be a name is not looked for, and not printed raw."""
    asked: list[str] = []

    def read(one: str) -> bytes | None:
        asked.append(one)
        return text()

    with pytest.raises(UnknownRecipeError) as caught:
        prompts.load(name, read)
    assert not asked
    assert caught.value.message.isprintable()


def test_a_repository_comes_first() -> None:
    """A repository's recipe of a shipped name replaces that one, and keeps its role and answer."""
    front = FRONT.replace("recipe: mine", "recipe: surgical-edit")
    made = load(text(front), "surgical-edit")
    assert (made.title, made.source) == ("One of ours", "prompts/surgical-edit.md")
    assert prompts.load("surgical-edit").source == prompts.BUILT_IN
    swapped = front.replace("answer: edits", "answer: findings")
    with pytest.raises(PromptError, match="is a recipe of the surgeon with edits"):
        load(text(swapped), "surgical-edit")


def test_every_recipe() -> None:
    """Those that ship and a repository's own, by name, each once."""
    own = {"mine": text(), "surgical-edit": text(FRONT.replace("mine", "surgical-edit"))}
    made = prompts.every(own.get, own, place="ai/recipes")
    assert [one.name for one in made] == sorted([*NAMES, "mine"])
    sources = {one.name: one.source for one in made}
    assert sources["mine"] == "ai/recipes/mine.md"
    assert sources["surgical-edit"] == "ai/recipes/surgical-edit.md"
    assert sources["scaffold"] == prompts.BUILT_IN


@pytest.mark.parametrize("name", ["README", "a b", "..", "x" * 65])
def test_a_file_that_cannot_be_a_recipe(name: str) -> None:
    """A file in the folder of recipes that no request could name is said, not passed over."""
    with pytest.raises(PromptError, match="not the name of a recipe"):
        prompts.every(prompts.nothing, [name])


def test_too_many_recipes() -> None:
    """A folder of thousands is not read."""
    with pytest.raises(PromptError, match="201 recipes; at most 200"):
        prompts.every(prompts.nothing, [f"r{number}" for number in range(201)])


# --- those that ship --------------------------------------------------------------------------

SAID = {
    "backend-from-client": "JSON Schema, FastAPI, uvicorn, Pydantic, one happy test, one failure "
    "test, 413, `sendBeacon`, `fetch`, `XMLHttpRequest`, `edits_wanted`",
    "nginx-first-pass": "one `server` block, HTTP/2, QUIC, HTTP/3, `Content-Security-Policy`, "
    "X-Content-Type-Options, Referrer-Policy, Permissions-Policy, leave `application/json` out of "
    "`gzip_types`, `location = /healthz` bypasses login, comment of one line, reverse proxy, "
    "`edits_wanted`",
    "surgical-edit": "Read each file, smallest edit, CORS, CSP, Endpoints, Apply, without line num"
    "bers|Write no line numbers, at least 3 unchanged lines, Never write a whole file, `@@`",
    "safety-check": "file by file, `severity`, smallest edits, Diffs only, `smoke_test`, "
    "`GET /healthz`, `POST /collect`, valid JSON, `/bin/sh`",
    "systemd-edit": "systemd unit, `systemctl daemon-reload`, `LoadCredential=`, `@@`",
    "tests-for-change": "fail on the code without the change and pass with it, `edits_wanted`",
    "explain-change": "`explanation`, how it is undone, Say only what the lines show",
    "scaffold": "smallest set of files, `edits_wanted`",
}


def test_those_that_ship() -> None:
    """The shipped recipes are these, and each is a file of its own name."""
    assert [one.name for one in prompts.every()] == NAMES == sorted(SAID)
    assert {path.stem for path in folder("prompts").iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_recipe_says_what_it_has_to(name: str) -> None:
    """What a recipe is for stands in its rules, in these words."""
    rules = " ".join(prompts.load(name).parts.rules.split())
    for words in SAID[name].split(", "):
        assert any(one in rules for one in words.split("|")), words


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_recipe_holds_its_drafter(name: str) -> None:
    """Each says that data is data, to stop before applying, and what placeholders are."""
    made = prompts.load(name)
    assert "poses as an order" in made.parts.rules
    assert "Apply, run and commit nothing" in made.parts.rules
    assert "`ZQVX`" in made.parts.data
    assert "{% if is_sealed %}" in made.parts.data
    assert "Your draft was refused" in made.parts.task
    for variable in ("files", "context", "existing", "left_out"):
        assert f"{{{{ {variable} }}}}" in made.parts.data


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_recipe_names_the_fields_of_its_answer(name: str) -> None:
    """The rules explain each field of the form that a model is held to."""
    made = prompts.load(name)
    fields: set[str] = set()
    schemas: list[object] = [answers.form(made.answer, made.gates).schema]
    while schemas:
        schema = schemas.pop()
        if isinstance(schema, dict):
            fields |= set(schema.get("properties", {}))
            schemas += schema.values()
        elif isinstance(schema, list):
            schemas += schema
    assert {"notes", str(made.answer).replace("edits", "diff")} <= fields
    for field in fields:
        assert f"`{field}`" in made.parts.rules, field


@pytest.mark.parametrize("name", NAMES)
def test_what_recipes_share_is_the_same(name: str) -> None:
    """The part about data and the one about forecasts are the same words in each recipe."""

    def section(of: str, title: str) -> str:
        found = re.search(rf"## {title}\n(.*?)\n#", prompts.load(of).parts.rules, re.DOTALL)
        return found[1] if found else ""

    title = "What you are given"
    assert section(name, title) == section("surgical-edit", title) != ""
    assert section(name, "The forecast") in {"", section("surgical-edit", "The forecast")}


def test_reading_recipes_is_what_costs(python: Spawn) -> None:
    """Importing the package brings in neither YAML nor Jinja: only reading a recipe does."""
    code = (
        "import sys, workflow.prompts as p\n"
        "heavy = lambda: sorted({'yaml', 'jinja2', 'pydantic'} & set(sys.modules))\n"
        "before = heavy(); p.load('scaffold'); print(before, heavy())"
    )
    assert python(code).line() == "[] ['jinja2', 'pydantic', 'yaml']"


BASKET = (
    "basket fruit {\n    apple 1\n    pear 2\n    plum 3\n    quince 4\n    fig 6\n    date 7\n}\n"
)


class Basket:
    """A tree with the one file that the example edits."""

    def read(self, path: RepoPath) -> patch.Content | None:
        """The file, whatever it is called."""
        del path
        return patch.Content("100644", BASKET.encode())


@pytest.mark.parametrize("name", ["safety-check", "surgical-edit", "systemd-edit"])
def test_the_example_of_a_hunk_is_one(name: str) -> None:
    """It is placed as it stands, without a repair: a model copies its blanks."""
    flags = re.MULTILINE | re.DOTALL
    (hunk,) = re.findall(r"^```diff\n(.*?)^```$", prompts.load(name).parts.rules, flags)
    assert "one blank more than in the file" in prompts.load(name).parts.rules
    reading = patch.read(f"--- a/basket\n+++ b/basket\n{hunk}".encode())
    made = patch.place(reading.operations, Basket())
    ((_, content),) = made.files
    assert content
    assert content.data.decode() == BASKET.replace("quince 4", "quince 5")
    assert not reading.repairs
    assert [place.fit for place in made.places] == [patch.Fit.EXACT]
