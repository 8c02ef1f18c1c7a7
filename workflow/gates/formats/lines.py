"""What crontabs and env files need beside their syntax."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.formats import Problem

if TYPE_CHECKING:
    from workflow.semantics.formats.crontab import Crontab
    from workflow.semantics.formats.env_text import Variables
    from workflow.types import RepoPath

_PERCENT = re.compile(r"(?<!\\)%")
_BEFORE_NAME = re.compile(r"export\s")
_SPACED = re.compile(r"[^=\s]+(?:\s+=|\s*=[ \t]+\S)")
_Both = tuple[tuple[Problem, ...], tuple[Problem, ...]]


def crontab_problems(text: str, read: Crontab, path: RepoPath, *, has_user: bool) -> _Both:
    """Return what is wrong with a crontab, and what a person should look at."""
    problems, doubts = list(read.problems), []
    if text and not text.endswith("\n"):
        line = text.count("\n") + 1
        message = "the last line has no end, and cron leaves it out"
        problems.append(Problem(line, message, "end the file with a line feed"))
    for row in read.rows:
        if has_user and "/" in row.user:
            message = f"there is no user before the command {row.user[:80]}"
            problems.append(Problem(row.line, message, "name the user that runs it"))
        elif not has_user and row.command.startswith("root "):
            message = "the command begins with the word root: a crontab of one user names no user"
            doubts.append(Problem(row.line, message, "take it out, or move the file to cron.d"))
        if _PERCENT.search(row.command):
            message = "a % that is not escaped ends the command; the rest is its input"
            doubts.append(Problem(row.line, message, r"write \%"))
    for name, value, line in read.variables:
        if "$" in value:
            message = f"cron does not look variables up: {name[:80]} holds a $ as it stands"
            doubts.append(Problem(line, message, "write the value out"))
    if has_user and "cron.d" in path.parts[:-1] and "." in path.name:
        message = "cron passes over files of cron.d with a dot in their name"
        doubts.append(Problem(1, message, "take the dot out of the name"))
    return tuple(problems), tuple(doubts)


def env_problems(read: Variables) -> _Both:
    """Return what is wrong with an env file, and what a person should look at; no value is told."""
    problems, doubts = list(read.problems), []
    lines: dict[str, int] = {}
    for one in read.found:
        name = one.name[:80]
        if one.name in lines:
            message = f"{name} stands twice, first at line {lines[one.name]}: the last one counts"
            problems.append(Problem(one.line, message, "keep one of them"))
        lines.setdefault(one.name, one.line)
        if _BEFORE_NAME.match(one.text):
            message = f"{name} has export before it, which docker's env files do not take"
            doubts.append(Problem(one.line, message, "take it out if docker reads the file"))
        bare = _BEFORE_NAME.sub("", one.text, count=1)
        if _SPACED.match(bare):
            message = f"{name} has blanks around its =, which a shell and docker do not take"
            doubts.append(Problem(one.line, message, "take them out"))
        elif " " in one.value and _is_unquoted(bare):
            message = f"the value of {name} has blanks and no quotes: a shell takes its first word"
            doubts.append(Problem(one.line, message, "quote it"))
    return tuple(problems), tuple(doubts)


def _is_unquoted(text: str) -> bool:
    return text.partition("=")[2].lstrip()[:1] not in {"'", '"'}
