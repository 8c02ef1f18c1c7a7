"""Runs probes one after the other, each until it passes or its tries are over."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from workflow.probes import command, http
from workflow.probes.interface import CommandCheck, HttpCheck, ProbeResult
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.probes.http import Answer
    from workflow.probes.interface import Means, Probe
    from workflow.process import Ran

MOST_S = 900.0
"""How long all probes of a landing may take together."""
_MOST_LINE = 200
_MOST_LOG = 64 * 1024
_MOST_OUT = 24 * 1024


@dataclass(frozen=True, slots=True)
class _Try:
    """How one try ended: a line that says why, and what there is to read about it."""

    is_passed: bool
    summary: str
    log: bytes


def run(
    probes: Sequence[Probe],
    means: Means,
    *,
    tell: Callable[[str], None],
    budget_s: float = MOST_S,
) -> tuple[ProbeResult, ...]:
    """One result for each probe, in their order; a probe that could not be asked has not passed.

    `tell` hears which probe runs.  When `budget_s` seconds are over, no further try begins.
    """
    ends = time.monotonic() + budget_s
    return tuple(_result(probe, means, tell, ends) for probe in probes)


def _result(probe: Probe, means: Means, tell: Callable[[str], None], ends: float) -> ProbeResult:
    """Try until it passes, the tries are over, or the time is."""
    started = time.monotonic()
    attempts = 0
    last = _Try(
        is_passed=False, summary="it was not asked: the time for all probes is over", log=b""
    )
    while attempts < probe.tries:
        if attempts:
            time.sleep(min(probe.wait_s, max(0.0, ends - time.monotonic())))
        left = ends - time.monotonic()
        if left <= 0:
            break
        attempts += 1
        tell(f"{probe.name}, try {attempts} of {probe.tries}" if attempts > 1 else probe.name)
        last = _try(probe, means, min(probe.timeout_s, left))
        if last.is_passed:
            break
    # Kept first: the vault takes in what this repository holds when the first log comes.
    log = means.keep(last.log[:_MOST_LOG])
    return ProbeResult(
        name=probe.name,
        is_passed=last.is_passed,
        summary=means.seal(last.summary),
        seconds=round(time.monotonic() - started, 3),
        attempts=attempts,
        log=log,
    )


def _try(probe: Probe, means: Means, timeout_s: float) -> _Try:
    match probe.check:
        case HttpCheck():
            return _asked(probe.check, timeout_s)
        case CommandCheck():
            return _called(probe.check, means, timeout_s)
        case _:
            assert_never(probe.check)


# --- over HTTP ------------------------------------------------------------------------------------


def _asked(check: HttpCheck, timeout_s: float) -> _Try:
    asked = f"GET {check.url}\n"
    try:
        answer = http.ask(check, timeout_s)
    except http.NoAnswerError as error:
        said = _line(str(error))
        return _Try(is_passed=False, summary=said, log=f"{asked}{said}\n".encode())
    said = _against(check, answer)
    lines = [f"HTTP {answer.status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    head = asked + "\n".join(lines) + "\n\n"
    passed = f"status {answer.status}" + (", with the text" if check.contains else "")
    log = head.encode("utf-8", "backslashreplace") + answer.body
    return _Try(is_passed=not said, summary=said or passed, log=log)


def _against(check: HttpCheck, answer: Answer) -> str:
    """What speaks against an answer, or nothing."""
    if answer.status != check.status:
        return f"status {answer.status}, and {check.status} is expected"
    if check.contains.encode() in answer.body:
        return ""
    where = "the body" if answer.is_whole else f"the first {http.MOST_BODY:,} bytes of the body"
    return f"status {answer.status}, but {where} does not hold the text that is expected"


# --- commands -------------------------------------------------------------------------------------


def _called(check: CommandCheck, means: Means, timeout_s: float) -> _Try:
    asked = f"$ {shlex.join(check.argv)}\n"
    try:
        ran = command.run(check, means.folder, timeout_s)
    except command.NotRunError as error:
        said = _line(str(error))
        return _Try(is_passed=False, summary=said, log=f"{asked}{said}\n".encode())
    log = (
        asked.encode("utf-8", "backslashreplace") + ran.stdout[:_MOST_OUT] + ran.stderr[-_MOST_OUT:]
    )
    return _Try(is_passed=ran.is_ok, summary=_ended(ran, timeout_s), log=log)


def _ended(ran: Ran, timeout_s: float) -> str:
    """How a command ended, with the last line that it said of a failure."""
    if ran.is_ok:
        return "exit status 0"
    if ran.timed_out:
        end = f"still running after {timeout_s:.3g} s"
    elif ran.truncated:
        end = f"it wrote over {command.MOST_OUTPUT:,} bytes"
    elif ran.exit_status is not None and ran.exit_status < 0:
        end = f"ended by signal {-ran.exit_status}"
    else:
        end = f"exit status {ran.exit_status}"
    said = [line for line in (ran.stderr or ran.stdout)[-_MOST_LOG:].splitlines() if line.strip()]
    return f"{end}: {_line(said[-1].decode('utf-8', 'replace'))}" if said else end


def _line(text: str) -> str:
    whole = one_line(text)
    return whole if len(whole) <= _MOST_LINE else whole[: _MOST_LINE - 1] + "…"
