"""What was asked and answered, as text for a person: kept as evidence of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.nginx.live.asked import Request
    from workflow.gates.nginx.live.report import Answer, Report

_MAX_BODY = 500


def transcript(requests: Sequence[Request], report: Report) -> bytes:
    """Return every request with its answers, in order; bodies are cut."""
    return "\n".join(_lines(requests, report)).encode("utf-8", "backslashreplace") + b"\n"


def _lines(requests: Sequence[Request], report: Report) -> Iterator[str]:
    if report.started_ms is not None:
        yield f"nginx listened after {report.started_ms} ms"
    if report.problem:
        yield f"problem: {one_line(report.problem)}"
    for (turn, place), answer in sorted(report.answers.items()):
        request = requests[place]
        yield ""
        yield f"> {one_line(request.name)}{' (second time)' if turn else ''}"
        if not turn:
            yield from (f"> {name}: {one_line(value)}" for name, value in request.headers)
        yield from _answer(answer)


def _answer(answer: Answer) -> Iterator[str]:
    yield f"< {answer.told} after {answer.ms} ms, {answer.size} bytes, {answer.protocol}"
    yield from (f"< {one_line(name)}: {one_line(value)}" for name, value in answer.headers)
    if answer.body:
        yield f"< {one_line(answer.body[:_MAX_BODY], _MAX_BODY)}"
    for one in answer.upstream:
        yield f"  the upstream {one_line(one.name)} received {one.protocol}:"
        yield f"  > {one_line(one.method)} {one_line(one.target)}, {one.size} bytes"
        yield from (f"  > {one_line(name)}: {one_line(value)}" for name, value in one.headers)
