"""What changes in a Dockerfile: stages and instructions; continued lines are one."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

from workflow.semantics.changes.interface import Effect, SemanticChange, change
from workflow.semantics.changes.told import HIDDEN, is_hidden
from workflow.semantics.formats.dockerfile import image_of, pairs, read_dockerfile

_NAMED = frozenset(("ENV", "ARG", "LABEL"))
_MOST_PAIRS = 40_000


class _Said(NamedTuple):
    """One instruction; `key` is the name that an `ENV`, `ARG` or `LABEL` gives a value to."""

    name: str
    key: str
    value: str


def dockerfile_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two Dockerfiles, stage by stage."""
    old, new = _stages(before), _stages(after)
    found: list[SemanticChange] = []
    for stage, rows in new.items():
        found += _compared(stage, old.get(stage, []), rows)
    for stage, rows in old.items():
        if stage not in new:
            found += _compared(stage, rows, [])
    kept = [stage for stage in new if stage in old]
    if kept != [stage for stage in old if stage in new]:
        found.append(change(Effect.CHANGED, "the order of stages", ""))
    return found


def _stages(text: str) -> dict[str, list[_Said]]:
    """Return the instructions of each stage, by its name or number; before the first is none."""
    found: dict[str, list[_Said]] = {}
    stage, number = "", 0
    for one in read_dockerfile(text):
        if one.name == "FROM":
            number += 1
            image, named = image_of(one)
            stage = named or f"stage {number}"
            if stage in found:
                stage = f"{stage} ({number})"
            found.setdefault(stage, []).append(_Said("FROM", "", " ".join([*one.flags, image])))
        elif one.name in _NAMED:
            said = found.setdefault(stage, [])
            said += [_Said(one.name, key, value) for key, value in pairs(one)]
        else:
            value = " ".join([*one.flags, one.value])
            body = f"\n{one.body}" if one.body else ""
            found.setdefault(stage, []).append(_Said(one.name, "", value + body))
    return found


def _compared(stage: str, old: list[_Said], new: list[_Said]) -> list[SemanticChange]:
    """Return what differs in a stage; the order of instructions counts."""
    if len(old) * len(new) > _MOST_PAIRS:
        where = f" of {stage}" if stage else ""
        return [change(Effect.CHANGED, f"instructions{where}", "")] if old != new else []
    gone: list[_Said] = []
    come: list[_Said] = []
    found: list[SemanticChange] = []
    for code, begin, end, first, last in SequenceMatcher(None, old, new, False).get_opcodes():
        if code != "equal":
            gone += old[begin:end]
            come += new[first:last]
    for one in list(come):
        if one in gone:
            gone.remove(one)
            come.remove(one)
            found.append(change(Effect.MOVED, _thing(one, stage), "", _value(one)))
    for one in come:
        twin = next((was for was in gone if (was.name, was.key) == (one.name, one.key)), None)
        if twin is None:
            found.append(change(Effect.ADDED, _thing(one, stage), "", _value(one)))
            continue
        gone.remove(twin)
        found.append(change(Effect.CHANGED, _thing(one, stage), "", _turned(twin, one)))
    return found + [change(Effect.REMOVED, _thing(one, stage), "", _value(one)) for one in gone]


def _turned(old: _Said, new: _Said) -> str:
    was, now = _value(old), _value(new)
    return f"{was} → {now}" if was != now else was


def _thing(one: _Said, stage: str) -> str:
    name = f"{one.name} {one.key}" if one.key else one.name
    return f"{name} of {stage}" if stage else name


def _value(one: _Said) -> str:
    # A build's command may hold a secret in the midst of other words.
    return HIDDEN if is_hidden(one.key, one.value) else one.value
