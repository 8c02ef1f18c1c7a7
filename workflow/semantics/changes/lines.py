"""What changes in files of lines: crontabs and env files."""

from __future__ import annotations

from workflow.semantics.changes.interface import Effect, SemanticChange, change
from workflow.semantics.changes.told import HIDDEN, is_hidden
from workflow.semantics.formats import FormatError
from workflow.semantics.formats.crontab import read_crontab
from workflow.semantics.formats.env_text import read_env


def crontab_changes(before: str, after: str, *, has_user: bool) -> list[SemanticChange]:
    """Return which commands run at other times, as other users, or with other variables."""
    (old, was), (new, now) = (_crontab(text, has_user=has_user) for text in (before, after))
    found = []
    for command in [*new, *(one for one in old if one not in new)]:
        times = old.get(command, ""), new.get(command, "")
        if times[0] == times[1]:
            continue
        effect = _effect(command, old, new)
        detail = " → ".join(times) if effect is Effect.CHANGED else times[0] or times[1]
        name = HIDDEN if is_hidden("", command) else command
        found.append(change(effect, "scheduled command", name, detail))
    return found + _variables(was, now)


def env_changes(before: str, after: str) -> list[SemanticChange]:
    """Return which names are new, gone or have another value; the values are never told."""
    tables = []
    for text in (before, after):
        read = read_env(text)
        if read.problems:
            line = read.problems[0].line
            message = f"line {line}: {read.problems[0].message}"
            raise FormatError(message, line)
        tables.append({one.name: one.value for one in read.found})
    old, new = tables
    names = [*new, *(name for name in old if name not in new)]
    return [
        change(_effect(name, old, new), "variable", name)
        for name in names
        if old.get(name) != new.get(name)
    ]


def _crontab(text: str, *, has_user: bool) -> tuple[dict[str, str], dict[str, str]]:
    read = read_crontab(text, has_user=has_user)
    if read.problems:
        line = read.problems[0].line
        message = f"line {line}: {read.problems[0].message}"
        raise FormatError(message, line)
    times: dict[str, list[str]] = {}
    for row in read.rows:
        times.setdefault(f"{row.user} {row.command}".strip(), []).append(row.schedule)
    rows = {name: " and ".join(schedules) for name, schedules in times.items()}
    return rows, {name: value for name, value, _ in read.variables}


def _variables(old: dict[str, str], new: dict[str, str]) -> list[SemanticChange]:
    found = []
    for name in [*new, *(one for one in old if one not in new)]:
        was, now = old.get(name, ""), new.get(name, "")
        if old.get(name) == new.get(name):
            continue
        effect = _effect(name, old, new)
        if is_hidden(name, was) or is_hidden(name, now):
            detail = HIDDEN
        else:
            detail = f"{was} → {now}" if effect is Effect.CHANGED else was or now
        found.append(change(effect, "variable", name, detail))
    return found


def _effect(name: str, old: dict[str, str], new: dict[str, str]) -> Effect:
    if name not in old:
        return Effect.ADDED
    return Effect.CHANGED if name in new else Effect.REMOVED
