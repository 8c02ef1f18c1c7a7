"""Asks a remote model for a draft: all that is the same for every API.

Each attempt is judged by the purse before it is made, all of them share one deadline, and what was
answered is kept before anything else can fail.
"""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from workflow.config import is_loopback
from workflow.errors import ProviderError
from workflow.providers import answers
from workflow.providers.exchange import Question, Reply, Stop
from workflow.providers.failures import (
    Callee,
    DeadlineError,
    EmptyAnswerError,
    Fault,
    OverloadedError,
    RateLimitedError,
    RefusalError,
    RejectedError,
    TooLargeError,
    Trouble,
    TruncatedError,
    WrongFormError,
    WrongStopError,
    failure,
)
from workflow.redaction.egress.bounds import Bounds
from workflow.redaction.egress.guard import Destination
from workflow.text import one_line
from workflow.types import Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from workflow.providers.interface import Model, Outbox, Purse
    from workflow.providers.remote import Remote
    from workflow.redaction.egress.leak import Leaks
    from workflow.types import Brief, Digest, Draft, Usage

MOST_RECEIVED = 64_000_000
"""Bytes of a whole stream: a token comes in an event of some 250, and the end repeats the text."""
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 8.0
_NO_TIME_S = 0.05
_TELL_S = 0.25
_KILO = 1_000
_BYTES_SHOWN_AS_TOKEN = 4
_OTHERWISE = f"ask again, or choose another model; {answers.KEPT}"


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and chance: `now` and `sleep` are in seconds, `chance` is from 0 to 1."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class RemoteProvider(ABC):
    """A provider behind an API.  Each API says how it is asked and how its events are read."""

    can_repair = True
    key_variable: ClassVar[str]
    """The variable of the environment that has the key, for messages."""

    def __init__(  # noqa: PLR0913, PLR0917 - a model, how to reach it, and who watches over it
        self,
        model: Model,
        remote: Remote,
        leaks: Leaks,
        outbox: Outbox,
        purse: Purse,
        clock: Clock | None = None,
    ) -> None:
        self._model = model
        self._remote = remote
        self._leaks = leaks
        self._outbox = outbox
        self._purse = purse
        self._clock = clock or Clock()

    @property
    def name(self) -> str:
        """The provider's name in configuration and in the ledger."""
        return self._model.provider

    @property
    def model(self) -> str:
        """The model that is asked, as the provider names it."""
        return self._model.name

    @property
    def destination(self) -> str:
        """The host that a brief is sent to.  Raises `ConfigError` for a base URL without one."""
        return Destination.parse(self._remote.base_url, ()).host

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Ask, and try again where that may help, all within the deadline.

        Raises a `ProviderError` of `failures` when no answer came that can be used, `SpendingError`
        before an attempt that could pass a cap, `EgressDeniedError` for a request that may not
        leave, and `MissingKeyError`.
        """
        limits = self._model
        form = answers.form(brief.answer, brief.gates)
        question = Question(limits.name, brief.recipe, brief.prompt, form, limits.max_output_tokens)
        self._require_sendable(question)
        self._load()
        self._outbox.begin()
        try:
            return self._asked(brief, question, _Progress(tell, self._clock))
        finally:
            # What was paid is recorded by now.
            self._purse.release()

    @abstractmethod
    def _load(self) -> None:
        """Import what a call needs, before its time counts."""

    @abstractmethod
    def _events(
        self, question: Question, bounds: Bounds
    ) -> Generator[Mapping[str, object], None, None]:
        """Make one call, and give the events of its answer; raises `Fault`."""

    @abstractmethod
    def _read(self, event: Mapping[str, object], reply: Reply) -> None:
        """Take one event up; raises `Fault` when it says that the call has failed."""

    def _asked(self, brief: Brief, question: Question, progress: _Progress) -> Draft:
        """Every attempt, until one gives a whole answer."""
        limits = self._model
        end = self._clock.now() + limits.deadline_s
        attempts = 1 + limits.retries
        for attempt in range(1, attempts + 1):
            self._purse.require(limits, question.input_tokens)
            progress.say(f"waiting for {limits.name}")
            reply = Reply(question.form.name)
            fault = self._listen(brief, question, reply, end, progress)
            if fault is None:
                return self._finished(brief, question, reply)
            wait = self._wait_s(fault, attempt, end)
            progress.say(f"trying again in {wait:.0f} s ({fault}), {attempt + 1} of {attempts}")
            self._clock.sleep(wait)
        raise self._late()

    @property
    def _who(self) -> str:
        return f"{self._model.provider} ({one_line(self._model.name)})"

    @property
    def _callee(self) -> Callee:
        there = Destination.parse(self._remote.base_url, ())
        return Callee(
            self._model.provider,
            self._who,
            one_line(str(there)),
            self.key_variable,
            is_here=is_loopback(there.host),
        )

    def _require_sendable(self, question: Question) -> None:
        try:
            str(question.prompt).encode()
        except UnicodeEncodeError:
            message = "the prompt has bytes in it that are not UTF-8"
            raise RejectedError(message, hint="name only files that are UTF-8 text") from None
        most = self._model.max_input_tokens
        if question.input_tokens > most:
            size = f"about {question.input_tokens:,} tokens, more than {most:,}"
            message = f"the prompt for {self._who} has {size}; nothing was sent"
            raise TooLargeError(message, hint="name fewer files, or raise max_input_tokens")

    def _listen(
        self, brief: Brief, question: Question, reply: Reply, end: float, progress: _Progress
    ) -> Fault | None:
        """Read one answer to its end, or return why there is none; what came of it is kept."""
        bounds = Bounds(lambda: end - self._clock.now(), MOST_RECEIVED)
        fault: Fault | None = None
        try:
            with closing(self._events(question, bounds)) as events:
                for event in events:
                    self._read(event, reply)
                    progress.count(reply.size)
        except Fault as caught:
            fault = caught
        except KeyboardInterrupt:
            self._keep_part(brief, question, reply, "interrupted")
            raise
        if reply.stop is not None and (fault is None or fault.is_of_connection):
            return None
        fault = fault or Fault(Trouble.CONNECTION)
        self._keep_part(brief, question, reply, str(fault))
        return fault

    def _wait_s(self, fault: Fault, attempt: int, end: float) -> float:
        """How long to wait before the next attempt; raises when there is to be none."""
        left = end - self._clock.now()
        attempts = 1 + self._model.retries
        if fault.is_of_connection and left <= _NO_TIME_S:
            raise self._late()
        asked = fault.retry_after_s or 0.0
        backoff = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * (1 << (attempt - 1)))
        wait = max(asked, self._clock.chance() * backoff)
        if not fault.is_passing or attempt == attempts:
            raise failure(fault, self._callee, attempt)
        if wait < left:
            return wait
        if asked < left:
            raise self._late()
        message = f"{self._who} asks to wait {asked:,.0f} s ({fault}), longer than we may"
        kind = RateLimitedError if fault.status == HTTPStatus.TOO_MANY_REQUESTS else OverloadedError
        raise kind(message, hint="ask again later, or choose another provider in workflow.toml")

    def _late(self) -> DeadlineError:
        message = f"no whole answer came from {self._who} in {self._model.deadline_s:g} s"
        return DeadlineError(message, hint="ask again, or raise deadline_s in workflow.toml")

    def _finished(self, brief: Brief, question: Question, reply: Reply) -> Draft:
        """The draft in a whole answer, which is kept before anything reads it."""
        digest, usage = self._keep(brief, question, reply, "")
        try:
            draft = self._drafted(brief, reply)
        except ProviderError as error:
            self._outbox.unusable(digest, error.message)
            raise
        return replace(draft, sent=self._outbox.requests, usage=usage, answer=digest)

    def _drafted(self, brief: Brief, reply: Reply) -> Draft:
        who = self._who
        if reply.stop is Stop.TRUNCATED:
            message = f"the answer of {who} ended at {self._model.max_output_tokens:,} tokens"
            hint = "ask for less at once, or raise max_output_tokens in workflow.toml"
            raise TruncatedError(message, hint=f"{hint}; {answers.KEPT}")
        if reply.stop is Stop.REFUSED:
            message = f"{who} refuses to answer"
            hint = "say it in other words, or choose another provider"
            raise RefusalError(message, hint=f"{hint}; {answers.KEPT}")
        if flaw := reply.flaw or ("it is prose, without the tool" if reply.is_prose else ""):
            message = f"the answer of {who} is not in the form asked for: {flaw}"
            raise WrongFormError(message, hint=_OTHERWISE)
        if not reply.body.strip():
            message = f"the answer of {who} is empty"
            raise EmptyAnswerError(message, hint=_OTHERWISE)
        if reply.stop is not Stop.DONE:
            message = f"the answer of {who} ended otherwise than asked for"
            raise WrongStopError(message, hint=_OTHERWISE)
        return answers.read(reply.body, brief, self._model.provider, self._model.name)

    def _keep_part(self, brief: Brief, question: Question, reply: Reply, reason: str) -> None:
        """Keep what came of an answer that was cut, if something did."""
        if reply.has_begun:
            self._keep(brief, question, reply, reason)

    def _keep(
        self, brief: Brief, question: Question, reply: Reply, reason: str
    ) -> tuple[Digest, Usage]:
        model = self._model
        usage = self._purse.price(model, reply.usage(question.input_tokens))
        answered = Answered(
            model.provider, model.name, brief.recipe, brief.role.value, usage, not reason, reason
        )
        return self._outbox.answered(answered, reply.body), usage


class _Progress:
    """Tells how far an answer is, not more than four times in a second."""

    def __init__(self, tell: Callable[[str], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._next = clock.now()

    def say(self, words: str) -> None:
        self._tell(words)
        self._next = self._clock.now() + _TELL_S

    def count(self, size: int) -> None:
        if size and self._clock.now() >= self._next:
            tokens = size // _BYTES_SHOWN_AS_TOKEN
            number = str(tokens) if tokens < _KILO else f"{tokens / _KILO:.1f}k"
            self.say(f"writing, {number} tokens")
