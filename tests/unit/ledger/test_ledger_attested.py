"""Which approvals an attestation holds: those that a landing's commit names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflow import ledger
from workflow.errors import StoreError
from workflow.ledger.attest import _counted

if TYPE_CHECKING:
    from sqlite3 import Connection

LANDING = {"proposal": 1, "row": 100, "after": "a" * 40}


def _counts(fresh: Connection, *trailers: str) -> list[tuple[str, str]]:
    """Return who counts by the trailers of a commit, and when they said yes."""
    found = _counted(fresh, LANDING, "d", trailers)
    return [(fact["approver"], fact["at"]) for fact in found]


def _given(fresh: Connection, who: str, at: str, **more: Any) -> None:
    said = {"proposal": 1, "digest": "d", "approver": who, "at": at, "proof": "git"}
    ledger.append(fresh, "approval", {**said, **more})


def test_only_those_that_the_commit_names_are_attested(fresh: Connection) -> None:
    """What was void when it landed is no approval; of two alike, the newer one counted."""
    ada, bob = "Ada <ada@x.test>", "Bob (ops) <bob@x.test>"
    _given(fresh, ada, "expired")
    _given(fresh, ada, "renewed")
    _given(fresh, bob, "plain")
    _given(fresh, bob, "signed", proof="signature")
    _given(fresh, bob, "older", digest="e")
    assert _counts(fresh) == []
    assert _counts(fresh, f"{ada} (own, single user)") == [(ada, "renewed")]
    assert _counts(fresh, f"{bob} (signed)", ada) == [(bob, "signed"), (ada, "renewed")]
    assert _counts(fresh, bob) == [(bob, "plain")]
    with pytest.raises(StoreError, match="Approved-by that the ledger lacks"):
        _counts(fresh, f"{ada} (signed)")
    long = "L" * 600 + " <l@x.test>"
    _given(fresh, long, "long")
    assert _counts(fresh, f"{long[:499]}…") == [(long, "long")]


def test_a_damaged_row_stops_in_words(fresh: Connection) -> None:
    """A body that is no object is named by its row, and everything that reads bodies stops."""
    _given(fresh, "Ada <ada@x.test>", "now")
    fresh.execute("DROP TRIGGER ledger_keeps")
    fresh.execute("UPDATE ledger SET body = '{'")
    with pytest.raises(StoreError, match="does not hold: row 1 is not"):
        ledger.facts(fresh, "approval", 1)
    with pytest.raises(StoreError) as caught, ledger.in_words(fresh):
        _counts(fresh)
    assert caught.value.hint == "workflow ledger verify"


def test_a_damaged_anchor_was_not_told(fresh: Connection) -> None:
    """Each command asks whether git was told: a damaged row may not stop it."""
    fresh.execute("INSERT INTO ledger VALUES (1, 'x', 'landing-moved', '{}', 'x', 'x')")
    for seq, body in enumerate(("{", '{"row":"9"}', '{"row":9.5}'), 2):
        fresh.execute("INSERT INTO ledger VALUES (?, 'x', 'anchor', ?, 'x', 'x')", (seq, body))
    assert not ledger.is_anchored(fresh)
    fresh.execute("INSERT INTO ledger VALUES (9, 'x', 'anchor', '{\"row\":1}', 'x', 'x')")
    assert ledger.is_anchored(fresh)
