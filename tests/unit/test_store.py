"""What is stored comes back as it was or not at all, and each row has its ledger rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow import ledger
from workflow.canonical import digest, encode, plain, sha256
from workflow.errors import (
    ChangedProposalError,
    StoreError,
    UnknownProposalError,
)
from workflow.store import Store
from workflow.types import Digest, Finding, RepoPath, Sent, State

if TYPE_CHECKING:
    from tests.unit.conftest import Desk, Spawn

ADD = """
import sys
from pathlib import Path
from dataclasses import replace
from workflow.store import Store
store = Store(Path(sys.argv[1]))
made = store.get(1).proposal
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    store.add(replace(made, wish=f"{sys.argv[2]} {number}"))
"""


def events(desk: Desk) -> list[str]:
    """Return the names of the ledger's events."""
    assert ledger.verify(desk.store.connection)[1] == ()
    return [row.event for row in ledger.rows(desk.store.connection)]


# --- blobs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"text", bytes(range(256)) * 1000])
def test_kept_bytes_come_back(desk: Desk, data: bytes) -> None:
    """Bytes are found by their own digest, and keeping them again changes nothing."""
    name = desk.store.keep(data)
    assert name == sha256(data)
    assert desk.store.keep(data) == name
    assert desk.store.kept(name) == data


def test_bytes_that_were_never_kept_are_gone(desk: Desk) -> None:
    """An unknown digest is an error that says so."""
    with pytest.raises(StoreError, match="are gone"):
        desk.store.kept(sha256(b"never"))


@pytest.mark.parametrize("data", [b"not zlib", b""])
def test_changed_bytes_are_refused(desk: Desk, data: bytes) -> None:
    """Bytes that are not those of their name are an error, also when they cannot be read."""
    name = desk.store.keep(b"text")
    desk.store.connection.execute("UPDATE blobs SET data = ?", (data,))
    with pytest.raises(StoreError, match="are changed"):
        desk.store.kept(name)


def test_bytes_of_another_name_are_refused(desk: Desk) -> None:
    """Bytes that were exchanged for other, readable ones are an error."""
    one, two = desk.store.keep(b"one"), desk.store.keep(b"two")
    desk.store.connection.execute(
        "UPDATE blobs SET data = (SELECT data FROM blobs WHERE digest = ?) WHERE digest = ?",
        (one, two),
    )
    with pytest.raises(StoreError, match="are changed"):
        desk.store.kept(two)


# --- proposals ---------------------------------------------------------------------------------


def test_a_request_is_recorded_with_its_body(desk: Desk) -> None:
    """The ledger has it, and its bytes are kept; one that is not what it says is neither."""
    body = b'{"model": "m"}'
    sent = Sent("2026-01-02T03:04:05Z", "https://api.example.test/v1", "m", sha256(body), len(body))
    desk.store.sent(sent, body)
    assert desk.store.kept(sent.body) == body
    assert events(desk)[-1] == "sent"
    count = len(events(desk))
    with pytest.raises(StoreError):
        desk.store.sent(sent, b"another body")
    assert len(events(desk)) == count
    with pytest.raises(StoreError):
        desk.store.kept(sha256(b"another body"))


def test_a_proposal_comes_back_as_it_was(desk: Desk) -> None:
    """Body, digest, state and listing agree with what was added."""
    made = desk.proposal({"site.conf": b"new\n"}, "make it\nnew")
    stored = desk.store.add(made)
    assert stored == desk.store.get(1)
    assert (stored.id, stored.state, stored.digest) == (1, State.AWAITING, digest(made))
    (row,) = desk.store.rows()
    assert (row.id, row.state, row.digest) == (1, State.AWAITING, stored.digest)
    assert (row.branch, row.title, row.files) == ("main", "make it\nnew", ("site.conf",))
    assert row.requester == "Ada Author <ada@example.test>"


def test_what_is_not_clear_is_refused_from_the_start(desk: Desk) -> None:
    """A proposal with a finding is stored, and never awaits approval."""
    finding = Finding("rule", RepoPath("site.conf"), "why")
    made = replace(desk.proposal({"site.conf": b"new\n"}), findings=(finding,))
    assert desk.store.add(made).state is State.REFUSED


def test_the_ledger_tells_the_story_in_order(desk: Desk) -> None:
    """Request, route, findings, verdicts, proposal: as they became true."""
    finding = Finding("rule", RepoPath("site.conf"), "why")
    made = desk.proposal({"site.conf": b"new\n"})
    desk.store.add(replace(made, findings=(finding,)))
    assert events(desk) == ["request", "route", "finding", "verdict", "proposal"]
    rows = {row.event: row.body for row in ledger.rows(desk.store.connection)}
    assert all(body["proposal"] == 1 for body in rows.values())
    assert rows["request"]["text"] == "a request"


def test_listings_are_newest_first(desk: Desk) -> None:
    """The proposal made last is listed first."""
    for content in (b"1\n", b"2\n", b"3\n"):
        desk.propose({"site.conf": content})
    assert [row.id for row in desk.store.rows()] == [3, 2, 1]


