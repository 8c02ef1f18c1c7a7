"""Proposals, verdicts, approvals and kept bytes, each written together with its ledger rows."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from workflow import ledger, votes
from workflow.answers import Answers, bounded
from workflow.canonical import digest, encode, plain, sha256
from workflow.database import connect, is_read_only, transaction
from workflow.errors import (
    ChangedProposalError,
    StoreError,
    UnknownProposalError,
)
from workflow.types import Digest, Proposal, State
from workflow.verdicts import Verdicts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import TypeAdapter

    from workflow.types import Answered, Sent, Usage
    from workflow.votes import Approval


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """What a listing shows of a proposal.

    `wish` are a reviewer's words, empty where the proposal is not a revision; `revises` is the
    number of the one that it revises, `None` where that is not here.
    """

    id: int
    digest: Digest
    state: State
    created: str
    branch: str
    title: str
    requester: str
    files: tuple[str, ...]
    wish: str = ""
    revises: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A proposal as it was recorded: its number, state, digest and body."""

    id: int
    state: State
    digest: Digest
    proposal: Proposal


class Store:
    """The rows of one repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_read_only = is_read_only(folder)
        self.connection = connect(folder)
        self.answers = Answers(self.connection)
        self.passes = Verdicts(self.connection)

    @property
    def repository(self) -> str:
        """This repository's own random name, which every digest covers."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'repository'").fetchone()
        return str(row["value"])

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    # --- blobs --------------------------------------------------------------------------------

    def keep(self, data: bytes) -> Digest:
        """Keep bytes under their own digest."""
        name = sha256(data)
        self.connection.execute(
            "INSERT OR IGNORE INTO blobs VALUES (?, ?)", (name, zlib.compress(data))
        )
        return name

    def kept(self, name: Digest) -> bytes:
        """Bytes that were kept.  Raises `StoreError` if they are gone or no longer themselves."""
        row = self.connection.execute("SELECT data FROM blobs WHERE digest = ?", (name,)).fetchone()
        try:
            data = zlib.decompress(row["data"]) if row else None
        except zlib.error:
            data = None
        if data is None or sha256(data) != name:
            message = f"kept bytes {name.short} are {'changed' if row else 'gone'}"
            raise StoreError(message, hint="run `workflow doctor`")
        return data

    def sent(self, request: Sent, body: bytes) -> None:
        """Record a request in the ledger, and keep its body, before it leaves.

        Raises `StoreError` when `body` is not what the request says it is.
        """
        with transaction(self.connection):
            if self.keep(body) != request.body:
                message = f"the request to {request.destination} is not the one that was looked at"
                raise StoreError(message, hint="run `workflow doctor`")
            self.log("sent", plain(request))

    def answered(self, answer: Answered, body: bytes) -> Digest:
        """Keep a paid answer and record what it took; returns the digest that it is kept under.

        `body` is kept as it is given: who calls this has sealed it.
        """
        usage = bounded(answer.usage)
        with transaction(self.connection):
            name = self.keep(body)
            self.answers.add(answer, usage, name, ledger.now())
            self.log("answer", _answer_facts(answer, usage, name))
        return name

    def unusable(self, answer: Digest, reason: str) -> None:
        """Record of a paid answer, which was kept before it was read, that it is of no use."""
        with transaction(self.connection):
            self.answers.spoil(answer, reason)
            self.log("unusable", {"answer": answer, "reason": reason})

    # --- proposals ----------------------------------------------------------------------------

    def add(self, proposal: Proposal) -> Stored:
        """Record a proposal with its verdicts and ledger rows, all or nothing."""
        state = State.AWAITING if proposal.is_clear else State.REFUSED
        name = digest(proposal)
        body = encode(plain(proposal)).decode()
        with transaction(self.connection):
            cursor = self.connection.execute(
                "INSERT INTO proposals"
                " (digest, state, created, branch, title, wish, revised_from, rebased_from,"
                " requester, files, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(name, state, proposal.created, proposal.base.branch),
                    *(proposal.request.text, proposal.wish, proposal.revised_from),
                    *(proposal.rebased_from, str(proposal.request.requester)),
                    *(json.dumps([str(change.path) for change in proposal.files]), body),
                ),
            )
            number = cursor.lastrowid or 0
            self.connection.executemany(
                "INSERT INTO verdicts VALUES (?, ?, ?, ?)",
                [(number, v.gate, v.outcome, v.summary) for v in proposal.verdicts],
            )
            for event, facts in _facts(proposal):
                self.log(event, {"proposal": number, **facts})
            before, policy = self._last_policy(), proposal.policy
            if before not in {None, policy}:
                self.log("policy-change", {"proposal": number, "before": before, "after": policy})
            told = {"proposal": number, "digest": name, "state": state, "policy": policy}
            self.log("proposal", told)
        return Stored(number, state, name, proposal)

    def _last_policy(self) -> str | None:
        """The digest of the policy that the newest proposal in the ledger was judged by."""
        with ledger.in_words(self.connection):
            row = self.connection.execute(
                "SELECT json_extract(body, '$.policy') AS policy FROM ledger"
                " WHERE event = 'proposal' ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        return str(row["policy"]) if row else None

    def skip_to(self, number: int) -> None:
        """Never give out a number up to `number`, of which this store may have no row."""
        with transaction(self.connection):
            self.connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT 'proposals', 0"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'proposals')"
            )
            self.connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'proposals'", (number,)
            )

    def anchored(self, number: int) -> None:
        """Note that the proposal's ref exists, so that its objects outlive `git gc`."""
        self.connection.execute("UPDATE proposals SET anchored = 1 WHERE id = ?", (number,))

    def unanchored(self) -> tuple[Stored, ...]:
        """Proposals recorded by a command that was killed before it made their ref."""
        found = self.connection.execute("SELECT id FROM proposals WHERE anchored = 0").fetchall()
        return tuple(self.get(row["id"]) for row in found)

    def get(self, number: int) -> Stored:
        """A proposal, checked against its own digest and the one in the ledger.

        Raises `UnknownProposalError`, and `ChangedProposalError` when the row was tampered with.
        """
        row = self.connection.execute("SELECT * FROM proposals WHERE id = ?", (number,)).fetchone()
        if row is None:
            message = f"there is no proposal {number}"
            raise UnknownProposalError(message, hint="workflow list")
        body = row["body"].encode()
        recorded = [fact["digest"] for fact in ledger.facts(self.connection, "proposal", number)]
        if sha256(body) != row["digest"] or recorded != [row["digest"]]:
            message = f"the row of proposal {number} was changed after it was recorded"
            raise ChangedProposalError(message, hint="propose the change again")
        return Stored(number, _state(row), Digest(row["digest"]), _decode(body))

    def rows(self) -> tuple[ProposalRow, ...]:
        """Every proposal, newest first, without its body."""
        found = self.connection.execute(
            "SELECT id, digest, state, created, branch, title, wish, revised_from, requester,"
            " files FROM proposals ORDER BY id DESC"
        ).fetchall()
        numbers = {row["digest"]: row["id"] for row in found}
        return tuple(
            ProposalRow(
                *(row["id"], Digest(row["digest"]), _state(row), row["created"]),
                *(row["branch"], row["title"], row["requester"], tuple(json.loads(row["files"]))),
                *(row["wish"], numbers.get(row["revised_from"])),
            )
            for row in found
        )

    def number_of(self, name: Digest) -> int | None:
        """The number of the proposal with a digest, `None` where there is none."""
        row = self.connection.execute(
            "SELECT id FROM proposals WHERE digest = ? ORDER BY id LIMIT 1", (name,)
        ).fetchone()
        return int(row["id"]) if row else None

    def successor(self, name: Digest) -> int | None:
        """The number of the proposal that puts the one with a digest on a newer base, if any."""
        row = self.connection.execute(
            "SELECT id FROM proposals WHERE rebased_from = ? ORDER BY id DESC LIMIT 1", (name,)
        ).fetchone()
        return int(row["id"]) if row else None

    def newest(self, number: int) -> int:
        """The number of the proposal that stands in the place of one by now; its own if it does."""
        stored = self.get(number)
        after = self.successor(stored.digest) if stored.state is State.SUPERSEDED else None
        return number if after is None else self.newest(after)

    def numbers_after(self, number: int) -> tuple[int, ...]:
        """The numbers of the proposals that came later, oldest first."""
        found = self.connection.execute(
            "SELECT id FROM proposals WHERE id > ? ORDER BY id", (number,)
        )
        return tuple(row["id"] for row in found)

    def set_state(self, number: int, state: State) -> None:
        """Move a proposal to another state."""
        self.connection.execute("UPDATE proposals SET state = ? WHERE id = ?", (state, number))

    # --- decisions ----------------------------------------------------------------------------

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """Every yes to a proposal, oldest first; whether they count is for `approval` to say."""
        return votes.approvals(self.connection, number)

    # --- the ledger ---------------------------------------------------------------------------

    def log(self, event: str, body: Mapping[str, Any]) -> None:
        """Add one fact to the ledger."""
        ledger.append(self.connection, event, body)


