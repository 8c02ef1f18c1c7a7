"""The ledger for others: one row a line, from which anybody can recompute the chain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflow.ledger.chain import canonical, parsed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_ROWS = "SELECT seq, at, event, body, previous, hash FROM ledger ORDER BY seq"
_NEWEST = "SELECT * FROM (SELECT * FROM ledger ORDER BY seq DESC LIMIT ?) ORDER BY seq"
_NAMES = ("seq", "at", "event", "body", "previous", "hash")


def lines(connection: sqlite3.Connection, proposal: int | None = None) -> Iterator[bytes]:
    """Every row, oldest first, or those of one proposal, as canonical JSON with a line feed.

    `body` is a string: the very text that is hashed.  Without `hash`, such a line's canonical form
    is what the hash is over; see `docs/ledger.md`.
    """
    for row in told(connection, proposal):
        yield canonical(row) + b"\n"


def told(
    connection: sqlite3.Connection, proposal: int | None = None, last: int = 0
) -> Iterator[dict[str, Any]]:
    """Rows as they stand, oldest first: all, those of one proposal, or the newest `last`.

    `last` is for all rows; of one proposal's, all are given.
    """
    if proposal is None:
        newest = connection.execute(_NEWEST, (last,)) if last else connection.execute(_ROWS)
        yield from ({name: row[name] for name in _NAMES} for row in newest)
        return
    known = _of_proposal(connection, proposal)
    for row in connection.execute(_ROWS):
        if _is_of(row["event"], parsed(row["body"]), proposal, known):
            yield {name: row[name] for name in _NAMES}


def _of_proposal(connection: sqlite3.Connection, proposal: int) -> frozenset[str]:
    """The digests by which rows are known that were written before a proposal had its number."""
    row = connection.execute("SELECT body FROM proposals WHERE id = ?", (proposal,)).fetchone()
    rounds: list[dict[str, Any]] = json.loads(row["body"])["rounds"] if row else []
    found = {sent["body"] for one in rounds for sent in one["receipt"]["requests"]}
    found |= {one["answer"] for one in rounds if one["answer"]}
    found |= {_round(one) for one in rounds}
    return frozenset(found)


def _is_of(event: str, said: dict[str, Any], proposal: int, known: frozenset[str]) -> bool:
    match event:
        case "sent":
            return said.get("body") in known
        case "answer" | "unusable":
            return said.get("answer") in known
        case "round":
            return _round(said) in known
        case _:
            return said.get("proposal") == proposal


def _round(said: dict[str, Any]) -> str:
    """What tells a round from others: the prompt that was rendered, with its fence, and a draft."""
    receipt = said.get("receipt")
    prompt = receipt.get("prompt") if isinstance(receipt, dict) else None
    return f"{prompt} {said.get('draft')}"
