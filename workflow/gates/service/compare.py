"""Holds the answers of both trees against each other and against what is expected: on the host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.service.checks import Kind
from workflow.gates.service.exchange import TURNS, Said
from workflow.gates.service.facts import STATUS, facts, shape
from workflow.gates.text import listed, one_line
from workflow.types import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.service.answers import Answer, Json
    from workflow.gates.service.checks import Check, Expect
    from workflow.gates.service.exchange import Probe

_NOT_ASKED = Said(None, "it was not asked")
_ABSENT = {404, 405}
_NEEDS_OTHERS = {502, 503, 504}
_GUARDS = frozenset(
    f"header {name}"
    for name in (
        *("strict-transport-security", "content-security-policy", "x-frame-options"),
        *("x-content-type-options", "referrer-policy", "permissions-policy"),
        *("cross-origin-opener-policy", "cross-origin-resource-policy", "www-authenticate"),
    )
)
_MOST_LOST = 100
_ORIGINS = "header access-control-allow-origin"


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of one check.

    `fault` says what is wrong on the patched tree, if that is to be held against the change.
    `differences` say what is answered otherwise, and `doubts` what a person should look at.
    `is_proof` says that the change is needed for it: what is expected, or accepted, was not before.
    """

    check: Check
    turn: Turn
    fault: str = ""
    differences: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    is_proof: bool = False


def compared(checks: Sequence[Check], base: Probe | None, patched: Probe) -> tuple[Compared, ...]:
    """Compare check by check; without a base, or where it did not come up, there is nothing before.

    What the base answered to nothing is as little held against the change as what it answered just
    as wrong, unless the check says what is expected.
    """
    before = base if base and base.is_up else None
    return tuple(
        _compared(check, _turns(before, place) if before else None, _turns(patched, place))
        for place, check in enumerate(checks)
    )


def _turns(probe: Probe, place: int) -> tuple[Said, ...]:
    return tuple(probe.said.get((turn, place), _NOT_ASKED) for turn in range(TURNS))


def _compared(check: Check, before: tuple[Said, ...] | None, after: tuple[Said, ...]) -> Compared:
    old = [_fault(check, said) for said in before or ()]
    new = [_fault(check, said) for said in after]
    # A second answer counts where the base gives both: to make a thing twice may well be refused.
    fault = new[0] or _too_slow(check, after) or (new[1] if old and not any(old) else "")
    was_fault = bool(before and (old[0] or _too_slow(check, before)))
    turn = _turn(check, before[0] if before else None, after[0], (was_fault, bool(fault)))
    doubts = list(_doubts(check, before[0] if before else None, after[0]))
    doubts += _losses(check, before, after[0]) if before else []
    if not fault and new[1]:
        doubts.append(f"{_name(check)}: another answer to the second request: {new[1]}")
    if fault and _is_excused(check, turn, after[0]):
        doubts.append(f"{_name(check)}: {fault}: is there something that it needs and lacks here?")
        fault = ""
    if turn is Turn.FAIL_TO_FAIL and check.expect is None:
        fault = ""
    told = tuple(_differences(check, before, after)) if before else (_first(check, after[0]),)
    is_good = check.expect is not None or (check.kind is Kind.FITTING and _is_accepted(after[0]))
    is_proof = is_good and not fault and not doubts and turn in {Turn.FAIL_TO_PASS, Turn.NEW_PASS}
    return Compared(check, turn, fault, told, tuple(doubts), is_proof)


def _turn(check: Check, before: Said | None, after: Said, faults: tuple[bool, bool]) -> Turn:
    """Return what became of a check; `faults` says whether each tree has one."""
    was_fault, is_fault = faults
    is_route = check.kind is Kind.FITTING and before is not None
    was_absent = before is not None and is_route and _is_absent(check, before)
    is_absent = is_route and _is_absent(check, after)
    if before is None or (was_absent and not is_absent):
        return Turn.NEW_FAIL if is_fault else Turn.NEW_PASS
    if is_absent and not was_absent:
        return Turn.REMOVED
    # What a model describes and the base refused is as good as a failure, once it is taken.
    was_refused = is_route and not _is_accepted(before) and _is_accepted(after)
    if was_fault or was_refused:
        return Turn.FAIL_TO_FAIL if is_fault else Turn.FAIL_TO_PASS
    return Turn.PASS_TO_FAIL if is_fault else Turn.PASS_TO_PASS


def _is_accepted(said: Said) -> bool:
    return said.answer is not None and said.answer.status < 400  # noqa: PLR2004 - RFC 9110


def _is_absent(check: Check, said: Said) -> bool:
    """Whether an answer says that there is no such route; that is what a wrong method is told."""
    absent = _ABSENT if check.kind is Kind.FITTING else {404}
    return said.answer is not None and said.answer.status in absent


def _is_excused(check: Check, turn: Turn, said: Said) -> bool:
    """Whether a new route only says that what stands behind it is not there."""
    is_derived = check.expect is None and turn is Turn.NEW_FAIL
    return is_derived and said.answer is not None and said.answer.status in _NEEDS_OTHERS


# --- what is expected ----------------------------------------------------------------------------


