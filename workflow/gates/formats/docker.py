"""What a Dockerfile needs beside its syntax: a first image, stages and files that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.changes.told import is_hidden
from workflow.semantics.formats import FormatError, Problem
from workflow.semantics.formats.dockerfile import image_of, pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.formats.places import Places
    from workflow.semantics.formats.dockerfile import Instruction
    from workflow.types import RepoPath

_JSON_WORDS = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_NEEDS_TWO = 2
_MOST_WORDS = 50
_MOST_LEVELS = 8
_SCRATCH = "scratch"


def docker_problems(
    rows: Sequence[Instruction], path: RepoPath, places: Places
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return what is wrong with a Dockerfile, and what a person should look at."""
    problems: list[Problem] = []
    doubts: list[Problem] = []
    stages: list[str] = []
    if not any(one.name == "FROM" for one in rows):
        return (Problem(1, "there is no FROM", "name the image that it starts from"),), ()
    for one in rows:
        if one.name == "FROM":
            doubts += _image(one, stages)
            stages.append(image_of(one)[1].lower())
        elif not stages and one.name != "ARG":
            message = f"{one.name} stands before the first FROM"
            problems.append(Problem(one.line, message, "move it below"))
        elif one.name in {"COPY", "ADD"}:
            said = _copied(one, path, places, stages)
            problems += said[0]
            doubts += said[1]
        elif one.name in {"ENV", "ARG"}:
            doubts += _secrets(one)
    return tuple(problems), tuple(doubts)


def _image(one: Instruction, stages: list[str]) -> list[Problem]:
    image = image_of(one)[0]
    if not image or image == _SCRATCH or "$" in image or image.lower() in stages or "@" in image:
        return []
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag not in {"", "latest"}:
        return []
    message = f"FROM {image[:80]} takes whichever image is the latest"
    return [Problem(one.line, message, "name a version, or a digest")]


def _secrets(one: Instruction) -> list[Problem]:
    """Return names with values that look secret: every layer shows them."""
    try:
        named = pairs(one)
    except FormatError as error:
        return [Problem(error.line, str(error), error.mend)]
    return [
        Problem(one.line, f"{one.name} {name[:80]} looks like a secret", "mount it while building")
        for name, value in named
        if value and "$" not in value and is_hidden(name, value)
    ]


def _copied(
    one: Instruction, path: RepoPath, places: Places, stages: list[str]
) -> tuple[list[Problem], list[Problem]]:
    source = next((flag.partition("=")[2] for flag in one.flags if flag.startswith("--from=")), "")
    if source:
        return _from_stage(one, source, stages)
    words = _JSON_WORDS.findall(one.value) if one.value.startswith("[") else one.value.split()
    if len(words) < _NEEDS_TWO and not one.body:
        message = f"{one.name} needs a source and a destination"
        return [Problem(one.line, message, "name where it goes")], []
    doubts = []
    for word in words[:-1][:_MOST_WORDS]:
        if word.startswith("<<"):
            continue
        if "://" in word or word.startswith("git@"):
            message = f"{one.name} fetches {word.partition('?')[0][:80]} while building"
            is_proven = any(flag.startswith("--checksum=") for flag in one.flags)
            if not is_proven:
                doubts.append(Problem(one.line, message, "give --checksum=, or copy a file"))
        elif not _is_there(word, path, places):
            message = f"{one.name} takes {word[:80]}, which the tree does not have"
            doubts.append(Problem(one.line, message, "see what the build's context is"))
    return [], doubts


def _is_there(word: str, path: RepoPath, places: Places) -> bool:
    """Whether a source is beside the Dockerfile, above it, or at the repository's top.

    The context of a build is named outside the file.
    """
    name = word.strip("\"'").lstrip("/") or "."
    folder, kind = path, type(path)
    for _ in range(_MOST_LEVELS):
        if places.matches(folder, name):
            return True
        if "/" not in folder:
            return False
        folder = kind(folder.rpartition("/")[0])
    return places.matches(kind(path.name), name)


def _from_stage(
    one: Instruction, source: str, stages: list[str]
) -> tuple[list[Problem], list[Problem]]:
    """See that a stage that is copied from comes before; what is no stage may be an image."""
    if source.isdigit():
        if int(source[:6]) < len(stages) - 1:
            return [], []
        message = f"{one.name} takes files from stage {source[:6]}, which does not come before"
        return [Problem(one.line, message, "name a stage above")], []
    if "$" in source or source.lower() in stages[:-1] or set(source) & set("/:@"):
        return [], []
    message = f"{one.name} takes files from {source[:80]}, which is no stage above"
    return [], [Problem(one.line, message, "see if an image of that name is meant")]
