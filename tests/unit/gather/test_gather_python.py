"""What Python files import, the tests that touch them, and who speaks of the same endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.types import Role

if TYPE_CHECKING:
    from tests.unit.gather.conftest import LibraryOf

IMPORTS = ("imports",)
TESTS = ("tests",)
CLIENTS = ("clients",)
PACKAGE = {
    "app/__init__.py": "VERSION = 1\n",
    "app/models.py": "M = 1\n",
    "app/core/__init__.py": "C = 1\n",
    "app/core/deep.py": "D = 1\n",
    "models.py": "another\n",
    "top.py": "T = 1\n",
}


STATEMENTS = {
    "import app.models": ["app/models.py"],
    "import app.models as m, top": ["app/models.py", "top.py"],
    "from app.models import M": ["app/models.py"],
    "from app.models import *": ["app/models.py"],
    "from app import models": ["app/models.py"],
    "from app import VERSION": ["app/__init__.py"],
    "from app import *": ["app/__init__.py"],
    "from . import models, core": ["app/models.py", "app/core/__init__.py"],
    "from .models import M": ["app/models.py"],
    "from .core.deep import D": ["app/core/deep.py"],
    "from .core import deep": ["app/core/deep.py"],
    "from ..... import top": [],
    "from .absent import x": [],
    "import models": ["models.py"],
    "import os, sys, pydantic.fields": [],
    "def f():\n    import top": ["top.py"],
    "import app.main": [],
    "import importlib; importlib.import_module('top')": [],
}


def test_imports_of_a_module(library: LibraryOf) -> None:
    """Absolute and relative ones, of modules, packages and names in them, wherever they stand."""
    cases = {f"app/case{number}.py": text for number, text in enumerate(STATEMENTS)}
    made = library({**PACKAGE, **{path: f"{text}\n" for path, text in cases.items()}})
    found = {text: made.context(path, rules=IMPORTS) for path, text in cases.items()}
    assert found == STATEMENTS


@pytest.mark.parametrize(
    ("path", "statement", "found"),
    [
        ("src/pkg/a.py", "from pkg.b import x", ["src/pkg/b.py"]),
        ("src/pkg/a.py", "from .b import x", ["src/pkg/b.py"]),
        ("src/pkg/sub/c.py", "from .. import b", ["src/pkg/b.py"]),
        ("tests/a.py", "from pkg.b import x", ["src/pkg/b.py"]),
        ("tools/run.py", "import beside", ["tools/beside.py"]),
        ("svc/api/a.py", "from svc.api.b import x", ["svc/api/b.py"]),
        ("main.py", "from . import top", ["top.py"]),
        ("main.py", "from .. import top", []),
        ("src/pkg/__init__.py", "from .b import x", ["src/pkg/b.py"]),
    ],
)
def test_where_imports_count_from(
    library: LibraryOf, path: str, statement: str, found: list[str]
) -> None:
    """The package's own root, folders around it, `src`; packages without a start file, too."""
    others = {
        "src/pkg/__init__.py": "I = 1\n",
        "src/pkg/b.py": "x = 1\n",
        "src/pkg/sub/__init__.py": "I = 1\n",
        "tools/beside.py": "x = 1\n",
        "svc/api/b.py": "x = 1\n",
        "top.py": "x = 1\n",
    }
    made = library({**others, path: f"{statement}\n"})
    assert made.context(path, rules=IMPORTS) == found


def test_a_named_module_is_not_its_own_context(library: LibraryOf) -> None:
    """Two named files that import each other are both files, and context has neither."""
    made = library({"a.py": "import b\nimport c\n", "b.py": "import a\nimport c\n", "c.py": "1\n"})
    assert made.context("a.py", "b.py") == ["c.py"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import top\ndef f(:\n", "no valid Python at line 2"),
        ("import top\n" + "(" * 3000, "no valid Python"),
        ("import top\n#" + "x" * 600_000, "too large"),
    ],
)
def test_what_is_no_python_is_not_followed(library: LibraryOf, text: str, why: str) -> None:
    """It is no error: the file is shown, and what it imports is not known."""
    made = library({**PACKAGE, "a.py": text})
    found = made.gather("a.py", rules=IMPORTS, budget=1_000_000)
    assert [file.path for file in found.files] == ["a.py"]
    (left,) = found.left_out
    assert left.path == "a.py"
    assert left.why.startswith(f"its imports were not followed: {why}")


