"""What `workflow stats` makes of looks, decisions and landings, at times set by hand."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from workflow.canonical import sha256
from workflow.cli import stats_flow, stats_words
from workflow.database import connect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.cli.stats_flow import Approver, Flow

START = datetime(2026, 1, 1, tzinfo=UTC)
ADA, BOB = "Ada <ada@example.test>", "Bob <bob@example.test>"
HOUR, DAY = 3600, 86_400


def at(seconds: float) -> str:
    """Return a moment after the start, as it is stored."""
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def name(number: int) -> str:
    """Return the digest of a proposal."""
    return sha256(str(number).encode())


@dataclass
class Past:
    """Writes what has happened, at any time."""

    connection: sqlite3.Connection
    count: int = field(default=0)

    def fact(self, event: str, seconds: float, **body: Any) -> None:
        """Add a row of the ledger; the chain is of no interest here."""
        self.connection.execute(
            "INSERT INTO ledger (at, event, body, previous, hash) VALUES (?, ?, ?, '', '')",
            (at(seconds), event, json.dumps(body)),
        )

    def proposed(self, seconds: float, state: str, rebased_from: int | None = None) -> int:
        """Add a proposal in its present state, and return its number."""
        self.count += 1
        before = rebased_from and name(rebased_from)
        self.connection.execute(
            "INSERT INTO proposals (digest, state, created, branch, title, wish, requester, files,"
            " body, rebased_from) VALUES (?, ?, ?, 'main', '', '', '', '[]', '', ?)",
            (name(self.count), state, at(seconds), before),
        )
        return self.count

    def looked(self, number: int, seconds: float, who: str = BOB, account: str = "bob") -> None:
        """Show a proposal to somebody."""
        self.connection.execute(
            "INSERT INTO looks (proposal, digest, viewer, account, at) VALUES (?, ?, ?, ?, ?)",
            (number, name(number), who, account, at(seconds)),
        )

    def approved(
        self, number: int, seconds: float, who: str = BOB, account: str = "bob", *, carried: int = 0
    ) -> None:
        """Add somebody's yes."""
        self.fact(
            "approval-carried" if carried else "approval",
            seconds,
            proposal=number,
            digest=name(number),
            approver=who,
            account=account,
            at=at(seconds),
        )

    def rejected(self, number: int, seconds: float, who: str = BOB) -> None:
        """Add somebody's no."""
        self.fact("rejection", seconds, proposal=number, who=who)

    def landed(self, number: int, seconds: float) -> int:
        """Land a proposal; its landing has its number."""
        self.fact("landing-moved", seconds, landing=number, kind="apply", proposal=number)
        return number

    def taken_back(self, landing: int, seconds: float, *, is_automatic: bool = False) -> None:
        """Take a landing back."""
        own = 1000 + landing
        self.fact("landing-moved", seconds, landing=own, kind="rollback", proposal=landing)
        self.fact("rollback", seconds, landing=own, reverts=landing, is_automatic=is_automatic)

    def flow(self, seconds: float = 30 * DAY) -> Flow:
        """What it says at some time."""
        return stats_flow.look(self.connection, START + timedelta(seconds=seconds))

    def said(self, seconds: float = 30 * DAY) -> str:
        """What a person reads at some time."""
        return "\n".join(line.plain for line in stats_words.lines(self.flow(seconds)))


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """Yield an empty past."""
    with closing(connect(tmp_path / "workflow")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield Past(connection)


def of(flow: Flow, who: str = BOB) -> Approver:
    """Return what is said of one person."""
    return next(one for one in flow.approvers if one.approver == who)


def test_nothing_has_happened(past: Past) -> None:
    """Nothing is said of nothing, and no number is made up."""
    assert past.flow().plain() == {
        "waiting": {
            "proposals": 0,
            "median_s": None,
            "p90_s": None,
            "open": 0,
            "open_median_s": None,
            "oldest_s": None,
        },
        "decided": {"approved": 0, "rejected": 0, "share": None},
        "approvers": (),
        "landings": {
            "landed": 0,
            "young": 0,
            "taken_back": 0,
            "automatic": 0,
            "share": None,
            "glass": 0,
            "reviewed": 0,
        },
    }
    assert "none has been approved yet" in past.said()
    assert json.dumps(past.flow().plain())


# --- waiting --------------------------------------------------------------------------------------


def test_how_long_proposals_wait(past: Past) -> None:
    """Until the last approval that was needed: the median, and what nine in ten do not pass."""
    for hours in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100):
        number = past.proposed(0, "applied")
        past.approved(number, 60, ADA, "ada")
        past.approved(number, hours * HOUR)
    waiting = past.flow().waiting
    assert (waiting.proposals, waiting.median_s, waiting.p90_s) == (10, 5.5 * HOUR, 9 * HOUR)
    assert "until approved: median 5.5 h, 90 % within 9.0 h (n = 10)" in past.said()


