"""A provider whose answers are scripted, on a desk that writes down what it hears."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workflow.canonical import sha256
from workflow.errors import SpendingError
from workflow.providers.calling import Clock, RemoteProvider
from workflow.providers.exchange import Reply, Stop
from workflow.providers.failures import Fault, Trouble
from workflow.providers.remote import Remote
from workflow.redaction.egress.leak import Leaks
from workflow.types import Brief, Digest, Draft, Prompt, Role, Sent, Usage

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from workflow.providers.exchange import Question
    from workflow.providers.interface import Model
    from workflow.redaction.egress.bounds import Bounds
    from workflow.redaction.egress.guard import Sent as Outgoing
    from workflow.types import Answered

GOOD = json.dumps({"diff": "--- a/x\n+++ b/x\n", "forecasts": [], "notes": ["é"]})
BRIEF = Brief("", Role.SURGEON, (), Prompt("rules", "data", "task"))
BUSY = Fault(Trouble.STATUS, 503, "slow_down")
CUT = Fault(Trouble.CONNECTION)
BUSIES: list[list[object]] = [[BUSY]] * 8
TEXT, END = {"add": GOOD}, {"stop": Stop.DONE}
COUNTS = {"read": 100, "made": 50, "cached": 40, "written": 10}
REMOTE = Remote("", "http://127.0.0.1:9/v1")


@dataclass
class Time:
    """A clock that stands still unless it is slept on."""

    now_s: float = 1_000.0
    chance: float = 1.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        """The time."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.slept.append(seconds)
        self.now_s += seconds

    def clock(self) -> Clock:
        """For a provider."""
        return Clock(self.now, self.sleep, lambda: self.chance)


@dataclass
class Desk:
    """An outbox and a purse that write down what they hear, in one order."""

    order: list[str] = field(default_factory=list)
    kept: list[tuple[Answered, bytes]] = field(default_factory=list)
    calls: int = 99
    requests: tuple[Sent, ...] = ()

    def begin(self) -> None:
        """Forget the requests of an earlier brief."""
        self.order.append("begin")

    def __call__(self, request: Outgoing) -> None:
        """Nothing is sent here."""

    def answered(self, answer: Answered, body: bytes) -> Digest:
        """Keep an answer."""
        self.order.append("answered")
        self.kept.append((answer, body))
        return sha256(body)

    def unusable(self, answer: Digest, reason: str) -> None:
        """Mark the answer that was kept last."""
        last, body = self.kept[-1]
        assert answer == sha256(body)
        self.kept[-1] = (replace(last, is_usable=False, reason=reason), body)

    def require(self, model: Model, input_tokens: int) -> None:
        """Allow so many calls."""
        assert input_tokens > 500
        self.order.append("require")
        if self.order.count("require") > self.calls:
            message = f"no more for {model.name}"
            raise SpendingError(message, hint="wait")

    def release(self) -> None:
        """Give up what is reserved."""
        self.order.append("release")

    def price(self, model: Model, usage: Usage) -> Usage:
        """A microdollar for each token."""
        del model
        return replace(usage, microdollars=usage.input_tokens + usage.output_tokens)


class Scripted(RemoteProvider):
    """Plays one script for each attempt: calls of `Reply`, seconds that pass, and faults."""

    key_variable = "A_KEY"

    def __init__(self, model: Model, desk: Desk, time: Time) -> None:
        super().__init__(model, REMOTE, Leaks(lambda: ()), desk, desk, time.clock())
        self.scripts: list[list[object]] = []
        self.closed = 0
        self.time = time
        self.remaining: list[float] = []

    def _load(self) -> None:
        """Take a minute of wall time, as an import may."""
        self.time.now_s += 60.0

    def _events(
        self, question: Question, bounds: Bounds
    ) -> Generator[Mapping[str, object], None, None]:
        del question
        self.remaining.append(bounds.remaining())
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, float):
                    self.time.now_s += step
                    yield {}
                elif isinstance(step, dict):
                    yield step
        finally:
            self.closed += 1

    def _read(self, event: Mapping[str, Any], reply: Reply) -> None:
        if "add" in event:
            reply.add(event["add"])
        if "note" in event:
            reply.note(event["note"])
        if "call" in event:
            reply.call(event["call"])
        if "stop" in event:
            reply.stop = event["stop"]
        if "read" in event:
            reply.count(**event)


@dataclass
class Play:
    """A provider on a desk, the words that it told, and how to ask it."""

    desk: Desk
    time: Time
    by: Scripted
    told: list[str] = field(default_factory=list)

    def ask(self, *scripts: list[object], brief: Brief = BRIEF) -> Draft:
        """Ask with these scripts, one for each attempt; all of them have to be played."""
        self.by.scripts = list(scripts)
        try:
            return self.by.draft(brief, self.told.append)
        finally:
            assert not self.by.scripts, "an attempt was not made"

    def limit(self, **limits: Any) -> None:
        """Change what the model may do."""
        self.by._model = replace(self.by._model, **limits)

    @property
    def reasons(self) -> list[str]:
        """Why answers were not usable; empty for one that was."""
        assert all(each.is_usable is not bool(each.reason) for each, _ in self.desk.kept)
        return [each.reason for each, _ in self.desk.kept]
