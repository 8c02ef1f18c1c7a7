"""Faults that lie in how a unit is written: systemd reads on, and does not do what it seems to."""

from __future__ import annotations

import difflib
import re
from itertools import islice
from typing import TYPE_CHECKING

from workflow.gates.systemd.commands import EXEC, starts
from workflow.gates.systemd.fault import Fault, at
from workflow.semantics.systemd.keys import (
    DEPENDENCIES,
    is_single,
    keys,
    sections,
    sections_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workflow.gates.systemd.units import Unit
    from workflow.semantics.systemd import Assignment, UnitFile

# Faults of one kind that are told of one file: similar words are looked for in each.
_MOST = 20
_COMMENT = re.compile(r"\s[#;]\s*\S")
_SHELL = frozenset(("&&", "||", "|", ">", ">>", "<", "2>&1", "2>", "&", "&>"))
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "busybox"))
_BACKSLASH = re.compile(r"\\[ \t]+$")
# Values that are free text, in which a hash is no sign of a comment.
_TEXT = frozenset(("Description", "Documentation", "StatusText"))


def faults(unit: Unit, texts: dict[str, str]) -> Iterator[Fault]:
    """Yield the faults of a unit's files; `texts` are their contents by path."""
    for path, file in unit.files.items():
        yield from islice(_headers(unit, path, file), _MOST)
        yield from islice((bad for one in file.assignments for bad in _key(unit, one)), _MOST)
        for one in file.assignments:
            yield from _value(unit, one)
        yield from _repeats(unit, file)
        yield from _resets(unit, file)
        yield from _lines(unit, path, texts.get(path, ""))
    yield from _shells(unit)


def _headers(unit: Unit, path: str, file: UnitFile) -> Iterator[Fault]:
    for line, name in file.headers:
        if name in sections() or name.startswith("X-"):
            if name not in {"Unit", "Install", unit.section} and name in sections():
                cause = f"[{name}] has no effect in a {unit.section.lower()} unit"
                yield Fault("foreign-section", path, line, cause, ("foreign", unit.name, name))
            continue
        near = _near(name, sections())
        cause = f"systemd knows no section [{name}] and leaves out all of it"
        key = ("unknown-section", unit.name, name)
        yield Fault("unknown-section", path, line, cause, key, near and f"write [{near}]")
    for line, words in file.strays:
        cause = f"systemd ignores the line {words[:60]!r}: it is no `Key=value` of a section"
        yield Fault("stray-line", path, line, cause, ("stray-line", unit.name, words))


def _key(unit: Unit, one: Assignment) -> Iterator[Fault]:
    """Yield what is wrong with a key in its section."""
    if one.section not in sections() or one.key.startswith("X-"):
        return
    if one.key in keys(one.section):
        return
    fitting = [name for name in sections_of(one.key) if name in {"Unit", "Install", unit.section}]
    if fitting:
        cause = f"{one.key}= is ignored in [{one.section}]: it belongs to [{fitting[0]}]"
        fix = f"move it to [{fitting[0]}]"
        yield at("wrong-section", unit, one, cause, fix=fix)
        return
    near = _near(one.key, keys(one.section))
    cause = f"systemd knows no {one.key}= in [{one.section}] and ignores it"
    yield at("unknown-key", unit, one, cause, fix=near and f"write {near}=")


def _near(name: str, names: Collection[str]) -> str:
    """Return the known name that was probably meant; empty without one."""
    folded = {one.lower(): one for one in sorted(names)}
    found = difflib.get_close_matches(name[:80].lower(), folded, n=1, cutoff=0.8)
    return folded[found[0]] if found else ""


def _value(unit: Unit, one: Assignment) -> Iterator[Fault]:
    if one.key not in _TEXT and (found := _COMMENT.search(one.value)) and "'" not in one.value:
        said = one.value[found.start() :].strip()[:40]
        if '"' not in one.value and not (one.key in EXEC and said.startswith(";")):
            cause = f"{said!r} is no comment: it is a part of the value of {one.key}="
            yield at("inline-comment", unit, one, cause, fix="put the comment on a line of its own")
    for line in one.joined:
        key, equals, _ = line.partition("=")
        if equals and key in keys(one.section) and key[:1].isupper():
            cause = f"the backslash before it makes {key}= a part of the value of {one.key}="
            yield at("joined-line", unit, one, cause, fix="remove the backslash")


def _repeats(unit: Unit, file: UnitFile) -> Iterator[Fault]:
    """Yield settings of one value that a later line of the same file overrides."""
    seen: dict[tuple[str, str], Assignment] = {}
    for one in file.assignments:
        place = (one.section, one.key)
        was = seen.get(place)
        if was and is_single(*place) and was.value and was.value != one.value:
            cause = f"{one.key}= stands in line {was.line}, too: {was.value[:60]!r} has no effect"
            yield at("repeated-key", unit, one, cause, fix="keep one of the two")
        seen[place] = one
    variables: dict[str, tuple[str, Assignment]] = {}
    for one in file.assignments:
        if one.key != "Environment":
            continue
        if not one.value:
            variables.clear()
        for name, value in re.findall(r"(?:^|[\s\"'])([A-Za-z_]\w*)=(\S*)", one.value):
            if name in variables and variables[name][0] != value:
                was = variables[name][1]
                cause = f"the variable {name} is set in line {was.line}, too; this one counts"
                key = ("repeated-variable", unit.name, name)
                yield Fault("repeated-variable", one.path, one.line, cause, key, "keep one")
            variables[name] = (value, one)


def _resets(unit: Unit, file: UnitFile) -> Iterator[Fault]:
    """Yield empty settings that drop what is set above them, or that clear nothing."""
    seen: dict[tuple[str, str], list[Assignment]] = {}
    for one in file.assignments:
        values = seen.setdefault((one.section, one.key), [])
        if one.value:
            values.append(one)
        elif one.key in DEPENDENCIES:
            cause = f"an empty {one.key}= clears nothing: dependencies can only be added"
            yield at("reset-without-effect", unit, one, cause, fix="mend the unit's own file")
        elif values and not is_single(one.section, one.key):
            lines = ", ".join(str(value.line) for value in values[:5])
            cause = f"this empty {one.key}= drops what is set in line {lines}"
            key = ("lost-by-reset", unit.name, one.key, *(value.value for value in values))
            fix = "remove the empty line, or the lines above it"
            yield Fault("lost-by-reset", one.path, one.line, cause, key, fix)
            values.clear()


def _lines(unit: Unit, path: str, text: str) -> Iterator[Fault]:
    for number, line in enumerate(text.split("\n"), 1):
        if _BACKSLASH.search(line.rstrip("\r")[-200:]) and not line.lstrip().startswith(("#", ";")):
            cause = "a blank behind the backslash ends the value here: the next line is not joined"
            key = ("broken-continuation", unit.name, line.strip())
            yield Fault("broken-continuation", path, number, cause, key, "remove the blank")


def _shells(unit: Unit) -> Iterator[Fault]:
    """Yield commands with signs that only a shell understands."""
    for start in starts(unit):
        sign = next((word for word in start.argv[1:] if word in _SHELL), "")
        if sign and start.program.rpartition("/")[2] not in _SHELLS:
            cause = f"there is no shell: {start.name} gets {sign!r} as an argument"
            fix = "use /bin/sh -c '…', or settings of systemd such as StandardOutput="
            yield at("no-shell", unit, start.setting, cause, fix=fix)
