"""Reads what the driver reported of one run: strictly, for it comes from inside."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.gates.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.gates.nginx.live.asked import Request
    from workflow.process import Ran

_ERROR = re.compile(r"^[\d/]+ [\d:]+ \[(error|crit|alert|emerg)\] (?:\d+#\d+: )?(?:\*\d+ )?(.*)$")
_EMERGENCY = re.compile(
    r"^nginx: \[(?:emerg|alert)\] (.*)$|^[\d/]+ [\d:]+ \[(?:emerg|alert)\] [\d#]+: (.*)$"
)
_MAX_LINES = 2000
_MOST = 200
_CONTINUE = 100


@dataclass(frozen=True, slots=True)
class Received:
    """What an upstream received; `name` is its address as the configuration has it."""

    name: str
    protocol: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request.

    `end` is `answer`, or why there is none or only a part; then `status` may be 0.  `body` is its
    start, `size` and `digest` are of all of it.  `upstream` is what reached upstreams for it.
    """

    end: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    digest: str = ""
    protocol: str = ""
    tls: str = ""
    certificate: str = ""
    ms: int = 0
    upstream: tuple[Received, ...] = ()

    def header(self, name: str) -> str:
        """Return a header's values, joined as one; empty where it is not there."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def told(self) -> str:
        """The answer in a few words."""
        if not self.status:
            return one_line(self.end, 120)
        if self.status == _CONTINUE:
            return f"{self.status}, the body is wanted"
        end = "" if self.end == "answer" else f", {self.end}"
        location = self.header("location")
        where = f" to {one_line(location, 120)}" if location else ""
        return f"{self.status}{where}{end}"


@dataclass(frozen=True, slots=True)
class Report:
    """One run: when nginx listened, why not, and every answer by turn and request.

    `logged` are the errors that nginx logged, each once, without what differs from time to time.
    """

    started_ms: int | None = None
    problem: str = ""
    failed: tuple[str, ...] = ()
    answers: Mapping[tuple[int, int], Answer] = field(default_factory=dict)
    logged: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether nginx came up."""
        return self.started_ms is not None


def read(ran: Ran, requests: Sequence[Request]) -> Report:
    """Read the report of a run; one that breaks off, or cannot be, is a problem of its own."""
    state = _State(len(requests))
    errors = ran.stderr.decode("utf-8", "backslashreplace")
    logged = _logged(errors)
    try:
        for line in ran.report.splitlines():
            state.hear(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return Report(problem="the report of the probe is damaged", logged=logged)
    problem = state.problem
    if ran.timed_out:
        problem = f"the probe did not end within {ran.seconds:.0f} s"
    elif ran.out_of_memory:
        problem = "nginx took more memory than it may"
    elif not state.is_done:
        problem = f"the probe was ended from inside, with status {ran.exit_status}: {_why(errors)}"
    elif problem:
        problem = f"{problem}: {_why(errors)}"
    return Report(state.started_ms, problem, tuple(state.failed), state.answers, logged)


def _why(errors: str) -> str:
    found = (_EMERGENCY.match(line) for line in errors.splitlines()[:_MAX_LINES])
    lines = [match[1] or match[2] for match in found if match]
    tail = errors.strip().splitlines()[-1:] or ["it said nothing"]
    return one_line((lines or tail)[0], 200)


def _logged(errors: str) -> tuple[str, ...]:
    """Return nginx's errors, each once."""
    found: dict[str, None] = {}
    for line in errors.splitlines()[:_MAX_LINES]:
        match = _ERROR.match(line)
        if match:
            text = re.sub(r", client: \S+, server: ", ", server: ", match[2])
            found[one_line(f"[{match[1]}] {text}")] = None
    return tuple(found)


class _State:
    """What the lines said so far."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.answers: dict[tuple[int, int], Answer] = {}
        self.started_ms: int | None = None
        self.problem = ""
        self.failed: list[str] = []
        self.is_done = False

    def hear(self, line: Mapping[str, object]) -> None:
        """Take one line; raises `ValueError` and the like for one that cannot be."""
        if "failed" in line:
            self.failed = [one_line(_text(one), 120) for one in _list(line["failed"])]
        elif "done" in line:
            self.is_done = True
        elif "started_ms" in line:
            self.started_ms = _whole(line["started_ms"])
        elif "stopped" in line:
            self.problem = f"nginx ended with status {_whole(line['stopped'])}"
        elif "not_up" in line:
            self.problem = "nginx does not listen in time"
        else:
            self._take(line)

    def _take(self, line: Mapping[str, object]) -> None:
        place = _whole(line["turn"]), _whole(line["ask"])
        if not 0 <= place[1] < self._count:
            raise IndexError(place)
        self.answers[place] = _answer(line)
        if line["ended"] is not None:
            self.problem = f"nginx ended with status {_whole(line['ended'])} while it was asked"


def _answer(line: Mapping[str, object]) -> Answer:
    got = line["got"]
    if not isinstance(got, dict):
        raise TypeError(got)
    return Answer(
        end=_text(got["end"]),
        status=_whole(got["status"]),
        headers=_pairs(got["headers"]),
        body=base64.b64decode(_text(got["body"]), validate=True),
        size=_whole(got["size"]),
        digest=_text(got["sha256"]),
        protocol=_text(got["protocol"]),
        tls=_text(got["tls"]),
        certificate=_text(got["certificate"]),
        ms=_whole(line["ms"]),
        upstream=tuple(map(_received, _list(line["upstream"])[:_MOST])),
    )


def _received(one: object) -> Received:
    if not isinstance(one, dict):
        raise TypeError(one)
    return Received(
        name=_text(one["name"]),
        protocol=_text(one["protocol"]),
        method=_text(one["method"]),
        target=_text(one["target"]),
        headers=_pairs(one["headers"]),
        size=_whole(one["size"]),
        digest=_text(one["sha256"]),
    )


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    found = []
    for pair in _list(value):
        name, text = _list(pair)
        found.append((_text(name).lower(), _text(text)))
    return tuple(found)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value
