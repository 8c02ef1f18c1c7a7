"""What a change really does, told from both contents; layout and comments are nothing."""

from __future__ import annotations

import email
import sys
from pathlib import Path

import pytest

from workflow.process import run
from workflow.semantics.changes import Effect, changes
from workflow.types import RepoPath

APP = """\
import os
from fastapi import APIRouter

router = APIRouter(prefix="/v1")
LIMIT = 10
NAMES = ["a", "b"]


class Event(BaseModel):
    \"\"\"One event.\"\"\"

    name: str
    size: int = 5


@router.get("/events")
def events(limit: int = 10) -> list[str]:
    \"\"\"List them.\"\"\"
    return os.listdir()[:limit]
"""


SIGNATURE = "changed: function events: (limit: int=10) -> list[str] → (limit: int=20) -> list[str]"
ROUTE = "changed: route GET /v1/events: events → events status_code=201"
DECORATOR = (
    "changed: function events: -@router.get('/events'), +@router.get('/events', status_code=201)"
)


def told(before: str, after: str, name: str = "app.py") -> list[str]:
    """Return the sentences on a file."""
    return [str(one) for one in changes(RepoPath(name), before.encode(), after.encode())]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("LIMIT = 10", "LIMIT = 20", ["changed: variable LIMIT: 10 → 20"]),
        ('"a", "b"', '"a", "c"', ["changed: variable NAMES: +'c' -'b'"]),
        ('"a", "b"', '"b", "a"', ["changed: variable NAMES: its order"]),
        ("size: int = 5", "size: int = 6", ["changed: field Event.size: int = 5 → int = 6"]),
        ("    name: str\n", "", ["removed: field Event.name: str"]),
        ("(BaseModel)", "(Base)", ["changed: class Event: (BaseModel) → (Base)"]),
        ("limit: int = 10", "limit: int = 20", [SIGNATURE]),
        ("[:limit]", "[limit:]", ["changed: function events: its body"]),
        ("List them.", "List all.", ["changed: function events: its docstring"]),
        ("One event.", "An event.", ["changed: docstring Event"]),
        ('"/events")', '"/events", status_code=201)', [ROUTE, DECORATOR]),
        ("import os\n", "import os\nimport sys\n", ["added: import sys"]),
        ("import os\n", "import os as o\n", ["added: import os as o", "removed: import os"]),
        ("LIMIT = 10\n", "LIMIT = 10\nprint(1)\n", ["changed: what runs on import: + print(1)"]),
        (
            "\n    name: str\n    size: int = 5\n",
            "\n    size: int = 5\n    name: str\n",
            ["changed: the order of definitions"],
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_changes_is_named(old: str, new: str, said: list[str]) -> None:
    """Each kind of thing is told by its name, with what was and what is."""
    assert old in APP
    found = told(APP, APP.replace(old, new, 1))
    if old == "(BaseModel)":
        found = found[:1]  # its fields are attributes now
    assert found == said


@pytest.mark.parametrize(
    "other",
    [
        APP.replace("    ", "\t"),
        APP.replace('"', "'").replace("'''", '"""'),
        APP.replace("LIMIT = 10", "LIMIT = (\n    10\n)  # ten"),
        APP.replace("\n", "\r\n"),
        "\ufeff" + APP,
    ],
    ids=["tabs", "quotes", "comment", "line ends", "byte order mark"],
)
def test_layout_is_nothing(other: str) -> None:
    """What no program can see is no change."""
    assert other != APP
    assert told(APP, other) == []


def test_a_new_file_is_told_by_what_it_defines() -> None:
    """Of a class the whole is told, and its members are not."""
    found = told("", APP)
    assert "added: route GET /v1/events: events" in found
    assert "added: class Event: (BaseModel)" in found
    assert not [one for one in found if "Event." in one]


def test_a_renamed_function_has_moved() -> None:
    """The same function under another name is one that moved."""
    found = told(APP, APP.replace("def events", "def listing"))
    assert "moved: function listing: was events" in found


def test_overloads_are_told_apart() -> None:
    """Of two functions of one name each is compared with its own former self."""
    text = "@property\ndef a(self): return 1\n@a.setter\ndef a(self, v): pass\n"
    assert told(text, text.replace("(self, v)", "(self, w)")) == [
        "changed: function a (2): (self, v) → (self, w)"
    ]


ROUTES = """
from starlette.routing import Route
routes = [Route("/a", view, methods=["POST"])]
@app.route("/b", methods=["GET", "PUT"])
def b(): ...
app.add_api_route("/c", c, methods=["DELETE"])
urlpatterns = [path("d/", d, name="d")]
@app.websocket("/e")
async def e(s): ...
"""


def test_routes_of_each_framework() -> None:
    """FastAPI, Starlette, Flask and Django spell routes in ways of their own."""
    found = [one.removeprefix("added: route ") for one in told("", ROUTES) if "route " in one]
    assert found == [
        "POST /a: view",
        "GET /b: b",
        "PUT /b: b",
        "DELETE /c: c",
        "ANY d/: d name='d'",
        "WEBSOCKET /e: e",
    ]


PROJECT = """
[project]
name = "x"
version = "1.0"
dependencies = ["Foo_Bar>=1", "baz[a]==2"]
[project.optional-dependencies]
dev = ["ruff"]
[tool.ruff]
line-length = 88
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (">=1", ">=2", "changed: dependency foo-bar: >=1 → >=2"),
        ("Foo_Bar", "foo.bar", ""),
        (', "baz[a]==2"', "", "removed: dependency baz: [a]==2"),
        ('"ruff"', '"ruff", "mypy"', "added: dependency of the extra dev mypy"),
        ("1.0", "1.1", "changed: project version: 1.0 → 1.1"),
        ("88", "100", "changed: setting tool.ruff.line-length: 88 → 100"),
        ("[tool", "# why\n[tool", ""),
    ],
)
def test_pyproject(old: str, new: str, said: str) -> None:
    """Dependencies by their normalised names, and every setting by its key."""
    assert told(PROJECT, PROJECT.replace(old, new), "pyproject.toml") == ([said] if said else [])


def test_requirements() -> None:
    """Lists of requirements are compared without comments."""
    before = "foo==1 # why\n-r other.txt\nbar\n"
    after = "foo==2\n-r other.txt\n# nothing\n"
    assert told(before, after, "requirements-dev.txt") == [
        "changed: dependency foo: ==1 → ==2",
        "removed: dependency bar",
    ]


HOSTILE = {
    "no Python": "def (",
    "deep": "x = " + "(" * 5000,
    "deep tree": "x = " + "-" * 50_000 + "1",
    "NUL": "x = 1\0",
    "large": "#" * 2_000_000,
    "surrogates": "x = '\\ud800'",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_told_and_harms_nothing(text: str) -> None:
    """What cannot be read is a change that says so."""
    (found,) = changes(RepoPath("app.py"), APP.encode(), text.encode())[-1:]
    assert found.effect in Effect
    assert str(found).isprintable()


def test_names_are_fit_to_show_and_bounded() -> None:
    """A name cannot draw on a terminal, and thousands are counted."""
    text = "".join(f"v{number} = 'a\x1b[31m\u202e{'x' * 500}'\n" for number in range(500))
    found = changes(RepoPath("a.py"), b"", text.encode())
    assert len(found) == 201
    assert str(found[-1]) == "changed: and 300 more"
    assert all(str(one).isprintable() and len(str(one)) < 600 for one in found)


def test_reformatted_files_do_not_change(tmp_path: Path) -> None:
    """Real files that a formatter has laid out anew are the same to the last one."""
    files = sorted(Path(email.__file__).parent.glob("*.py"))
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    ruff = Path(sys.executable).with_name("ruff")
    words = ["format", "--isolated", "--line-length", "60", "--target-version", "py311", "-q", "."]
    made = run([str(ruff), *words], env={"RUFF_NO_CACHE": "true"}, cwd=tmp_path)
    assert made.is_ok, made.stderr
    pairs = [(file.read_bytes(), (tmp_path / file.name).read_bytes()) for file in files]
    assert sum(before != after for before, after in pairs) > 15
    found = {
        file.name: list(map(str, changes(RepoPath(file.name), *pair)))
        for file, pair in zip(files, pairs, strict=True)
    }
    # ruff strips blanks within docstrings, which their readers do not see either.
    assert {name: said for name, said in found.items() if said} == {}
