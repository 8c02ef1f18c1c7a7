"""A provider's answer, what it forecasts, what it took, and what left this machine for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Not under TYPE_CHECKING: pydantic reads these annotations when a stored proposal is read back.
from workflow.types.ids import Digest, RepoPath  # noqa: TC001 - see above


class Outcome(StrEnum):
    """What a gate says.  Only `PASS` passes; `ERROR` means that it could not judge."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the drafter expects of one gate, said before the gate runs.

    `confidence` is how sure it is of `outcome`, in percent from 50 to 100; `tests` are the ids of
    the tests that it expects to run and to show that the change does what is asked.
    """

    gate: str
    outcome: Outcome
    why: str
    confidence: int = 90
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer took: tokens as the provider counted them, and money.

    `input_tokens` has those that came from the provider's cache (`cached_tokens`) and those written
    to it (`written_tokens`), too.  `microdollars` are millionths of a US dollar, `None` where the
    price is not known.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    microdollars: int | None = None
    written_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """One paid answer, for the ledger: who gave it, to what, and what it took.

    `is_usable` is false for one that was cut short; whether a whole one is of any use is only known
    when it has been read, which is after it was kept.
    """

    provider: str
    model: str
    recipe: str
    role: str
    usage: Usage
    is_usable: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An edit of an existing file that an architect asks for: the surgeon's work."""

    path: str
    request: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What a safety check has seen: where (`line` from 1, 0 for the file), how bad, and what.

    `severity` is `high`, `medium` or `low`.
    """

    path: str
    line: int
    severity: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many values of a kind (`workflow.redaction.Kind`) were sealed."""

    kind: str
    values: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that was not sealed, because a comment in its file or the policy allows it.

    `path` is empty for a value in the request; `expires` is the last day, in ISO form.
    """

    path: str
    line: int
    kind: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that a drafter could have used and was not shown, or not followed, and why."""

    path: RepoPath
    why: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it went over the wire.

    `body` is the digest under which its `size` bytes were kept, and `sealed` counts the
    placeholders in them.
    """

    at: str
    destination: str
    model: str
    body: Digest
    size: int
    sealed: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A provider's answer: raw, untrusted, never shown to a terminal unescaped.

    `text` is in a dialect that `patch.read` reads, also for new files; it is empty for an
    explanation, and for findings that need no edit.  `sent` are the requests that were made for it,
    in their order.  `usage` is `None` for a provider in process, and `answer` the digest under
    which a paid answer was kept, as it came.
    """

    text: str
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]
    provider: str
    model: str
    sent: tuple[Sent, ...] = ()
    usage: Usage | None = None
    answer: Digest | None = None
    wanted: tuple[Wanted, ...] = ()
    observations: tuple[Observation, ...] = ()
    smoke_test: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What left this machine for a draft, or that nothing did.

    `prompt` is the digest of the rendered prompt and `prompt_bytes` its size, whether it was sent
    or not; `sealed` counts the values that a placeholder stands for in it, and `shown` has those
    that were allowed to be seen.  `files` may be edited, `context` was shown to be read, and
    `left_out` was not shown.  `sent_bytes` counts what went to `destination`, and `requests` has
    each request, also one that was tried again.
    """

    destination: str
    sent_bytes: int
    prompt: Digest
    prompt_bytes: int
    files: tuple[RepoPath, ...]
    sealed: tuple[Count, ...] = ()
    shown: tuple[Shown, ...] = ()
    requests: tuple[Sent, ...] = ()
    context: tuple[RepoPath, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
