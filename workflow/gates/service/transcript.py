"""What was asked and answered, as text for a person: kept as evidence of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.service.checks import Check
    from workflow.gates.service.exchange import Probe, Said

_MAX_BODY = 2000
_SECRET = {"set-cookie", "authorization", "www-authenticate"}


def transcript(checks: Sequence[Check], probe: Probe) -> bytes:
    """Return every request with its answers, in order; bodies are cut, cookies are not shown."""
    return "\n".join(_lines(checks, probe)).encode("utf-8", "backslashreplace") + b"\n"


def _lines(checks: Sequence[Check], probe: Probe) -> Iterator[str]:
    if probe.started_ms is not None:
        yield f"the service was up after {probe.started_ms} ms"
    if probe.problem:
        yield f"problem: {one_line(probe.problem)}"
    for (turn, place), said in sorted(probe.said.items()):
        check = checks[place]
        yield ""
        again = " (second time)" if turn else ""
        yield f"> {one_line(check.name)}{again}"
        size = len(check.body) + check.pad
        sent = f", {size} bytes" if size else ""
        yield f"> {check.method} {one_line(check.path)}{sent}"
        if not turn:
            yield from (f"> {name}: {one_line(value)}" for name, value in check.headers)
            if check.body:
                yield f"> {one_line(check.body[:_MAX_BODY], _MAX_BODY)}"
        yield from _answer(said)


def _answer(said: Said) -> Iterator[str]:
    answer = said.answer
    if answer is None:
        yield f"< {one_line(said.why)}"
        return
    yield f"< {answer.status} after {answer.ms} ms, {said.size} bytes"
    for name, value in answer.headers:
        yield f"< {name}: {'…' if name in _SECRET else one_line(value)}"
    if answer.body:
        yield f"< {one_line(answer.body[:_MAX_BODY], _MAX_BODY)}"
