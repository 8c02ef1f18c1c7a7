"""The readers of configuration formats: what they say, on which line, and what they refuse."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.semantics.formats import Format, FormatError, Items, Scalar, Table, format_of
from workflow.semantics.formats.crontab import read_crontab, wrong_schedule
from workflow.semantics.formats.dockerfile import Instruction, pairs, read_dockerfile
from workflow.semantics.formats.env_text import read_env
from workflow.semantics.formats.ini_text import read_ini
from workflow.semantics.formats.json_text import read_json
from workflow.semantics.formats.kinds import has_user_column
from workflow.semantics.formats.toml_text import line_of, read_toml_tree
from workflow.semantics.formats.tree import UnboundedError
from workflow.semantics.formats.values import plain
from workflow.semantics.formats.yaml_text import read_yaml
from workflow.types import RepoPath

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/values.yaml", Format.YAML),
        ("docker-compose.prod.yml", Format.COMPOSE),
        ("compose.yaml", Format.COMPOSE),
        ("package.json", Format.JSON),
        ("tsconfig.json", None),
        ("tsconfig.build.json", None),
        (".vscode/settings.json", None),
        ("pyproject.toml", Format.TOML),
        ("tox.ini", Format.INI),
        ("Dockerfile", Format.DOCKERFILE),
        ("build/api.Dockerfile", Format.DOCKERFILE),
        ("Dockerfile.prod", Format.DOCKERFILE),
        ("Dockerfile.j2", None),
        ("dockerfile.vim", None),
        ("etc/cron.d/backup", Format.CRONTAB),
        ("etc/cron.d/README.md", None),
        ("crontab", Format.CRONTAB),
        (".env.example", Format.ENV),
        ("prod.env", Format.ENV),
        (".envrc", None),
        ("values.yaml.tmpl", None),
        ("notes.md", None),
    ],
)
def test_a_format_is_known_by_its_name(name: str, kind: Format | None) -> None:
    """Names tell the format; those whose programs read comments in JSON tell none."""
    assert format_of(RepoPath(name)) is kind


def test_crontabs_of_the_system_name_a_user() -> None:
    """In `cron.d` and in `etc/crontab` a user stands before each command."""
    with_user = ("etc/crontab", "etc/cron.d/a", "roles/x/files/cron.d/a")
    assert all(has_user_column(RepoPath(name)) for name in with_user)
    assert not any(has_user_column(RepoPath(name)) for name in ("crontab", "a.crontab"))


def test_yaml_is_read_with_aliases_merges_and_lines() -> None:
    """An alias says what its anchor does, a key beside a merge wins, and a line is known."""
    text = "a: &x\n  b: 1\n  c: on\nd:\n  <<: *x\n  b: 2\n---\n- '1'\n"
    first, second = read_yaml(text).documents
    assert plain(first) == {"a": {"b": 1, "c": "on"}, "d": {"b": 2, "c": "on"}}
    assert plain(second) == ["1"]
    assert isinstance(first, Table)
    found = first.get("d", "b")
    assert isinstance(found, Scalar)
    assert found.line == 6


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb:\n\tc: 2\n", 3, "tabs"),
        ("a: b: c\n", 1, "quote a value"),
        ("a: *b\n", 1, "&b"),
        ("a: [1,\nb: 2\n", 2, ""),
        ("a: &a [*a]\n", 1, ""),
        ("<<: 1\n", 1, "alias"),
        ("a: 1\nb: {{ c }}\n", 2, "quote"),
    ],
)
def test_yaml_that_does_not_parse_is_told_with_its_line(text: str, line: int, words: str) -> None:
    """The error has the line, and for usual mistakes what to do."""
    with pytest.raises(FormatError) as caught:
        read_yaml(text)
    assert caught.value.line == line
    assert words in caught.value.mend


def test_keys_that_stand_twice_are_told() -> None:
    """YAML, JSON and INI say which key, and where it stood first."""
    for read in (read_yaml("a: 1\nb: 2\na: 3\n"), read_json('{"a": 1,\n"b": 2,\n"a": 3}')):
        assert [(one.line, one.message) for one in read.problems] == [
            (3, "the key a stands twice, first at line 1")
        ]
    assert [one.line for one in read_ini("[a]\nb = 1\nb = 2\n").problems] == [3]
    assert [one.line for one in read_ini("[a]\nb = 1\n[a]\n").problems] == [3]
    with pytest.raises(FormatError) as caught:
        read_toml_tree("a = 1\na = 2\n")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "line", "mend"),
    [
        ('{"a": 1,}', 1, "take out the comma before it"),
        ('{"a": [1,\n2,\n]}', 3, "take out the comma before it"),
        ('{"a": 1 // one\n}', 1, "JSON has no comments: take it out"),
        ("{'a': 1}", 1, "put strings in double quotes"),
        ('{"a": 1 "b": 2}', 1, "put a comma between the two values"),
        ('{"a": NaN}', 0, "write null, or a string"),
    ],
)
def test_usual_mistakes_of_json_have_a_mend(text: str, line: int, mend: str) -> None:
    """What is wrong is told with its line and the way out."""
    with pytest.raises(FormatError) as caught:
        read_json(text)
    assert (caught.value.line, caught.value.mend) == (line, mend)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(JSON, st.sampled_from([None, 1, 7]))
def test_json_says_what_the_library_says(value: object, indent: int | None) -> None:
    """The tree with lines has the same values, in any layout."""
    text = json.dumps(value, indent=indent, ensure_ascii=indent == 1)
    assert plain(read_json(text).documents[0]) == value


def test_numbers_keep_their_spelling() -> None:
    """1.10 may be a version, and a huge number is compared without being counted out."""
    (tree,) = read_json('{"a": 1.10, "b": ' + "1" * 50_000 + "}").documents
    assert isinstance(tree, Table)
    assert tree.get("a") == Scalar("float", "1.10", 1)
    big = tree.get("b")
    assert isinstance(big, Scalar)
    assert len(big.text) == 50_000
    (toml,) = read_toml_tree("a = 1.10\nb = 0x" + "f" * 20_000).documents
    assert isinstance(toml, Table)
    assert toml.get("a") == Scalar("float", "1.10")


def test_the_line_of_a_toml_key_is_looked_up() -> None:
    """A key is found below its table's heading, or where its path is written out."""
    text = "[a]\nx = 1\n[a.b]\n'y' = 2\n[[c]]\nz = 3\n"
    assert [line_of(text, *keys) for keys in (("a", "x"), ("a", "b", "y"), ("c", "z"))] == [2, 4, 6]
    assert line_of(text, "a", "nothing") == 0


DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM node:22 AS build
RUN --mount=type=cache,target=/c npm ci && \\
    # why

    npm  run "a  b"
RUN <<EOF
FROM nothing
EOF
FROM nginx:1.27
COPY --from=build /x /y
"""


def test_dockerfiles_are_read_with_their_continued_lines() -> None:
    """Comments, blank lines and here-documents inside an instruction are its own."""
    found = read_dockerfile(DOCKERFILE)
    assert [(one.name, one.line) for one in found] == [
        *(("FROM", 2), ("RUN", 3), ("RUN", 7), ("FROM", 10), ("COPY", 11))
    ]
    assert found[1].flags == ("--mount=type=cache,target=/c",)
    assert found[1].value == 'npm ci && npm run "a  b"'
    assert found[2].body == "FROM nothing\nEOF\n"
    assert found[4].flags == ("--from=build",)


@pytest.mark.parametrize(
    ("text", "line"),
    [("FROM a\nFORM b\n", 2), ("FROM a\nRUN\n", 2), ("FROM a\nRUN <<EOF\nx\n", 2), ("FROM\n", 1)],
)
def test_instructions_that_are_none_are_refused(text: str, line: int) -> None:
    """A word that is no instruction, one without a value, and a text without an end."""
    with pytest.raises(FormatError) as caught:
        read_dockerfile(text)
    assert caught.value.line == line


def test_names_and_values_of_a_dockerfile_are_not_looked_up() -> None:
    """A variable of this process, or of the file, stays as it is written."""
    assert pairs(Instruction("ENV", "A=$HOME B='x y'", 1)) == (("A", "$HOME"), ("B", "x y"))
    assert pairs(Instruction("ENV", "A one two", 1)) == (("A", "one two"),)
    assert pairs(Instruction("ARG", "A B=1", 1)) == (("A", ""), ("B", "1"))
    with pytest.raises(FormatError):
        pairs(Instruction("ENV", "A=1 B", 1))


def test_reading_writes_and_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dockerfile or env file of the working folder is neither read nor written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKFLOW_SAMPLE", "from outside")
    read_dockerfile("FROM a\nENV A=$WORKFLOW_SAMPLE\n")
    (variable,) = read_env("A=${WORKFLOW_SAMPLE}\n").found
    assert variable.value == "${WORKFLOW_SAMPLE}"
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a list of names is all that is compared


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        ("*/5 0-23 1,15 jan-mar mon", ""),
        ("0 3 * * 7", ""),
        ("@daily", ""),
        ("@noon", "no such time"),
        ("60 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("0 0 L * *", "cron knows no L, W, # or ?"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("*/0 * * * *", "bad minute"),
        ("1" * 5_000 + " * * * *", "a field of more than 200 characters"),
    ],
)
def test_schedules_are_known(schedule: str, wrong: str) -> None:
    """Five fields or a name, each within its range."""
    assert wrong_schedule(schedule) == wrong


def test_a_crontab_is_read_line_by_line() -> None:
    """Commands, variables and lines that are neither; a user only where one is to be."""
    read = read_crontab("MAILTO=a\n# c\n0 3 * * * root /x y\n@daily root\n", has_user=True)
    assert [(one.schedule, one.user, one.command) for one in read.rows] == [
        ("0 3 * * *", "root", "/x y")
    ]
    assert read.variables == (("MAILTO", "a", 1),)
    assert [one.line for one in read.problems] == [4]
    (row,) = read_crontab("@daily root /x\n", has_user=False).rows
    assert (row.user, row.command) == ("", "root /x")


def test_env_files_are_read_without_showing_values() -> None:
    """Names, lines and bad lines; a value stands in no repr."""
    read = read_env("A=1\n\nexport B='x y'\nnot this\n")
    assert [(one.name, one.value, one.line) for one in read.found] == [
        ("A", "1", 1),
        ("B", "x y", 3),
    ]
    assert [one.line for one in read.problems] == [4]
    assert "x y" not in repr(read)


BOMB = "\n".join(
    ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_yaml, BOMB),
        (read_yaml, "- " * 60_000 + "a"),
        (read_yaml, "[" * 100_000),
        (read_yaml, "%TAG !a! b\n---\n"),
        (read_yaml, "a\n" * 200_000),
        (read_json, "[" * 100_000),
        (read_json, "[" * 100 + "]" * 100),
        (read_json, "[" + "1," * 60_000 + "1]"),
        (read_json, " " * 1_100_000 + "1"),
        (read_toml_tree, "a = " + "[" * 100 + "]" * 100),
        (read_toml_tree, "a." * 400_000 + "a = 1\n"),
        (read_ini, "[a]\n" + "x" + " " * 100_000 + "y"),
        (read_ini, "[a]\n" * 100_000),
        (read_dockerfile, "FROM a\nRUN x \\\n" + "y \\\n" * 5_000),
        (read_dockerfile, "FROM a\nRUN x" + " " * 50_000 + "y"),
        (read_env, "A=x" + " " * 60_000 + "y"),
        (read_env, "A=1\n" * 20_000),
        (lambda text: read_crontab(text, has_user=False), "* * * * * a\n" * 30_000),
    ],
    ids=lambda value: getattr(value, "__name__", "text"),
)
def test_what_takes_too_long_is_not_read(read: object, text: str) -> None:
    """Bombs, depth and size end at once, in little memory, as what they are."""
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert callable(read)
    with pytest.raises(UnboundedError):
        read(text)
    assert time.process_time() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


PIECES = st.sampled_from(
    [
        *"{}[]():;,.#'\"\\= \n\t&*-|>@%!?<$é1",
        *("a", "- ", "a: ", "&x ", "*x", "<<: ", "---\n", "[s]\n", "export ", "@daily "),
        *("FROM a\n", "RUN ", "<<EOF", "\\\n", "* * * * * "),
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in a text, each reader answers, or says that it is not of its format."""
    for read in (read_yaml, read_json, read_toml_tree, read_ini, read_dockerfile, read_env):
        with contextlib.suppress(FormatError):
            read(text)
    read_crontab(text, has_user=True)


def test_lists_are_trees_as_well() -> None:
    """A document need not be a mapping."""
    (tree,) = read_yaml("- a\n- b\n").documents
    assert isinstance(tree, Items)
    assert tree.size == 3