def test_ten_thousand_imports(library: LibraryOf) -> None:
    """Only the first thousand are looked up."""
    rows = "".join(f"import m{number}\n" for number in range(10_000))
    made = library({"a.py": rows, "m5.py": "1\n", "m9999.py": "1\n"})
    assert made.context("a.py", rules=IMPORTS) == ["m5.py"]
    names = ", ".join(f"m{number}" for number in range(10_000))
    made = library({"a.py": f"from . import {names}\n", "m5.py": "1\n", "m9999.py": "1\n"})
    assert made.context("a.py", rules=IMPORTS) == ["m5.py"]


def test_a_linked_module_is_not_followed(library: LibraryOf) -> None:
    """A link in the place of a module is left out, and said."""
    made = library({"a.py": "import b\n", "c.py": "import secret\n", "secret.py": "1\n"})
    linked = library({"a.py": "import b\n", "secret.py": "1\n"}, {"b.py": "secret.py"})
    assert made.context("a.py", rules=IMPORTS) == []
    assert linked.context("a.py", rules=IMPORTS) == []
    assert linked.left_out("a.py", rules=IMPORTS) == {"b.py": "a symbolic link"}


def test_importers(library: LibraryOf) -> None:
    """The modules that import a named one, the nearest first, and no test of it."""
    made = library(
        {
            **PACKAGE,
            "app/main.py": "from .models import M\n",
            "run.py": "import app.models\n",
            "app/other.py": "from app.core import deep  # not models\n",
            "tests/test_models.py": "import app.models\n",
        }
    )
    assert made.context("app/models.py", rules=("importers",)) == ["app/main.py", "run.py"]


TESTED = {
    "app/__init__.py": "",
    "app/main.py": "import app.models\n",
    "app/models.py": "M = 1\n",
    "deploy/site.conf": "server { listen 80; }\n",
}


@pytest.mark.parametrize(
    ("test", "named"),
    [
        ("from app.main import create\n", "app/main.py"),
        ("from app import main\n", "app/main.py"),
        ("SERVED = 'app.main:app'\n", "app/main.py"),
        ("PATCHED = 'app.main.create'\n", "app/main.py"),
        ("TEXT = open('app/main.py')\n", "app/main.py"),
        ("TEXT = (ROOT / 'site.conf').read_text()\n", "deploy/site.conf"),
        ("TEXT = f'{ROOT}/deploy/site.conf'\n", "deploy/site.conf"),
    ],
)
def test_tests_that_touch_a_file(library: LibraryOf, test: str, named: str) -> None:
    """They import it, or a string of theirs names it."""
    made = library({**TESTED, "tests/test_it.py": test, "tests/test_other.py": "import os\n"})
    assert made.context(named, rules=TESTS) == ["tests/test_it.py"]


@pytest.mark.parametrize(
    ("test", "named"),
    [
        ("# site.conf and main\n", "deploy/site.conf"),
        ("TEXT = 'my_site.conf, site.conf.off, big.site.conf'\n", "deploy/site.conf"),
        ("TEXT = 'the main thing'\n", "app/main.py"),
        ("TEXT = 'not.app.main'\n", "app/main.py"),
        ("TEXT = 'other'\n", "other.py"),
        ("from other import main\n", "app/main.py"),
    ],
)
def test_tests_that_touch_something_else(library: LibraryOf, test: str, named: str) -> None:
    """Names in comments, parts of longer names, and other modules of that name do not count."""
    made = library({**TESTED, "tests/test_it.py": test, "other.py": "main = 1\n"})
    assert made.context(named, rules=TESTS) == []


