"""What probes say forbids a landing or has it taken back, and the ledger has all of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from workflow import ledger, probes
from workflow.canonical import sha256
from workflow.database import connect
from workflow.errors import DirtyFileError, ExitCode, UsageError
from workflow.journal import Landing, LandingKind, LandingState
from workflow.probes import CommandCheck, Health, Moment, Probe, ProbeResult, Seen
from workflow.probes.record import excused, record
from workflow.types import CommitId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.probes import Means

LANDING = Landing(
    id=1,
    kind=LandingKind.APPLY,
    proposal=3,
    reverts=None,
    branch="main",
    work_tree=None,
    before=CommitId("1" * 40),
    after=CommitId("2" * 40),
    state=LandingState.MOVED,
    who="Ada <ada@example.test>",
    at="2026-01-01T00:00:00Z",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Yield an empty store."""
    with closing(connect(tmp_path / "workflow")) as made:
        yield made


def silent(_detail: str) -> None:
    """Hear nothing."""


def flag(means: Means, name: str = "web") -> Probe:
    """Return a probe that passes while there is a file of its name."""
    return Probe(
        name, CommandCheck(("test", "-e", str(means.folder.parent / name))), tries=1, wait_s=0
    )


def up(means: Means, name: str = "web", *, is_up: bool = True) -> None:
    """Have such a probe pass, or fail."""
    path = means.folder.parent / name
    if is_up:
        path.touch()
    else:
        path.unlink()


def result(name: str = "web", *, is_passed: bool) -> ProbeResult:
    """Return a result by hand."""
    return ProbeResult(name, is_passed, "it says so", 0.5, 1, sha256(b"log"))


# --- before ---------------------------------------------------------------------------------------


def test_what_fails_before_forbids_the_landing(
    means: Means, connection: sqlite3.Connection
) -> None:
    """It could not tell afterwards what the landing did; the way out is named."""
    up(means, "api")
    both = [flag(means), flag(means, "api"), flag(means, "db")]
    with pytest.raises(probes.FailingProbeError) as caught:
        probes.before(both, means, connection, 3, (), tell=silent)
    assert caught.value.exit_code is ExitCode.REFUSED
    assert caught.value.message == (
        "probes web, db fail (exit status 1) already, before the landing; nothing has changed"
    )
    assert caught.value.hint.endswith("workflow apply 3 --despite-probe web --despite-probe db")
    (found, *_) = probes.seen(connection, 3)
    assert (found.moment, found.landing, found.is_despite) == (Moment.BEFORE, None, False)


def test_a_probe_that_is_passed_over_decides_nothing(
    means: Means, connection: sqlite3.Connection
) -> None:
    """Neither before nor after, also when another command goes on with the landing."""
    both = [flag(means), flag(means, "api")]
    up(means, "api")
    found = probes.before(both, means, connection, 3, ("web",), tell=silent)
    assert [one.decides for one in found] == [False, False]
    about = probes.after(both, means, connection, LANDING, tell=silent)
    assert [one.decides for one in about] == [False, False]
    assert probes.health(about) is Health.UNPROVEN
    up(means, "api", is_up=False)
    about = probes.after(both, means, connection, LANDING, tell=silent)
    assert [one.result.name for one in about if one.decides] == ["api"]


def test_what_was_mended_proves(means: Means, connection: sqlite3.Connection) -> None:
    """A change may be what mends the probe that failed before it."""
    one = [flag(means)]
    probes.before(one, means, connection, 3, ("web",), tell=silent)
    up(means)
    about = probes.after(one, means, connection, LANDING, tell=silent)
    assert probes.health(about) is Health.PROVEN


def test_a_pass_ends_an_excuse(means: Means, connection: sqlite3.Connection) -> None:
    """What was named and passes before the landing decides like any other."""
    one = [flag(means)]
    up(means)
    probes.before(one, means, connection, 3, ("web",), tell=silent)
    up(means, is_up=False)
    (found,) = probes.after(one, means, connection, LANDING, tell=silent)
    assert found.decides


def test_an_excuse_is_for_one_landing(connection: sqlite3.Connection) -> None:
    """The next time that the proposal is landed, it has to be named again."""
    bad = [result(is_passed=False)]
    facts = {"proposal": 3, "landing": None, "moment": Moment.BEFORE}
    record(connection, bad, **facts, despite=("web",))  # type: ignore[arg-type]  # as keywords
    assert excused(probes.seen(connection, 3)) == {"web"}
    record(connection, bad, **facts)  # type: ignore[arg-type]  # as keywords
    assert excused(probes.seen(connection, 3)) == frozenset()
    assert excused(probes.seen(connection, 4)) == frozenset()