def _fault(check: Check, said: Said) -> str:
    """Return what is wrong with an answer, but for the time that it took."""
    answer = said.answer
    if answer is None:
        return said.why
    if check.expect is None or check.expect.status is None:
        if answer.status >= 500:  # noqa: PLR2004 - RFC 9110: the server's own errors
            return f"answered with {answer.status}"
    elif answer.status != check.expect.status:
        return f"answered with {answer.status}, expected was {check.expect.status}"
    return next(_misses(check.expect, answer), "") if check.expect else ""


def _misses(expect: Expect, answer: Answer) -> Iterator[str]:
    for name, value in expect.headers:
        given = answer.header(name)
        if given is None:
            yield f"the header {name} is missing"
        elif given != value:
            yield f"the header {name} is another one: {one_line(given, 80)}"
    if expect.contains and expect.contains.encode() not in answer.body:
        yield "the body does not contain what is expected"
    if expect.json:
        try:
            holds = _contains(answer.json, json.loads(expect.json))
        except ValueError:
            yield "the body is no JSON"
        else:
            if not holds:
                yield "the JSON in the body is not what is expected"


def _contains(given: Json, wanted: Json) -> bool:
    """Whether a document has all that is wanted; the wanted one, ours, decides how deep we look."""
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            return False
        return all(key in given and _contains(given[key], one) for key, one in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(given, list) or len(given) != len(wanted):
            return False
        return all(map(_contains, given, wanted))
    # In JSON `true` is no number, in Python it is 1.
    return given == wanted and isinstance(given, bool) == isinstance(wanted, bool)


def _too_slow(check: Check, after: tuple[Said, ...]) -> str:
    most = check.expect.max_ms if check.expect else None
    times = [said.answer.ms for said in after if said.answer]
    if most is None or not times or min(times) <= most:
        return ""
    return f"answered in {min(times)} ms, expected were {most} ms at most"


# --- what differs --------------------------------------------------------------------------------


def _differences(check: Check, before: tuple[Said, ...], after: tuple[Said, ...]) -> Iterator[str]:
    """Say what is answered otherwise; of what is never the same on the base nothing is said."""
    old, new = [facts(said) for said in before], [facts(said) for said in after]
    passing = {key for key in {*old[0], *old[1]} if old[0].get(key) != old[1].get(key)}
    told = set()
    for turn, (was, now) in enumerate(zip(old, new, strict=True)):
        names = sorted({*was, *now}, key=lambda name: (name != STATUS, name))
        # Another status makes another answer altogether.
        if was.get(STATUS) != now.get(STATUS):
            names = [STATUS]
        for name in names:
            is_same = was.get(name) == now.get(name)
            if is_same or name in told or (name in passing and name != STATUS):
                continue
            told.add(name)
            again = " (second request)" if turn else ""
            yield f"{_name(check)}{again}: {name}: {_of(was, name)} -> {_of(now, name)}"


def _first(check: Check, said: Said) -> str:
    """Say what is answered where there is nothing to compare it with."""
    answer = said.answer
    return f"{_name(check)}: {said.why if answer is None else f'answered with {answer.status}'}"


def _of(found: dict[str, str], name: str) -> str:
    return found.get(name, "none")


def _doubts(check: Check, before: Said | None, after: Said) -> Iterator[str]:
    """Say what a person should have wanted: what is new and taken, or is taken otherwise."""
    new, name = after.answer, _name(check)
    if new is None:
        return
    if before is None or _is_absent(check, before):
        if check.kind is Kind.UNFIT and check.body and _is_accepted(after):
            yield f"{name}: is new, and accepted"
        return
    if before.answer is None:
        return
    was, now = before.answer.status, new.status
    if check.kind is Kind.UNFIT and 400 <= was < 500 and now < 400:  # noqa: PLR2004 - RFC 9110
        yield f"{name}: was refused with {was}, is answered with {now}"
    if check.kind is Kind.FITTING and was < 400 <= now < 500:  # noqa: PLR2004 - RFC 9110
        yield f"{name}: was answered with {was}, is refused with {now}"
    first, second = facts(before), facts(after)
    for header in sorted(_GUARDS & first.keys() - second.keys()):
        yield f"{name}: the {header} is gone"
    if second.get(_ORIGINS) == "*" and first.get(_ORIGINS) != "*":
        yield f"{name}: every origin may read the answer now"


def _losses(check: Check, before: tuple[Said, ...], after: Said) -> Iterator[str]:
    """Say what an answer has no more, or has as something else, though nothing was refused.

    What is not in both answers of the base may come and go.
    """
    accepted = all(_is_accepted(said) for said in (*before, after))
    if check.kind is Kind.UNFIT or not accepted:
        return
    (first, second), now = map(shape, before), shape(after)
    lost: list[str] = []
    other: list[str] = []
    told: tuple[str, ...] = ()
    for place in sorted(first.keys() & second.keys()):
        # Of what is gone or is something else altogether, nothing in it is told.
        if place.startswith(told) or len(told) > _MOST_LOST:
            continue
        was = first[place] | second[place]
        if place not in now:
            lost.append(place)
        elif was.isdisjoint(now[place]) and was != {"null"}:
            other.append(f"{place} is {_any(now[place])}, was {_any(was)}")
        else:
            continue
        told = (*told, f"{place}.", f"{place}[")
    if lost:
        yield f"{_name(check)}: the answer has no more {listed(lost)}"
    if other:
        yield f"{_name(check)}: {listed(other)}"


def _any(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))


def _name(check: Check) -> str:
    return one_line(check.name, 120)