def test_too_few_say_nothing(past: Past) -> None:
    """Four are no distribution; the fifth makes one."""
    for _ in range(4):
        past.approved(past.proposed(0, "approved"), HOUR)
    assert past.flow().waiting.median_s is None
    assert past.flow().decided.share is None
    assert "until approved: too few (n = 4) for a median" in past.said()
    past.approved(past.proposed(0, "approved"), HOUR)
    assert past.flow().waiting.median_s == past.flow().waiting.p90_s == HOUR
    assert past.flow().decided.share == 1.0


def test_what_waits_now(past: Past) -> None:
    """Refused, rejected and superseded ones do not; one with too few approvals does."""
    for state in ("refused", "rejected", "superseded"):
        past.proposed(0, state)
    past.approved(past.proposed(0, "awaiting-approval"), HOUR)
    past.proposed(DAY, "awaiting-approval")
    waiting = past.flow(3 * DAY).waiting
    assert (waiting.proposals, waiting.open, waiting.oldest_s) == (0, 2, 3 * DAY)
    assert waiting.open_median_s is None
    assert "waiting now: 2 proposals, the oldest for 3.0 days" in past.said(3 * DAY)


def test_a_rebased_proposal_has_waited_all_along(past: Past) -> None:
    """From the first of its line, also over several; a carried yes is as good as any."""
    past.proposed(0, "superseded")
    past.proposed(DAY, "superseded", rebased_from=1)
    number = past.proposed(2 * DAY, "approved", rebased_from=2)
    past.approved(number, 2 * DAY, carried=1)
    for days in (1, 1, 3, 3):
        past.approved(past.proposed(0, "approved"), days * DAY)
    assert past.flow().waiting.median_s == 2 * DAY


def test_a_landing_without_approval_has_not_waited(past: Past) -> None:
    """A review afterwards is none that it waited for, and no decision for it."""
    number = past.proposed(0, "applied")
    past.fact("break-glass", 10, proposal=number)
    past.landed(number, 20)
    past.approved(number, 5 * DAY)
    flow = past.flow()
    assert (flow.waiting.proposals, flow.decided.approved) == (0, 0)
    assert (flow.landings.glass, flow.landings.reviewed) == (1, 1)


def test_a_clock_that_was_set_back(past: Past) -> None:
    """No time is below nothing."""
    for _ in range(5):
        past.approved(past.proposed(HOUR, "approved"), 0)
    past.proposed(HOUR, "awaiting-approval")
    waiting = past.flow(0).waiting
    assert (waiting.median_s, waiting.oldest_s) == (0, 0)


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "quick"), [(0, 1), (9, 1), (10, 0), (3600, 0)])
def test_a_quick_yes(past: Past, seconds: float, quick: int) -> None:
    """It is under ten seconds after that person was first shown that very digest."""
    number = past.proposed(0, "approved")
    past.looked(number, 100)
    past.looked(number, 100 + seconds)
    past.approved(number, 100 + seconds)
    assert (of(past.flow()).quick, of(past.flow()).unseen) == (quick, 0)


def test_whose_look_counts(past: Past) -> None:
    """One's own: by the same account under another name, and nobody else's."""
    number = past.proposed(0, "approved")
    past.looked(number, 0, ADA, "ada")
    past.looked(number, 100, "Robert <robert@example.test>", "bob")
    past.approved(number, 103)
    assert (of(past.flow()).quick, of(past.flow()).unseen) == (1, 0)
    other = past.proposed(0, "approved")
    past.looked(other, 0, ADA, "")
    past.approved(other, 5, BOB, "")
    assert (of(past.flow()).approvals, of(past.flow()).unseen) == (2, 1)
    # Shown by name first, and by account later: there was time enough.
    both = past.proposed(0, "approved")
    past.looked(both, 0, BOB, "")
    past.looked(both, 100, "Robert <robert@example.test>", "bob")
    past.approved(both, 103)
    assert (of(past.flow()).approvals, of(past.flow()).quick) == (3, 1)


