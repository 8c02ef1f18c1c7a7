"""What keeps a request from leaving: money, size, secrets; and what stops it afterwards."""

from __future__ import annotations

import random
import signal
import string
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, replace

import pytest

from tests.integration.providers.remote_desk import (
    BRIEF,
    FINE,
    KEY,
    CapError,
    Desk,
    Money,
    Vendor,
    say,
)
from tests.loopback import Fault, Loopback
from tests.loopback.faults import error, first, silence, slowly
from workflow.providers.failures import RejectedError, TooLargeError
from workflow.redaction.egress.guard import EgressDeniedError
from workflow.redaction.egress.leak import Leaks
from workflow.redaction.interface import Kind

_RANDOM = random.Random(6)  # noqa: S311 - reproducible, and no secret
SECRET = "".join(_RANDOM.choices(string.ascii_letters + string.digits, k=30))
ROOT = __file__.rpartition("/tests/")[0]


@dataclass(frozen=True, slots=True)
class Known:
    """A value of a vault."""

    data: bytes
    kind: Kind = Kind.PASSWORD
    path: str = "config/prod.env"
    line: int = 3
    is_strong: bool = True


def assert_nothing_left(desk: Desk) -> None:
    """Not even a connection was made."""
    assert (desk.server.connections, desk.server.arrived) == (0, [])
    assert (desk.kept.bodies, desk.kept.answers) == ([], [])


def test_a_cap_stops_before_the_call(desk: Desk) -> None:
    """The purse is asked first, with an upper estimate of the prompt."""
    desk.money = Money(0)
    found = desk.ask()
    assert isinstance(found.error, CapError)
    assert_nothing_left(desk)
    ((model, tokens),) = desk.money.asked
    assert model == desk.model
    assert tokens >= len(str(BRIEF.prompt)) // 3


def test_a_cap_stops_between_attempts(desk: Desk) -> None:
    """An attempt more is a call more, and may have to be paid."""
    desk.money = Money(1)
    desk.server.faults += [error(500, "api_error", ("Retry-After", "0"))] * 9
    found = desk.ask()
    assert isinstance(found.error, CapError)
    assert len(desk.server.arrived) == 1


def test_the_estimate_is_more_than_what_is_sent(desk: Desk) -> None:
    """A token has seldom less than three bytes, and the whole request is counted."""
    data = "\n".join(f"location /path/{number} {{ return 204; }}" for number in range(500))
    desk.ask(replace(BRIEF, prompt=replace(BRIEF.prompt, data=data)))
    ((_model, tokens),) = desk.money.asked
    (body,) = desk.kept.bodies
    assert len(body) / 4 < tokens < len(body)


def test_a_prompt_over_the_limit_stays_here(desk: Desk) -> None:
    """More tokens than the model may be given: it says how many."""
    desk.limit(max_input_tokens=50)
    found = desk.ask()
    assert isinstance(found.error, TooLargeError)
    assert "50" in found.message
    assert_nothing_left(desk)


def test_a_prompt_that_is_no_text_stays_here(desk: Desk) -> None:
    """Bytes that are not UTF-8 reach a prompt as lone surrogates, which JSON cannot carry."""
    found = desk.ask(replace(BRIEF, prompt=replace(BRIEF.prompt, data="caf\udce9")))
    assert isinstance(found.error, RejectedError)
    assert_nothing_left(desk)


@pytest.mark.parametrize("part", ["rules", "data", "task"])
def test_the_guard_stops_a_known_value(part: str, desk: Desk) -> None:
    """In whichever part it stands, nothing arrives, and nothing is tried again."""
    known = Known(SECRET.encode())
    desk.leaks = Leaks(lambda: [known])
    prompt = replace(BRIEF.prompt, **{part: f"password = {SECRET}\n"})
    found = desk.ask(replace(BRIEF, prompt=prompt))
    assert isinstance(found.error, EgressDeniedError)
    assert SECRET not in found.message + found.trace
    assert "config/prod.env" in found.message
    assert_nothing_left(desk)


def test_the_guard_stops_the_providers_own_key(desk: Desk) -> None:
    """A file with our key in it does not go out, even if nothing sealed it."""
    prompt = replace(BRIEF.prompt, data=f"export A_KEY={KEY}\n")
    found = desk.ask(replace(BRIEF, prompt=prompt))
    assert isinstance(found.error, EgressDeniedError)
    assert KEY not in found.message + found.trace
    assert_nothing_left(desk)


def test_an_answer_that_cannot_be_kept_is_no_draft(desk: Desk) -> None:
    """A full disk: what was paid is not lost in silence."""

    def full(_answer: object, _body: bytes) -> None:
        raise OSError(28, "no space left")

    desk.kept.answered = full  # type: ignore[method-assign, assignment]  # it has no room
    found = desk.ask()
    assert found.draft is None
    assert isinstance(found.error, OSError)


CHILD = textwrap.dedent("""
    import sys
    from tests.integration.providers.remote_desk import BRIEF, KEY, Kept, Money, Vendor
    from workflow.providers.remote import Remote
    from workflow.redaction.egress.leak import Leaks

    vendor, kept = Vendor(sys.argv[1]), Kept()
    provider = vendor.make(vendor.model, Remote(KEY, sys.argv[2]), Leaks(tuple), kept, Money())
    try:
        provider.draft(BRIEF, lambda words: print(words, flush=True))
    except KeyboardInterrupt:
        print([answer.is_usable for answer, _ in kept.answers], flush=True)
        sys.exit(130)
""")
HEADERS_COME = Fault(put=first(0, then=silence))
IT_IS_WRITTEN = Fault(put=slowly(0.3))
IT_WAITS = error(503, "overloaded_error", ("Retry-After", "25"))


@pytest.mark.parametrize(
    ("vendor", "fault", "told", "kept"),
    [
        (Vendor.OPENAI, HEADERS_COME, "waiting", "[]"),
        (Vendor.OPENAI, IT_WAITS, "trying again", "[]"),
        (Vendor.OPENAI, IT_IS_WRITTEN, "writing", "[False]"),
        (Vendor.ANTHROPIC, IT_IS_WRITTEN, "writing", "[False]"),
    ],
    ids=["headers come", "it waits", "it is written", "a tool is called"],
)
def test_control_c_ends_at_once(
    vendor: Vendor, fault: Fault, told: str, kept: str, server: Loopback
) -> None:
    """Whatever it is doing, SIGINT ends it; what had come of an answer is kept."""
    desk = Desk(vendor, server, vendor.model)
    desk.server.faults += [fault] * 9
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, desk.vendor.value, desk.vendor.url(desk.server)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        while told.encode() not in process.stdout.readline():
            assert process.poll() is None
        while not desk.server.arrived:
            time.sleep(0.01)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        seconds = time.monotonic() - begun
    assert (process.returncode, err) == (130, b"")
    assert out.decode().splitlines()[-1] == kept
    assert seconds < 10


def test_the_model_may_be_used_after_a_fault(desk: Desk) -> None:
    """One provider, one brief that fails, and the next one works."""
    provider = desk.provider()
    desk.server.answers += [say("{}"), say(FINE)]
    assert desk.ask(by=provider).error
    found = desk.ask(by=provider)
    assert found.draft
    assert desk.usable == [False, True]
