"""One question to a model and what comes of it, in the words of no API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from workflow.providers.answers import MOST_BYTES
from workflow.providers.failures import Fault, Trouble
from workflow.providers.tokens import estimate
from workflow.types import Usage

if TYPE_CHECKING:
    from workflow.providers.answers import Form
    from workflow.types import Prompt

_MOST_TOKENS = 1_000_000_000
_ENVELOPE_TOKENS = 500
"""For what an API adds to a prompt: roles, and its own words about tools."""


class Stop(Enum):
    """Why an answer ended."""

    DONE = auto()
    TRUNCATED = auto()
    REFUSED = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked, in the words of no API."""

    model: str
    recipe: str
    prompt: Prompt
    form: Form
    max_output_tokens: int

    @property
    def input_tokens(self) -> int:
        """An upper estimate of what will be counted as input."""
        schema = json.dumps(self.form.schema) + self.form.description
        parts = (self.prompt.rules, self.prompt.data, self.prompt.task, schema)
        return sum(map(estimate, parts)) + _ENVELOPE_TOKENS


class Reply:
    """What has come of one answer so far.

    Token counts are `None` until the provider has said them; `flaw` is why the answer cannot be in
    the form asked for, whatever its text is.
    """

    def __init__(self, form: str) -> None:
        self._form = form
        self._calls = 0
        self.stop: Stop | None = None
        self.flaw = ""
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self._cached: int | None = None
        self._written: int | None = None
        self._parts: list[str] = []
        self._asides: list[str] = []
        self._size = 0

    @property
    def is_prose(self) -> bool:
        """Whether something was said, but nothing in the form."""
        return bool(self._asides) and not (self._parts or self._calls)

    @property
    def has_begun(self) -> bool:
        """Whether something came that may have to be paid."""
        counts = (self.input_tokens, self.output_tokens)
        return bool(self._size or self.stop or any(counts))

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return self._size

    @property
    def body(self) -> bytes:
        """The text, as it came; what was said beside it if there is none."""
        return "".join(self._parts or self._asides).encode("utf-8", "surrogatepass")

    def add(self, text: object) -> None:
        """Take up a piece of the text; raises `Fault` when it gets larger than it may be."""
        self._add(text, self._parts)

    def settle(self, text: object) -> None:
        """Take this for the whole text, instead of the pieces; raises `Fault` like `add`."""
        if isinstance(text, str):
            self._parts, self._size = [], 0
            self.add(text)

    def call(self, name: object) -> None:
        """Take up that a tool is called: it has to be the form's, and once."""
        self._calls += 1
        if name != self._form:
            self.flaw = "it calls another tool"
        elif self._calls > 1:
            self.flaw = "it calls the tool more than once"

    def note(self, text: object) -> None:
        """Take up a piece of what is no answer, such as a refusal, for the record."""
        self._add(text, self._asides)

    def _add(self, text: object, parts: list[str]) -> None:
        if not isinstance(text, str) or not text:
            return
        parts.append(text)
        self._size += len(text.encode("utf-8", "surrogatepass"))
        if self._size > MOST_BYTES:
            raise Fault(Trouble.TOO_LARGE)

    def count(
        self,
        *,
        read: object = None,
        made: object = None,
        cached: object = None,
        written: object = None,
    ) -> None:
        """Take up what the provider counts, as far as it is a number that can be one.

        Tokens it has read and made, and of the former those from its cache and written to it.
        """
        self.input_tokens = _number(read, self.input_tokens)
        self.output_tokens = _number(made, self.output_tokens)
        self._cached = _number(cached, self._cached)
        self._written = _number(written, self._written)

    def usage(self, input_tokens: int) -> Usage:
        """What it took; where the provider has not counted, an upper estimate.

        The text counts at least when the answer was cut: what came last was not counted then.
        """
        read = input_tokens if self.input_tokens is None else self.input_tokens
        made = self.output_tokens or 0
        if self.stop is None or self.output_tokens is None:
            made = max(made, estimate(self.body.decode("utf-8", "replace")))
        cached = min(self._cached or 0, read)
        return Usage(
            read, made, cached_tokens=cached, written_tokens=min(self._written or 0, read - cached)
        )


def _number(said: object, before: int | None) -> int | None:
    """A count that can be one; else what was known before."""
    is_count = isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= _MOST_TOKENS
    return said if isinstance(said, int) and is_count else before