def test_a_proposal_that_cannot_be_recorded_leaves_nothing(desk: Desk) -> None:
    """When one of its rows is refused, none of them is there."""
    made = desk.proposal({"site.conf": b"new\n"})
    twice = replace(made, verdicts=made.verdicts * 2)
    with pytest.raises(Exception, match="UNIQUE"):
        desk.store.add(twice)
    assert desk.store.rows() == ()
    assert events(desk) == []


def test_an_unknown_number_is_named(desk: Desk) -> None:
    """Asking for what is not there says so and where to look."""
    with pytest.raises(UnknownProposalError, match="no proposal 7") as caught:
        desk.store.get(7)
    assert caught.value.hint == "workflow list"


@pytest.mark.parametrize(
    ("column", "value"),
    [("body", "{}"), ("body", ""), ("digest", "sha256:" + "0" * 64), ("digest", "none")],
)
def test_a_tampered_row_is_refused(desk: Desk, column: str, value: str) -> None:
    """A body that its digest does not cover is never handed out."""
    desk.propose({"site.conf": b"new\n"})
    statement = f"UPDATE proposals SET {column} = ?"  # noqa: S608 - a name from above
    desk.store.connection.execute(statement, (value,))
    with pytest.raises(ChangedProposalError, match="proposal 1 was changed"):
        desk.store.get(1)


def test_one_changed_character_is_refused(desk: Desk) -> None:
    """A request that says something else is another proposal."""
    desk.propose({"site.conf": b"new\n"})
    desk.store.connection.execute(
        "UPDATE proposals SET body = replace(body, 'a request', 'A request')"
    )
    with pytest.raises(ChangedProposalError):
        desk.store.get(1)


def test_a_body_that_is_no_proposal_is_refused(desk: Desk) -> None:
    """A body with a right digest that this version cannot read names the mend."""
    stored = desk.propose({"site.conf": b"new\n"})
    body = encode({**plain(stored.proposal), "base": "HEAD"}).decode()
    name = sha256(body.encode())
    desk.store.connection.execute("UPDATE proposals SET body = ?, digest = ?", (body, name))
    desk.store.connection.execute("DROP TRIGGER ledger_keeps")
    desk.store.connection.execute(
        "UPDATE ledger SET body = replace(body, ?, ?)", (stored.digest, name)
    )
    with pytest.raises(StoreError, match="does not hold a proposal"):
        desk.store.get(1)


def test_states_and_digests_that_do_not_exist_are_refused(desk: Desk) -> None:
    """A column with a value that no version wrote is an error of the store, not a crash."""
    desk.propose({"site.conf": b"new\n"})
    desk.store.connection.execute("UPDATE proposals SET state = 'blessed'")
    with pytest.raises(StoreError, match="proposal 1"):
        desk.store.get(1)
    with pytest.raises(StoreError, match="proposal 1"):
        desk.store.rows()


def test_proposals_without_a_ref_are_known(desk: Desk) -> None:
    """Between its row and its ref a proposal counts as unanchored."""
    desk.store.add(desk.proposal({"site.conf": b"new\n"}))
    assert [stored.id for stored in desk.store.unanchored()] == [1]
    desk.store.anchored(1)
    assert desk.store.unanchored() == ()


def test_two_processes_add_without_a_gap(desk: Desk, python: Spawn) -> None:
    """Adding at once gives each proposal a number of its own, and one whole chain."""
    desk.store.add(desk.proposal({"site.conf": b"new\n"}))
    children = [python(ADD, desk.store.folder, name) for name in ("one", "two")]
    assert [child.line() for child in children] == ["ready", "ready"]
    for child in children:
        child.tell("go")
    assert [child.close() for child in children] == [0, 0]
    rows = desk.store.rows()
    assert sorted(row.id for row in rows) == list(range(1, 22))
    wishes = [desk.store.get(row.id).proposal.wish for row in rows[:-1]]
    assert set(wishes) == {f"{who} {number}" for who in ("one", "two") for number in range(10)}
    assert events(desk).count("proposal") == 21


# --- the file ----------------------------------------------------------------------------------


def test_a_store_opened_again_holds_the_same(desk: Desk) -> None:
    """Everything is on the disk, the repository's name included."""
    stored = desk.approved({"site.conf": b"new\n"})
    again = Store(desk.store.folder)
    try:
        assert again.repository == desk.store.repository == stored.proposal.repository
        assert again.get(1) == stored
        assert again.approvals(1) == desk.store.approvals(1)
        assert isinstance(again.rows()[0].digest, Digest)
    finally:
        again.close()


def test_files_are_listed_as_json(desk: Desk) -> None:
    """Names that would break a line are kept whole."""
    desk.propose({'odd "name"\n': b"x\n"})
    (text,) = desk.store.connection.execute("SELECT files FROM proposals").fetchone()
    assert json.loads(text) == ['odd "name"\n']
    assert desk.store.rows()[0].files == ('odd "name"\n',)


def test_numbers_that_are_taken_are_not_given_out(desk: Desk) -> None:
    """After the store was deleted, the refs of its proposals still hold their numbers."""
    desk.store.skip_to(7)
    assert desk.propose({"site.conf": b"new\n"}).id == 8
    desk.store.skip_to(3)
    assert desk.propose({"site.conf": b"newer\n"}).id == 9
