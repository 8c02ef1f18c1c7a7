"""Which app the service gate finds around a change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.gates.service_trees import FASTAPI, tree
from workflow.canonical import sha256
from workflow.gates import Case
from workflow.gates.service import detect, scene
from workflow.gates.service.exchange import Target
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.types import ChangeKind, FileChange, RepoPath, Side, TreeChange

if TYPE_CHECKING:
    from collections.abc import Mapping


def found(files: Mapping[str, str], *changed: str) -> list[Target]:
    """Return the targets that are found for a change of some files."""
    paths = [RepoPath(name) for name in changed or files]
    return [app.target for app in detect.find(tree(files), paths)]


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({"main.py": FASTAPI}, Target("main:app")),
        ({"app/__init__.py": "", "app/main.py": FASTAPI}, Target("app.main:app")),
        ({"web/main.py": "import web.x\n" + FASTAPI, "web/x.py": ""}, Target("web.main:app")),
        ({"web/main.py": "import x\n" + FASTAPI, "web/x.py": ""}, Target("main:app", "web")),
        (
            {"a/src/shop/__init__.py": "", "a/src/shop/web.py": FASTAPI},
            Target("shop.web:app", "a/src"),
        ),
        ({"shop/__init__.py": FASTAPI}, Target("shop:app")),
        (
            {"main.py": "import fastapi as f\napp: f.FastAPI = f.FastAPI(title='x')\n"},
            Target("main:app"),
        ),
        (
            {"main.py": "from starlette.applications import Starlette\nweb = Starlette()\n"},
            Target("main:web"),
        ),
        (
            {"main.py": "import fastapi\nclass My(fastapi.FastAPI): pass\nsite = My()\n"},
            Target("main:site"),
        ),
        (
            {"main.py": FASTAPI.replace("app =", "inner =") + "app = create(1)\n"
             "def create(x) -> FastAPI:\n    ...\n"},
            Target("main:app"),
        ),
        (
            {
                "p/__init__.py": "",
                "p/asgi.py": "from .factory import create_app\napp = create_app()\n",
                "p/factory.py": "from fastapi import FastAPI\ndef create_app():\n"
                "    made = FastAPI()\n    return made\n",
            },
            Target("p.asgi:app"),
        ),
        (
            {"main.py": "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n"},
            Target("main:create_app", is_factory=True),
        ),
        (
            {"main.py": "import fastapi\ntry:\n    app = fastapi.FastAPI()\nexcept E:\n    1\n"},
            Target("main:app"),
        ),
    ],
)  # fmt: skip
def test_apps_that_are_found(files: dict[str, str], target: Target) -> None:
    """An app is found by how it is made, and named as it is imported."""
    assert found(files)[:1] == [target]


@pytest.mark.parametrize(
    "files",
    [
        {"main.py": "from flask import Flask\napp = Flask('x')  # no asgi\n"},
        {"main.py": "class FastAPI: pass\napp = FastAPI()\n"},
        {"main.py": "from fastapi import FastAPI\ndef create_app(x):\n    return FastAPI()\n"},
        {"main.py": "from fastapi import FastAPI\napp = app()\n"},
        {"main.py": "FastAPI = app\napp = FastAPI\napp = app()\n"},
        {"main.py": FASTAPI + "("},
        {"tests/test_x.py": FASTAPI},
        {"main.py": "# FastAPI\n" + "import a" + ".a" * 200 + "\n"},
    ],
)
def test_what_is_no_app(files: dict[str, str]) -> None:
    """What is something else, needs arguments, or cannot be read, is not taken for an app."""
    assert found(files, "main.py") == []


def test_what_a_change_is_about() -> None:
    """A change is about an app that imports the file, has it beside it, or requires it."""
    files = {
        "shop/__init__.py": "",
        "shop/main.py": "import lib.a\n" + FASTAPI,
        "shop/page.html": "",
        "lib/__init__.py": "",
        "lib/a.py": "from lib import b\n",
        "lib/b.py": "",
        "lib/c.py": "",
        "requirements.txt": "",
        "site.conf": "",
        "tests/test_shop.py": "",
    }
    (app,) = detect.find(tree(files), [RepoPath("shop/main.py")])
    about = {name for name in files if app.concerns([RepoPath(name)])}
    assert about == {
        *("shop/__init__.py", "shop/main.py", "shop/page.html", "requirements.txt"),
        *("lib/__init__.py", "lib/a.py", "lib/b.py"),
    }


def case(base: Mapping[str, str], patched: Mapping[str, str]) -> Case:
    """Make a case; nothing is run in it."""
    names = sorted(name for name in {*base, *patched} if base.get(name) != patched.get(name))
    files = tuple(
        FileChange(RepoPath(name), ChangeKind.MODIFIED, None, None, None, None) for name in names
    )
    old, new = tree(base), tree(patched)
    return Case(TreeChange(old.id, new.id, files), old, new, Bubblewrap(), sha256)


def test_the_same_app_is_probed_on_both_trees() -> None:
    """An app that the change brings along nearer to it does not take the place of the base's."""
    base = {"a/__init__.py": "", "a/main.py": FASTAPI}
    patched = {**base, "a/main.py": FASTAPI + "X = 1\n", "a/b/__init__.py": ""}
    patched["a/b/main.py"] = FASTAPI
    one = scene.found(case(base, patched), (), derives=False)
    assert one is not None
    assert [app.target.app for app in one.apps.values()] == ["a.main:app"] * 2
    assert "there are others, which were not probed: a.b.main:app" in one.notes[1]


def test_app_that_moves_is_probed_where_it_is() -> None:
    """An app that has another name on the patched tree is started by that one, and it is said."""
    one = scene.found(case({"main.py": FASTAPI}, {"server.py": FASTAPI}), (), derives=False)
    assert one is not None
    assert [app.target.app for app in one.apps.values()] == ["main:app", "server:app"]
    assert one.doubts[0].startswith("on the base the service is main:app")


@pytest.mark.parametrize(
    ("main", "target"),
    [
        ("import fastapi\napp, = [getattr(fastapi, 'FastAPI')()]\n", "main:app"),
        ("from hidden import *\n", "main:app"),
        ("from hidden import thing as app\n", "main:app"),
        ("def __getattr__(name): ...\n", "main:app"),
        ("(", "main:app"),
        ("import uvicorn\nuvicorn.run('app:app')\n", "app:app"),
    ],
)
def test_another_app_does_not_take_the_place(main: str, target: str) -> None:
    """Where the module of the base's app can still have it, that is started; else it is a doubt."""
    patched = {"main.py": main, "app.py": FASTAPI}
    one = scene.found(case({"main.py": FASTAPI}, patched), (), derives=False)
    assert one is not None
    assert one.apps[Side.PATCHED].target.app == target
    assert bool(one.doubts) == (target == "app:app")


def test_hostile_makers_are_looked_at_once() -> None:
    """Functions that all return each other's results take no time to be told apart."""
    text = "# FastAPI\n" + "app = f0()\n"
    body = "".join(f"    if x: return f{n}()\n" for n in range(120))
    text += "".join(f"def f{n}():\n{body}" for n in range(120))
    started = time.monotonic()
    assert found({"main.py": text}) == []
    assert time.monotonic() - started < 20