def test_a_name_that_no_probe_has(means: Means, connection: sqlite3.Connection) -> None:
    """A slip of the pen passes nothing over; nothing was asked."""
    with pytest.raises(UsageError, match="there is no probe 'wep'") as caught:
        probes.before([flag(means)], means, connection, 3, ("wep",), tell=silent)
    assert caught.value.hint == "the probes: web"
    assert probes.seen(connection, 3) == ()


# --- the record -----------------------------------------------------------------------------------


def test_the_ledger_has_every_result(connection: sqlite3.Connection) -> None:
    """As it was, with when and of which landing; the chain holds."""
    good, bad = result("web", is_passed=True), result("api", is_passed=False)
    record(connection, [good, bad], proposal=3, landing=None, moment=Moment.BEFORE)
    record(connection, [bad], proposal=3, landing=7, moment=Moment.AFTER, despite=("api",))
    record(connection, [good], proposal=4, landing=8, moment=Moment.RESTORED)
    assert probes.seen(connection, 3) == (
        Seen(good, Moment.BEFORE, None, is_despite=False),
        Seen(bad, Moment.BEFORE, None, is_despite=False),
        Seen(bad, Moment.AFTER, 7, is_despite=True),
    )
    assert [row.event for row in ledger.rows(connection)] == ["probe"] * 4


@pytest.mark.parametrize(
    ("outcomes", "health"),
    [
        ((), Health.UNPROVEN),
        ((("web", True),), Health.PROVEN),
        ((("web", True), ("api", False)), Health.FAILED),
        ((("web", False), ("web", True)), Health.PROVEN),
        ((("web", True), ("web", False)), Health.FAILED),
    ],
)
def test_what_probes_make_of_a_landing(
    connection: sqlite3.Connection, outcomes: tuple[tuple[str, bool], ...], health: Health
) -> None:
    """The last word of each counts; no probe is not health."""
    for name, is_passed in outcomes:
        record(
            connection,
            [result(name, is_passed=is_passed)],
            proposal=3,
            landing=1,
            moment=Moment.AFTER,
        )
    record(connection, [result(is_passed=False)], proposal=3, landing=2, moment=Moment.AFTER)
    assert probes.health(probes.of_landing(probes.seen(connection, 3), 1)) is health


# --- what is said ---------------------------------------------------------------------------------


def seen(name: str = "web", *, is_passed: bool) -> Seen:
    """Return what a probe said of the landing."""
    return Seen(result(name, is_passed=is_passed), Moment.AFTER, 1, is_despite=False)


def test_what_is_said_of_one_that_was_taken_back() -> None:
    """Which probe, why, that the files are as before, and whether the probe passes now."""
    bad, good = seen(is_passed=False), seen(is_passed=True)
    both = [bad, seen("api", is_passed=False)]
    error = probes.taken_back(
        LANDING,
        probes.reason([bad]),
        probes.now([bad], [good]),
        hint=probes.log_of(LANDING, [bad]),
    )
    assert error.exit_code is ExitCode.REFUSED
    assert error.message == (
        "proposal 3 was landed, probe web fails (it says so), and it was taken back:"
        " the files of main are what they were before; it passes again"
    )
    assert error.hint == "workflow show 3 --log probe:web"
    assert probes.reason(both) == "probes web, api fail (it says so)"
    assert probes.now([bad], [bad]) == "web still fails, so look elsewhere, too"
    assert probes.now(both, [good]) == "they pass again"


def test_what_is_said_of_one_that_could_not_be_taken_back() -> None:
    """Where it stands, why, and the commands for both ways out."""
    why = DirtyFileError("site.conf has changes of its own", hint="git stash push site.conf")
    error = probes.not_taken_back(LANDING, "probe web fails (it says so)", why)
    assert error.exit_code is ExitCode.ERROR
    assert error.message == (
        "proposal 3 has landed on main, probe web fails (it says so), and it could not be"
        " taken back: site.conf has changes of its own"
    )
    assert error.hint == (
        "git stash push site.conf; then `workflow rollback 3` takes it back, or"
        " `workflow apply 3` asks the probes again"
    )
    full = probes.not_taken_back(LANDING, "probe web fails", OSError(28, "No space"))
    assert full.message.endswith("No space")