def test_fixtures_and_parts(library: LibraryOf) -> None:
    """Tests that use a fixture made of the file; what tests import of their own; `conftest.py`."""
    made = library(
        {
            **TESTED,
            "conftest.py": "import pytest\n",
            "tests/conftest.py": (
                "import pytest\nfrom app.main import app\n"
                "@pytest.fixture\ndef client(): return app\n"
            ),
            "tests/test_direct.py": "import app.main, app.models\nfrom tests.parts import part\n",
            "tests/test_client.py": "def test_it(client): assert client\n",
            "tests/test_clients.py": "def test_it(clients): assert clients\n",
            "other/test_client.py": "def test_it(client): assert client\n",
            "tests/parts.py": "part = 1\n",
            "tests/unrelated.py": "x = 1\n",
        }
    )
    assert made.context("app/main.py", rules=TESTS) == [
        *("tests/conftest.py", "tests/test_direct.py", "conftest.py"),
        *("tests/test_client.py", "tests/parts.py"),
    ]


def test_tests_of_what_imports_a_file(library: LibraryOf) -> None:
    """Where no test imports the file itself, those of its importers are the ones that run it."""
    made = library({**TESTED, "tests/test_main.py": "import app.main\n"})
    assert made.context("app/models.py", rules=TESTS) == ["tests/test_main.py"]


def test_tests_in_other_languages(library: LibraryOf) -> None:
    """A script that names the file is a test of it, where it stands among tests."""
    made = library(
        {
            **TESTED,
            "tests/smoke.sh": "nginx -t -c deploy/site.conf\n",
            "tools/smoke.sh": "nginx -t -c deploy/site.conf\n",
            "node_modules/x/tests/smoke.sh": "site.conf\n",
            "web/site.test.js": "read('site.conf')\n",
        }
    )
    assert made.context("deploy/site.conf", rules=TESTS) == ["web/site.test.js", "tests/smoke.sh"]


def test_tests_of_an_included_file_are_those_of_its_main_file(library: LibraryOf) -> None:
    """A test of the whole configuration reads the part, too."""
    made = library(
        {
            "nginx/nginx.conf": "events {}\nhttp { include site.conf; }\n",
            "nginx/site.conf": "server { listen 80; }\n",
            "tests/test_it.py": "START = 'nginx/nginx.conf'\n",
        }
    )
    assert made.context("nginx/site.conf", rules=TESTS) == ["tests/test_it.py"]


def test_a_test_that_cannot_be_read_is_said(library: LibraryOf) -> None:
    """It has one of the words, so it may be a test of the file."""
    made = library({**TESTED, "tests/test_it.py": "from app import main\ndef f(:\n"})
    assert made.left_out("app/main.py", rules=TESTS) == {
        "tests/test_it.py": "not read: no valid Python at line 2"
    }


def test_clients_of_endpoints(library: LibraryOf) -> None:
    """Files that mention the same paths, those with most of them first; tests and prose do not."""
    made = library(
        {
            "app/main.py": "@app.post('/collect')\n@app.get(f'/v1/items/{name}')\n",
            "web/one.js": "fetch('/v1/items/' + id); fetch(`${HOST}/collect`)\n",
            "web/two.html": "<form action='https://a.example.test/collect'>\n",
            "web/collector.js": "fetch('/collector'); fetch('/collect.js'); fetch('/collect/x')\n",
            "nginx/site.conf": "server { location = /collect { return 204; } }\n",
            "docs/api.md": "/collect\n",
            "tests/test_it.py": "PATH = '/collect'\n",
            "web/node_modules/x.js": "fetch('/collect')\n",
            "lib/paths.py": "HOSTS = '/etc/hosts'\n",
            "lib/other.py": "HOSTS = '/etc/hosts'\n",
        }
    )
    found = made.context("app/main.py", rules=CLIENTS)
    assert found == ["web/one.js", "nginx/site.conf", "web/two.html"]
    assert made.context("nginx/site.conf", rules=CLIENTS) == [
        *("app/main.py", "web/one.js", "web/two.html")
    ]
    assert made.context("lib/paths.py", rules=CLIENTS) == []


def test_an_architect_sees_the_other_side_of_its_client(library: LibraryOf) -> None:
    """What is named comes first, all of it to read only."""
    made = library({"a.js": "fetch('/collect')\n", "app.py": "route('/collect')\n"})
    found = made.gather("a.js", rules=CLIENTS, role=Role.ARCHITECT)
    assert [file.path for file in found.context] == ["a.js", "app.py"]
    assert found.files == ()
