"""Whether two contents mean the same: what may change in each format, and what may not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.semantics.neutral import is_read, is_same, meaning
from workflow.types import RepoPath

SCRIPT = '''\
#!/usr/bin/env python3
"""What it is for."""
import os

def total(items):
    """Add up."""
    first = items[0]  # noqa: F841
    return sum(
        items, 0
    )
'''
SITE = """\
# the site
server {
    listen 80;
    location / {
        add_header X-A "one  two" always;
    }
}
"""
PROJECT = '[project]\nname = "a"  # the name\nversion = "1.0"\n\n[tool.x]\nlist = [1, 2.50]\n'
FLOW = "# yaml\non: [push]\njobs:\n  a:\n    run: |\n      make\n    if: 'yes'\n"
PACKAGE = '{"name": "a", "exports": {"import": "./i", "default": "./d"}, "n": [1, 1.0]}\n'
FILES = {
    "app.py": SCRIPT,
    "site.conf": SITE,
    "pyproject.toml": PROJECT,
    "ci.yaml": FLOW,
    "package.json": PACKAGE,
}


def swapped(name: str, old: str, new: str) -> tuple[RepoPath, bytes, bytes]:
    """Return a sample's path, its bytes, and its bytes with one text in place of another."""
    text = FILES[name]
    assert old in text
    return RepoPath(name), text.encode(), text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("app.py", "sum(\n        items, 0\n    )", "sum(items, 0)"),
        ("app.py", "sum(\n        items, 0\n    )", "(sum(items, 0,))  # added up"),
        ("app.py", "import os\n", "\n\n# the system\nimport os   \n"),
        ("app.py", "    first", "    # NOTE the first\n    first"),
        ("app.py", "    return", "    return\\\n        "),
        ("site.conf", "    listen 80;", "\tlisten\r\n  80  ;  # plain"),
        ("site.conf", "# the site\n", ""),
        ("site.conf", "    location / {\n", "    location /\n    {\n\n"),
        ("pyproject.toml", '"a"  # the name', "'a'"),
        ("pyproject.toml", "[1, 2.50]", "[\n  1, # one\n  2.50,\n]"),
        ("pyproject.toml", "[tool.x]\nlist", "[tool]\nx.list"),
        ("ci.yaml", "[push]", "\n  - push"),
        ("ci.yaml", "'yes'", '"yes"'),
        ("ci.yaml", "jobs:\n", "jobs:  # all of them\n\n"),
        ("package.json", ", ", ",\n    "),
        ("package.json", '"a"', r'"\u0061"'),
    ],
)
def test_layout_and_comments_mean_nothing(name: str, old: str, new: str) -> None:
    """What only people see is no difference."""
    assert is_same(*swapped(name, old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("app.py", "env python3\n", "env python3\r\n"),
        ("app.py", "#!/usr/bin/env python3\n", ""),
        ("app.py", "Add up.", "Add up!"),
        ("app.py", "  # noqa: F841", ""),
        ("app.py", "  # noqa: F841", "  # noqa"),
        ("app.py", "  # noqa: F841\n    return", "\n    return  # noqa: F841"),
        ("app.py", "        items, 0\n", "        items, 0  # type: ignore\n"),
        ("app.py", "    return", "    # fmt: off\n    return"),
        ("app.py", ", 0", ", False"),
        ("app.py", "items, 0", "items, 0.0"),
        ("app.py", "    return", "return"),
        ("site.conf", "one  two", "one two"),
        ("site.conf", '"one  two"', "'one  two'"),
        ("site.conf", "listen 80;", "# listen 80;"),
        ("site.conf", "listen 80;", "listen 80; # managed by Certbot"),
        ("pyproject.toml", "2.50", "2.5"),
        ("pyproject.toml", '[project]\nname = "a"  # the name\n', 'name = "a"\n[project]\n'),
        ("pyproject.toml", "# the name", "# renovate: ignore"),
        ("ci.yaml", "'yes'", "yes"),
        ("ci.yaml", "      make\n", "      make\n\n      all\n"),
        ("ci.yaml", "# yaml", "#cloud-config"),
        ("ci.yaml", "jobs:\n", "jobs:\n# {{ include }}\n"),
        ("ci.yaml", "on: [push]\n", "on: &p [push]\n"),
        ("package.json", '"import": "./i", "default": "./d"', '"default": "./d", "import": "./i"'),
        ("package.json", "[1, 1.0]", "[1.0, 1]"),
        ("package.json", "[1, 1.0]", '[1, "1.0"]'),
        ("package.json", "[1, 1.0]", '["number", "1"]'),
        ("package.json", '"n"', '"name"'),
    ],
)
def test_meaning_is_not_the_same(name: str, old: str, new: str) -> None:
    """What a program reads is a difference, its comments included."""
    assert not is_same(*swapped(name, old, new))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a()  # noqa\na()\n", b"a()\na()  # noqa\n"),
        (b"f(a,  # noqa\n  b)\n", b"f(a, b  # noqa\n)\n"),
        (b"f(\n  a,  # noqa\n  b)\n", b"f(\n  a,\n  # noqa\n  b)\n"),
        (b"f(\n  a,\n  b,  # noqa\n)\n", b"f(\n  a, b,  # noqa\n)\n"),
        (b"f(  # noqa\n  1,\n  1)\n", b"f(\n  1,  # noqa\n  1)\n"),
    ],
)
def test_ignored_line_is_told_from_its_twin(before: bytes, after: bytes) -> None:
    """A comment that moves to other tokens, if of equal text, ignores something else."""
    path = RepoPath("a.py")
    assert is_same(path, before, b"\n# plain\n" + before)
    assert not is_same(path, before, after)
    # Without what the comment says to a program, the two are the same.
    assert is_same(path, before.replace(b"noqa", b"x"), after.replace(b"noqa", b"x"))


