"""The three remote providers on a loopback server, with an outbox and a purse that remember."""

from __future__ import annotations

import json
import random
import ssl
import string
import tempfile
import time
import traceback
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.loopback import Loopback, Say
from workflow.canonical import sha256
from workflow.errors import WorkflowError
from workflow.providers.anthropic_messages import AnthropicMessages
from workflow.providers.calling import Clock
from workflow.providers.compatible_chat import CompatibleChat
from workflow.providers.interface import Model
from workflow.providers.openai_responses import OpenAIResponses
from workflow.providers.remote import Remote
from workflow.redaction.egress.leak import Leaks
from workflow.types import (
    Answered,
    AnswerKind,
    Brief,
    Digest,
    Draft,
    Outcome,
    Prompt,
    Role,
    Sent,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.interface import Outbox, Provider, Purse
    from workflow.redaction.egress.guard import Sent as Outgoing

_RANDOM = random.Random(5)  # noqa: S311 - reproducible, and no secret
KEY = "own-" + "".join(_RANDOM.choices(string.ascii_letters + string.digits, k=32))
"""The provider's key; whatever we show must not hold it."""
WORDS = "Zu-" + "".join(_RANDOM.choices(string.ascii_letters, k=24))
"""What a provider's error text says in these tests; no message of ours may repeat it."""

DIFF = """```diff
--- a/site.conf
+++ b/site.conf
@@ @@
 server {
+    gzip off;
 }
```
"""
FORECASTS = [
    {
        "gate": "nginx",
        "outcome": "pass",
        "confidence": 93,
        "why": "one directive",
        "tests": ["tests/test_a.py::test_b"],
    },
    {"gate": "pytest", "outcome": "fail", "confidence": 60, "why": "no test yet", "tests": []},
]
FILE = {"path": "app/main.py", "content": "print('é')\n"}
EDITS: dict[str, Any] = {"diff": DIFF, "forecasts": FORECASTS, "notes": ["one", "two"]}
FILES: dict[str, Any] = {
    "files": [FILE],
    "edits_wanted": [{"path": "site.conf", "request": "proxy /collect"}],
    "forecasts": FORECASTS,
    "notes": [],
}
FINDING = {"path": "site.conf", "line": 3, "severity": "high", "what": "open", "mend": "close"}
FINDINGS: dict[str, Any] = {
    "findings": [FINDING],
    "diff": DIFF,
    "smoke_test": "#!/bin/sh\ncurl -fsS http://127.0.0.1/healthz\n",
    "forecasts": FORECASTS,
    "notes": [],
}
EXPLANATION: dict[str, Any] = {"explanation": "It adds a directive.", "notes": ["see above"]}
GOOD = {
    AnswerKind.EDITS: EDITS,
    AnswerKind.FILES: FILES,
    AnswerKind.FINDINGS: FINDINGS,
    AnswerKind.EXPLANATION: EXPLANATION,
}
"""An answer of each kind that there is nothing to object to."""
RECIPES = {
    AnswerKind.EDITS: "surgical-edit",
    AnswerKind.FILES: "backend-from-client",
    AnswerKind.FINDINGS: "safety-check",
    AnswerKind.EXPLANATION: "explain-change",
}
FINE = json.dumps(EDITS, ensure_ascii=False)
"""The text of a good answer to `BRIEF`."""
BRIEF = Brief(
    request="Turn gzip off",
    role=Role.SURGEON,
    files=(),
    prompt=Prompt("the rules: é\n", "the data\n", "the task\n"),
    gates=("nginx", "pytest"),
)


def brief(kind: AnswerKind) -> Brief:
    """A brief that asks for an answer of a kind."""
    role = Role.ARCHITECT if kind is AnswerKind.FILES else Role.SURGEON
    gates = () if kind is AnswerKind.EXPLANATION else BRIEF.gates
    return replace(BRIEF, role=role, recipe=RECIPES[kind], answer=kind, gates=gates)


class Kept:
    """An outbox: remembers what is sent and what is answered, in one order."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[tuple[Answered, bytes]] = []
        self.order: list[str] = []
        self._requests: list[Sent] = []

    @property
    def requests(self) -> tuple[Sent, ...]:
        """The requests of this brief so far."""
        return tuple(self._requests)

    def begin(self) -> None:
        """Forget the requests of an earlier brief."""
        self._requests.clear()

    def __call__(self, request: Outgoing) -> None:
        """Remember a request."""
        self.order.append("sent")
        self.bodies.append(request.body)
        digest = Digest(f"sha256:{request.digest}")
        at = request.at.isoformat()
        self._requests.append(Sent(at, request.destination, request.model, digest, request.size))

    def answered(self, answer: Answered, body: bytes) -> Digest:
        """Remember an answer."""
        self.order.append("answered")
        self.answers.append((answer, body))
        return sha256(body)

    def unusable(self, answer: Digest, reason: str) -> None:
        """Remember of the last answer that it is of no use."""
        last, body = self.answers[-1]
        assert answer == sha256(body)
        self.answers[-1] = (replace(last, is_usable=False, reason=reason), body)


class Money:
    """A purse: a millionth of a dollar for each token; `refuses` after so many calls."""

    def __init__(self, calls: int = 1000) -> None:
        self.asked: list[tuple[Model, int]] = []
        self._calls = calls

    def require(self, model: Model, input_tokens: int) -> None:
        """Remember the question, and refuse when the cap is reached."""
        self.asked.append((model, input_tokens))
        if len(self.asked) > self._calls:
            message = "the next call could pass the cap of a day"
            raise CapError(message, hint="wait until tomorrow")

    def release(self) -> None:
        """Give up what is reserved."""

    def price(self, model: Model, usage: Usage) -> Usage:
        """A microdollar for each token."""
        del model
        return replace(usage, microdollars=usage.input_tokens + usage.output_tokens)


class CapError(WorkflowError):
    """What the purse of these tests refuses with."""


class _Class(Protocol):
    def __call__(  # noqa: PLR0913, PLR0917 - as the providers' own
        self,
        model: Model,
        remote: Remote,
        leaks: Leaks,
        outbox: Outbox,
        purse: Purse,
        clock: Clock | None = None,
    ) -> Provider:
        """Make a provider."""
        ...


class Vendor(Enum):
    """A remote provider by the wire format that it speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    COMPATIBLE = "local"

    @property
    def make(self) -> _Class:
        """Its class."""
        classes: dict[Vendor, _Class] = {
            Vendor.OPENAI: OpenAIResponses,
            Vendor.ANTHROPIC: AnthropicMessages,
            Vendor.COMPATIBLE: CompatibleChat,
        }
        return classes[self]

    @property
    def model(self) -> Model:
        """A model of it, with a deadline that no test should reach."""
        name = {Vendor.OPENAI: "gpt-6-luna", Vendor.ANTHROPIC: "claude-haiku-5-5"}
        return Model(self.value, name.get(self, "coder:1.5b"), deadline_s=30.0)

    def url(self, server: Loopback) -> str:
        """The base URL at which this provider finds the server."""
        return server.origin if self is Vendor.ANTHROPIC else server.v1


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How a draft ended: a draft or an error, after how long, and what was told meanwhile."""

    draft: Draft | None
    error: BaseException | None
    seconds: float
    told: tuple[str, ...]

    @property
    def message(self) -> str:
        """What a person reads of the error, and what its traceback would show."""
        error = self.error
        assert isinstance(error, WorkflowError), self
        return f"{error.message}\n{error.hint}"

    @property
    def trace(self) -> str:
        """The whole traceback, causes and contexts with it."""
        assert self.error
        return "".join(traceback.format_exception(self.error))


@dataclass(slots=True)
class Desk:
    """One provider in front of one server.

    `chance` is how much of the longest wait before another attempt is waited for.
    """

    vendor: Vendor
    server: Loopback
    model: Model
    leaks: Leaks = field(default_factory=lambda: Leaks(tuple))
    kept: Kept = field(default_factory=Kept)
    money: Money = field(default_factory=Money)
    key: str = KEY
    chance: float = 0.0

    def limit(self, **limits: float) -> None:
        """Change the model's limits: `deadline_s`, `retries` and the like."""
        self.model = replace(self.model, **limits)  # type: ignore[arg-type]  # by field name

    def provider(self, url: str = "") -> Provider:
        """The provider as the wiring makes it."""
        remote = Remote(self.key, url or self.vendor.url(self.server), ca_file=one_certificate())
        clock = Clock(chance=lambda: self.chance)
        return self.vendor.make(self.model, remote, self.leaks, self.kept, self.money, clock)

    def ask(self, given: Brief = BRIEF, *, by: Provider | None = None) -> Outcomes:
        """Have it draft; whatever it raises is part of what comes back."""
        told: list[str] = []
        begun = time.monotonic()
        draft, error = attempt(by or self.provider(), given, told.append)
        return Outcomes(draft, error, time.monotonic() - begun, tuple(told))

    @property
    def usable(self) -> list[bool]:
        """Of each answer that was kept, whether it could be used."""
        return [answer.is_usable for answer, _ in self.kept.answers]


@cache
def one_certificate() -> Path:
    """A file with one certificate authority: none is needed here, and all of them take 20 ms."""
    from httpx2 import create_ssl_context  # noqa: PLC0415 - only tests that ask come here

    first, *_ = create_ssl_context(trust_env=False).get_ca_certs(binary_form=True)
    path = Path(tempfile.mkdtemp()) / "one.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(first))
    return path


def attempt(
    provider: Provider, given: Brief, tell: Callable[[str], None]
) -> tuple[Draft | None, BaseException | None]:
    """What a provider answers, or what it raises."""
    try:
        return provider.draft(given, tell), None
    except Exception as error:  # noqa: BLE001 - which one it is is the question
        return None, error


def say(answer: object, **others: Any) -> Say:
    """A model's answer with a JSON value as its text."""
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return Say(text, **others)


def outcomes(draft: Draft) -> list[tuple[str, Outcome, int]]:
    """What a draft expects of which gate, and how surely."""
    return [(each.gate, each.outcome, each.confidence) for each in draft.forecasts]


@dataclass(frozen=True, slots=True)
class Ends:
    """How a draft is expected to end.

    `error` is `None` for a draft; `attempts` is how many requests arrive, and `usable` says of each
    answer that is kept whether it could be used.
    """

    error: type[WorkflowError] | None
    attempts: int = 1
    usable: tuple[bool, ...] = ()

    def check(self, desk: Desk, found: Outcomes) -> None:
        """Fail unless it ended so, in bounded time, and without a word that must not be shown."""
        assert isinstance(found.error, self.error or type(None)), found
        assert len(desk.server.arrived) == self.attempts
        assert [request.body for request in desk.server.arrived] == desk.kept.bodies
        assert desk.usable == list(self.usable)
        assert desk.server.objections == []
        assert found.seconds < 12
        assert (found.draft is None) is (self.error is not None)
        shown = [*found.told, *(answer.reason for answer, _ in desk.kept.answers)]
        if found.error:
            shown += [found.message, found.trace, repr(found.error)]
            assert found.message.isprintable() or "\n" in found.message
        for text in shown:
            assert KEY not in text
            assert WORDS not in text
            assert "\x1b" not in text
