"""Looks at one content of a file: whether it parses, fits its schema, and names what is there."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.gates.formats import schema as schemas
from workflow.gates.formats.compose import compose_problems
from workflow.gates.formats.docker import docker_problems
from workflow.gates.formats.found import Found
from workflow.gates.formats.lines import crontab_problems, env_problems
from workflow.gates.formats.surprises import surprises
from workflow.semantics.formats import Format, FormatError, Problem, Scalar, Table
from workflow.semantics.formats.crontab import read_crontab
from workflow.semantics.formats.dockerfile import read_dockerfile
from workflow.semantics.formats.env_text import read_env
from workflow.semantics.formats.kinds import has_user_column
from workflow.semantics.formats.tree import UnboundedError

if TYPE_CHECKING:
    from workflow.gates.formats.places import Places
    from workflow.semantics.formats import Node, Read
    from workflow.types import RepoPath

_MAX_BYTES = 1024 * 1024
_MAX_SCHEMA = 256 * 1024
# `${{` is an expression of GitHub's workflows, which replace it after they have read the file.
_IN_WORDS = re.compile(r"(?<!\$)\{\{|\{%|<%")
_FLOW, _PROJECT = "GitHub workflow", "pyproject"
_LENIENT = re.compile(r" is no array\Z|\(minItems\)\Z| lacks matrix\Z")
# Python's reader refuses what stands twice; other programs of INI files count on it.
STRICT_INI = frozenset(
    ("setup.cfg", "tox.ini", "pytest.ini", "mypy.ini", ".flake8", ".coveragerc", "alembic.ini")
)
"""Files of Python's own INI format; others of that ending may be of another one."""


def is_template(text: str) -> bool:
    """Whether a text has what a template's engine replaces."""
    return _IN_WORDS.search(text) is not None


def look(path: RepoPath, kind: Format, data: bytes, places: Places) -> Found:
    """Return what a content of the file at `path` shows; never raises for what stands in it."""
    if len(data) > _MAX_BYTES:
        return Found(unread=Problem(0, "larger than 1 MiB"), is_bounded=True)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Found(unread=Problem(line, "not UTF-8", "save it as UTF-8"))
    try:
        return _looked(path, kind, text, places)
    except UnboundedError as error:
        return Found(unread=Problem(error.line, str(error)), is_bounded=True)
    except FormatError as error:
        return Found(unread=Problem(error.line, str(error), error.mend))


def _looked(path: RepoPath, kind: Format, text: str, places: Places) -> Found:
    match kind:
        case Format.DOCKERFILE:
            return Found(*docker_problems(read_dockerfile(text), path, places))
        case Format.CRONTAB:
            has_user = has_user_column(path)
            read = read_crontab(text, has_user=has_user)
            return Found(*crontab_problems(text, read, path, has_user=has_user))
        case Format.ENV:
            return Found(*env_problems(read_env(text)))
        case _:
            found = _read(kind, text)
    if kind is Format.INI:
        is_strict = path.name in STRICT_INI
        return Found(found.problems, ()) if is_strict else Found((), found.problems)
    return _document(path, kind, found, places, text)


def _read(kind: Format, text: str) -> Read:
    """Read a document of values, with the reader of its format alone loaded."""
    if kind is Format.JSON:
        from workflow.semantics.formats.json_text import read_json  # noqa: PLC0415 - see above

        return read_json(text)
    if kind is Format.TOML:
        from workflow.semantics.formats.toml_text import read_toml_tree  # noqa: PLC0415 - as above

        return read_toml_tree(text)
    if kind is Format.INI:
        from workflow.semantics.formats.ini_text import read_ini  # noqa: PLC0415 - as above

        return read_ini(text)
    from workflow.semantics.formats.yaml_text import read_yaml  # noqa: PLC0415 - loads PyYAML

    return read_yaml(text)


def _document(path: RepoPath, kind: Format, read: Read, places: Places, text: str) -> Found:
    """Look at documents of values."""
    problems = list(read.problems)
    doubts: list[Problem] = []
    name, notes = "", []
    if kind in {Format.YAML, Format.COMPOSE}:
        for one in read.documents:
            doubts += surprises(one)
    if len(read.documents) == 1:
        document = read.documents[0]
        try:
            name, found = _against_schema(path, kind, document, places)
            found = tuple(_with_line(one, kind, text) for one in found)
            loose = [one for one in found if _is_loose(name, one)]
            problems += (one for one in found if one not in loose)
            doubts += loose
        except schemas.UncheckedError as error:
            notes.append(f"{path} is not checked against its schema: {error}")
        if kind is Format.COMPOSE and isinstance(document, Table):
            both = compose_problems(document, path, places)
            problems += both[0]
            doubts += both[1]
    return Found(tuple(problems), tuple(doubts), name, notes=tuple(notes))


def _against_schema(
    path: RepoPath, kind: Format, document: Node, places: Places
) -> tuple[str, tuple[Problem, ...]]:
    """Return the name of the schema for a file, and what is wrong by it; both may be nothing."""
    if kind is Format.COMPOSE:
        return "compose", schemas.check("compose-spec", document)
    if kind is Format.YAML and path.parts[-3:-1] == (".github", "workflows"):
        return _FLOW, schemas.check("github-workflows", document)
    if path.name == "pyproject.toml":
        return _PROJECT, schemas.check("pyproject", document)
    named = document.get("$schema") if isinstance(document, Table) else None
    if not isinstance(named, Scalar) or "://" in named.text:
        return "", ()
    found = places.resolved(path, named.text.partition("#")[0])
    text = places.read(found, _MAX_SCHEMA) if found else None
    if text is None or found == path:
        return "", ()
    return posixpath.basename(named.text)[:80], schemas.check_own(text, document)


def _is_loose(schema: str, problem: Problem) -> bool:
    """Whether the program that reads the file is known to take what its schema does not.

    Builders of Python packages pass over keys of [project] that they do not know; GitHub takes one
    text for a list of it, an empty list, and a strategy without a matrix.
    """
    if schema == _PROJECT:
        return problem.is_extra
    return schema == _FLOW and _LENIENT.search(problem.message) is not None


def _with_line(problem: Problem, kind: Format, text: str) -> Problem:
    """Give a problem of TOML the line that its reader does not tell."""
    if kind is not Format.TOML or problem.line:
        return problem
    from workflow.semantics.formats.toml_text import line_of  # noqa: PLC0415 - as above

    words = problem.message.split(" ")
    keys = words[0].split(".")
    line = line_of(text, *keys, words[-1]) or line_of(text, *keys)
    return replace(problem, line=line)