def _facts(proposal: Proposal) -> list[tuple[str, Mapping[str, Any]]]:
    """The ledger rows of a new proposal, in the order in which they became true."""
    body = plain(proposal)
    rows: list[tuple[str, Mapping[str, Any]]] = [
        ("request", {**body["request"], "base": body["base"]}),
        ("route", body["route"]),
    ]
    rows += [("finding", finding) for finding in body["findings"]]
    rows += [("declaration", finding) for finding in body["declared"]]
    rows += [("verdict", verdict) for verdict in body["verdicts"]]
    return rows


def _answer_facts(answer: Answered, usage: Usage, body: Digest) -> Mapping[str, Any]:
    """The ledger row of a paid answer: what it took, and nothing of what it says."""
    return {
        "provider": answer.provider,
        "model": answer.model,
        "recipe": answer.recipe,
        "role": answer.role,
        "usage": plain(usage),
        "is_usable": answer.is_usable,
        "reason": answer.reason,
        "answer": body,
    }


def _state(row: sqlite3.Row) -> State:
    try:
        return State(row["state"])
    except ValueError as error:
        message = f"proposal {row['id']} is in a state that does not exist: {row['state']!r}"
        raise StoreError(
            message, hint="use the `workflow` that wrote it, or a newer one"
        ) from error


def _decode(body: bytes) -> Proposal:
    """A proposal from its canonical form; pydantic checks every id and enumeration in it."""
    from pydantic import ValidationError  # noqa: PLC0415 - listings do not pay for it

    try:
        return _reader().validate_json(body)
    except ValidationError as error:
        message = f"a proposal's row does not hold a proposal: {error.error_count()} faults"
        raise StoreError(
            message, hint="use the `workflow` that wrote it, or a newer one"
        ) from error


@cache
def _reader() -> TypeAdapter[Proposal]:
    """What reads proposals; made once, since making it takes longer than reading hundreds."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - listings do not pay for it

    return TypeAdapter(Proposal)
