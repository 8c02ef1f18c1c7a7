"""Reads the lines of a crontab; a library knows which schedules can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from workflow.semantics.formats.tree import (
    Problem,
    UnboundedError,
    refuse_long_gaps,
)

_MAX = 256 * 1024
_LONGEST_FIELD = 200
_FIELDS = 5
_NAMED = frozenset(
    ("@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
)
_VARIABLE = re.compile(r"""\s*(?:"([^"\n]*)"|'([^'\n]*)'|([A-Za-z_]\w*))\s*=""")
# What schedulers of other programs know, and cron does not.
_FOREIGN = re.compile(r"[L#W?]")
_MONTHS_AND_DAYS = re.compile(
    r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line that runs a command; `user` is empty in a person's own crontab."""

    line: int
    schedule: str
    user: str
    command: str


@dataclass(frozen=True, slots=True)
class Crontab:
    """What a crontab says: its commands, its variables with their lines, and bad lines."""

    rows: tuple[Row, ...]
    variables: tuple[tuple[str, str, int], ...]
    problems: tuple[Problem, ...]


def read_crontab(text: str, *, has_user: bool) -> Crontab:
    """Return what a crontab says; `has_user` is whether a user stands before each command.

    Raises `UnboundedError` for text that takes too long to read.
    """
    if len(text) > _MAX:
        message = f"larger than {_MAX:,} characters"
        raise UnboundedError(message)
    refuse_long_gaps(text)
    rows, variables, problems = [], [], []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if found := _VARIABLE.match(line):
            name = found[1] or found[2] or found[3] or ""
            variables.append((name, line[found.end() :].strip(), number))
            continue
        row = _row(number, bare, has_user=has_user)
        if isinstance(row, Problem):
            problems.append(row)
        else:
            rows.append(row)
    return Crontab(tuple(rows), tuple(variables), tuple(problems))


def _row(number: int, text: str, *, has_user: bool) -> Row | Problem:
    is_named = text.startswith("@")
    count = 1 if is_named else _FIELDS
    words = text.split(maxsplit=count + has_user)
    if len(words) <= count + has_user:
        lacks = "a user and a command" if has_user else "a command"
        what = f"fewer than {count} fields of time, or without {lacks}"
        mend = "write minute, hour, day, month, weekday, " + ("user, " if has_user else "")
        return Problem(number, what, f"{mend}command")
    schedule = " ".join(words[:count])
    if wrong := wrong_schedule(schedule):
        return Problem(number, f"{wrong}: {schedule[:80]}", "correct the schedule")
    return Row(number, schedule, words[count] if has_user else "", words[-1])


def wrong_schedule(schedule: str) -> str:
    """Return what is wrong with a schedule of five fields, or a name such as `@daily`."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - for crontabs alone

    if schedule.startswith("@"):
        return "" if schedule.lower() in _NAMED else "no such time"
    fields = schedule.split()
    if max(map(len, fields)) > _LONGEST_FIELD:
        return f"a field of more than {_LONGEST_FIELD} characters"
    if any(_FOREIGN.search(_MONTHS_AND_DAYS.sub("", field).upper()) for field in fields):
        return "cron knows no L, W, # or ?"
    # A `~` is a random time in some crons, and an error in others: it is read as a range.
    try:
        CronSim(schedule.replace("~", "-"), datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        return str(error)[:1].lower() + str(error)[1:]
    return ""
