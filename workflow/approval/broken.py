"""What the ledger holds of broken glass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow import ledger
from workflow.approval.interface import Glass
from workflow.types import Identity, Person, Proof

if TYPE_CHECKING:
    import sqlite3

    from workflow.store import Stored

EVENT = "break-glass"


def broken(connection: sqlite3.Connection, stored: Stored) -> Glass | None:
    """The newest break of glass for a proposal as it is, without whether it was reviewed."""
    for fact in reversed(ledger.facts(connection, EVENT, stored.id)):
        if fact["digest"] == stored.digest:
            name, _, rest = fact["who"].rpartition(" <")
            who = Identity(name, rest.removesuffix(">"))
            person = Person(who, fact.get("account", ""), Proof(fact.get("proof", Proof.GIT)))
            return Glass(person, fact.get("at", ""), fact["reason"], fact["digest"])
    return None


def broken_numbers(connection: sqlite3.Connection) -> frozenset[int]:
    """The numbers of all proposals for which glass was broken.

    Raises `StoreError` where a row of the ledger is damaged, so that this cannot be told.
    """
    with ledger.in_words(connection):
        found = connection.execute(
            "SELECT json_extract(body, '$.proposal') AS number FROM ledger WHERE event = ?",
            (EVENT,),
        )
        return frozenset(row["number"] for row in found)