def test_the_share_of_quick_ones(past: Past) -> None:
    """Of those with a look; too few make none."""
    for number in range(1, 6):
        past.proposed(0, "approved")
        if number < 5:
            past.looked(number, 0)
        past.approved(number, 5 if number < 4 else 500)
    assert of(past.flow()).quick_share is None
    assert (
        f"{BOB}: 5 approvals; 3 of 4 within 10 s of the first look (too few, n = 4);"
        " 1 by digest, without a look"
    ) in past.said()
    past.looked(past.proposed(0, "approved"), 0)
    past.approved(6, 500)
    assert of(past.flow()).quick_share == pytest.approx(0.6)
    assert "3 of 5 within 10 s of the first look (60 %)" in past.said()


def test_who_says_no(past: Past) -> None:
    """A no counts for whom it is from; a rejected proposal is decided once."""
    for _ in range(4):
        past.approved(past.proposed(0, "approved"), HOUR)
    past.rejected(past.proposed(0, "rejected"), HOUR, ADA)
    flow = past.flow()
    assert (flow.decided.approved, flow.decided.rejected, flow.decided.share) == (4, 1, 0.8)
    assert (of(flow, ADA).approvals, of(flow, ADA).rejections) == (0, 1)
    assert of(flow).share is of(flow, ADA).share is None
    assert f"{ADA}: 0 approvals, 1 rejection (too few, n = 1)" in past.said()
    past.rejected(5, HOUR)
    assert of(past.flow()).share == pytest.approx(0.8)
    assert f"{BOB}: 4 approvals, 1 rejection (80 % approved)" in past.said()
    assert past.flow().decided.rejected == 1
    assert "4 approved, 1 rejected (80 % approved, n = 5)" in past.said()


def test_a_carried_yes_is_not_given_again(past: Past) -> None:
    """It was given once, to the proposal before."""
    past.approved(past.proposed(0, "superseded"), HOUR)
    past.approved(past.proposed(DAY, "approved", rebased_from=1), HOUR, carried=1)
    assert of(past.flow()).approvals == 1


def test_hostile_names_are_harmless(past: Past) -> None:
    """A person's name is what git says it is."""
    past.approved(past.proposed(0, "approved"), 0, "E\x1b[2J\u202e\n <e@example.test>")
    assert "  E<U+001B>[2J<U+202E><U+000A> <e@example.test>: 1 approval" in past.said()


# --- landings -------------------------------------------------------------------------------------


def test_how_often_landings_are_taken_back(past: Past) -> None:
    """Within seven days, those by a probe apart; later ones and rollbacks themselves are none."""
    for number in range(1, 7):
        past.landed(number, number * DAY)
    past.taken_back(1, 8 * DAY)
    past.taken_back(2, 2 * DAY + 5, is_automatic=True)
    past.taken_back(3, 10 * DAY + 1)
    landed = past.flow(12 * DAY).landings
    assert (landed.landed, landed.taken_back, landed.automatic) == (6, 2, 1)
    assert landed.share == pytest.approx(1 / 3)
    assert landed.young == 1
    said = past.said(12 * DAY)
    assert "6 landed, 2 taken back within 7 days (1 by a probe): 33 %, n = 6" in said
    assert "1 of them landed less than 7 days ago" in said


def test_a_rollback_of_a_rollback(past: Past) -> None:
    """What was taken back and is in again has been taken back."""
    past.landed(1, 0)
    past.taken_back(1, DAY)
    past.fact("landing-moved", 2 * DAY, landing=1002, kind="rollback", proposal=1)
    past.fact("rollback", 2 * DAY, landing=1002, reverts=1001, is_automatic=False)
    landed = past.flow().landings
    assert (landed.landed, landed.taken_back) == (1, 1)
    assert "1 landed, 1 taken back within 7 days (0 by a probe): too few (n = 1)" in past.said()


def test_broken_glass(past: Past) -> None:
    """Landed without approval, and reviewed afterwards or not; what never landed is none."""
    for number in range(1, 4):
        past.proposed(0, "applied")
        past.fact("break-glass", 0, proposal=number)
    past.landed(1, 5)
    past.landed(2, 5)
    past.approved(2, DAY)
    landed = past.flow().landings
    assert (landed.glass, landed.reviewed) == (2, 1)
    assert "2 landed without approval (break glass), 1 of them reviewed" in past.said()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3540, "59 min"),
        (HOUR, "1.0 h"),
        (DAY, "1.0 days"),
        (30.4 * DAY, "30.4 days"),
    ],
)
def test_times_in_words(seconds: float, said: str) -> None:
    """In the unit that a person would use."""
    assert stats_words.span(seconds) == said