def test_comment_of_data_is_tied_to_its_line() -> None:
    """A comment that a program reads is about what follows it."""
    before = b"a: 1\n# renovate: x\nb: 2\nc: 3\n"
    assert is_same(RepoPath("a.yml"), before, b"# plain\n\n".join([b"a: 1\n", before[5:]]))
    moved = b"a: 1\nb: 2\n# renovate: x\nc: 3\n"
    assert not is_same(RepoPath("a.yml"), before, moved)


def test_end_of_a_block_is_meaning() -> None:
    """The same statements in other blocks are another program."""
    inside, outside = b"while a:\n  b\nelse:\n  c\n  d\n", b"while a:\n  b\nelse:\n  c\nd\n"
    assert not is_same(RepoPath("a.py"), inside, outside)


def test_ignored_line_may_be_reached_by_another_layout_above() -> None:
    """A comment that programs read stays valid while other statements are laid out anew."""
    before = b"x = [\n    1,\n    2,\n]\ny = 1  # noqa: F841\n"
    after = b"x = [1, 2]\n\ny  =  1  # noqa: F841\n"
    assert is_same(RepoPath("a.py"), before, after)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.md", b"a"),
        ("a.py", b"def f(:\n"),
        ("a.py", b"\xff = 1\n"),
        ("a.py", b"# coding: latin-1\na = 1\n"),
        ("a.py", b"a = 1\0\n"),
        ("a.py", b"(" * 300 + b")" * 300),
        ("a.py", b"-" * 100_000 + b"1"),
        ("a.py", b"1" + b"+1" * 20_000),
        ("a.py", b"a = 1\n" * 100_000),
        ("a.py", b"import a" + b".a" * 200_000),
        ("a.py", b"import a" + b".\\\na" * 100_000),
        ("a.py", b"f'" + b"{a}" * 100_000 + b"'"),
        ("a.conf", b"key = value\n"),
        ("a.conf", b"subnet 10.0.0.0 { range a b; }\n"),
        ("a.conf", b"FOO=1; location=2;\n"),
        ("a.conf", b"FOO=1;\nlisten 80;\n"),
        ("nginx.conf", b"server {\n"),
        ("nginx.conf", b"server {" * 200 + b"listen 80;" + b"}" * 200),
        ("a.toml", b"a = 1\na = 2\n"),
        ("a.toml", b"a." * 400_000 + b"a = 1\n"),
        ("a.toml", b"a = " + b"[" * 20_000 + b"]" * 20_000),
        ("a.toml", b"a = " + b"1" * 10_000),
        ("a.toml", b'a = """\r\n"""'),
        ("a.yaml", b"a: [\n"),
        ("a.yaml", b"[" * 100_000),
        ("a.yaml", b"%TAG !a! b\n---\n"),
        ("a.yaml", b"a\n" * 150_000),
        ("a.json", b'{"a": 1, "a": 1}'),
        ("a.json", b"// a\n{}"),
        ("a.json", b"[" * 100_000 + b"]" * 100_000),
        ("a.json", b" " * 2_000_000 + b"1"),
    ],
)
def test_doubt_is_no_meaning(name: str, data: bytes) -> None:
    """What is not known, not readable, too large or too deep says nothing, and says so at once."""
    begun = time.process_time()
    assert meaning(RepoPath(name), data) is None
    assert not is_same(RepoPath(name), data, data)
    assert time.process_time() - begun < 2


def test_large_numbers_are_compared() -> None:
    """A number whose decimal digits Python would refuse to print is compared all the same."""
    path, one = RepoPath("a.py"), b"a = 0x" + b"f" * 50_000
    assert is_same(path, one, one + b"  # many")
    assert not is_same(path, one, one + b"f")


def test_an_alias_bomb_is_read_as_written() -> None:
    """Aliases are compared as aliases, so that nine levels of nine cost nothing."""
    lines = ["a0: &a0 [x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)
    ]
    bomb = "\n".join(lines).encode()
    assert is_same(RepoPath("a.yml"), bomb, bomb.replace(b", ", b",  "))
    assert not is_same(RepoPath("a.yml"), bomb, bomb.replace(b"*a7", b"*a6", 1))


def test_warnings_of_the_parser_stay_inside() -> None:
    """An invalid escape is the author's business: it neither warns nor raises here."""
    assert is_same(RepoPath("a.py"), b'a = "\\d"\n', b'a = ("\\d")\n')


def test_every_comment_of_a_scripts_metadata_counts() -> None:
    """The lines between `# /// script` and `# ///` are a TOML document, not comments."""
    script = b'# /// script\n# dependencies = ["a"]\n# ///\nimport a\n'
    assert not is_same(RepoPath("a.py"), script, script.replace(b'"a"', b'"b"'))


def test_files_are_known_by_name_and_size() -> None:
    """Only formats that are read, of up to a mebibyte, can be asked about."""
    names = ["a.py", "a.pyi", "x/nginx/mime.types", "a.conf", "b.json", "c.yml", "d.toml"]
    assert all(is_read(RepoPath(name), 2**20) for name in names)
    assert not is_read(RepoPath("a.py"), 2**20 + 1)
    assert not any(is_read(RepoPath(name), 1) for name in ("a.js", "Makefile", "py", "a.ini"))


MARKS = ("{}[]():;,.#'\"\\= \n\t\r%&*-|>@$1aé\0\ufeff\u2028", "#noqa\n", "import a", "def", "f'")
PIECES = st.sampled_from(
    [*MARKS[0], *MARKS[1:], '"""', "server ", "  ", "_by_lua_block {", "---\n"]
)


@settings(max_examples=200, deadline=2000)
@given(
    name=st.sampled_from(["a.py", "a.toml", "a.yaml", "a.json", "nginx.conf"]),
    data=st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=30).map("".join)),
)
def test_any_content_is_read_or_refused(name: str, data: bytes | str) -> None:
    """Whatever stands in a file, the answer is a meaning or none, and the same twice."""
    raw = data if isinstance(data, bytes) else data.encode()
    assert meaning(RepoPath(name), raw) == meaning(RepoPath(name), raw)
