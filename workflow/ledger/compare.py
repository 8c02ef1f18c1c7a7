"""Holds a chain against what git says of it: who wrote the database anew has not written that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.canonical import sha256
from workflow.ledger.anchor import REF, is_anchored
from workflow.ledger.chain import parsed
from workflow.ledger.damage import Break

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.ledger.anchor import Anchor
    from workflow.ledger.walk import Walk
    from workflow.ledger.witness import Trailer

_ASIDE = "git update-ref refs/workflow/ledger-of-before {ref}, then git update-ref -d {ref}"


@dataclass(frozen=True, slots=True)
class Said:
    """What git says of a ledger: its anchors, oldest first, the trailers of commits, and refs.

    `refs` are the commits that git keeps of proposals, by number.
    """

    anchors: tuple[Anchor, ...]
    trailers: tuple[Trailer, ...]
    refs: Mapping[int, str]

    @property
    def rows(self) -> set[int]:
        """The numbers of the rows that it names."""
        return {one.seq for one in self.anchors} | {one.head.seq for one in self.trailers}


def rewritings(walk: Walk, said: Said, repository: str) -> Iterator[Break]:
    """Rows that git has seen otherwise, or that it has seen and that are not here."""
    yield from _by_anchors(walk, [one for one in said.anchors if one.repository == repository])
    yield from _by_trailers(walk, said.trailers, repository)


def losses(said: Said, connection: sqlite3.Connection, repository: str) -> Iterator[Break]:
    """What git has and the ledger does not know, and what the ledger says that git has."""
    yield from _by_former(said.anchors, repository)
    yield from _by_rows(said.anchors, connection)
    yield from _by_refs(said.refs, connection)


def notes(said: Said, connection: sqlite3.Connection, repository: str) -> Iterator[str]:
    """What a person should know, and is nothing wrong."""
    if not is_anchored(connection):
        yield "git has not been told of the newest landing yet; the next command does it"
    strange = {one.head.repository for one in said.trailers} - {repository}
    for name in sorted(strange):
        count = sum(one.head.repository == name for one in said.trailers)
        commits = "commit" if count == 1 else "commits"
        yield f"{count} {commits} landed by the ledger {name or 'of no name'}, which is not here"


def _by_anchors(walk: Walk, anchors: Sequence[Anchor]) -> Iterator[Break]:
    held, last = 0, None
    for one in anchors:
        who = f"anchor {one.commit.short} of {one.at}"
        if last is not None and one.seq <= last.seq:
            said = f"{who} stands behind one of row {last.seq}: {REF} was written anew"
            yield Break(one.seq, said)
            return
        found = walk.seen.get(one.seq, "")
        if not found:
            yield Break(one.seq, f"not here, and {who} saw it: the ledger has {walk.count} rows")
            return
        if found != one.hash:
            said = f"written anew: {who} saw another row {one.seq}"
            yield Break(held + 1, said, one.seq)
            return
        held, last = one.seq, one


def _by_former(anchors: Sequence[Anchor], repository: str) -> Iterator[Break]:
    strange = [one for one in anchors if one.repository != repository]
    if not strange:
        return
    last = strange[-1]
    if not last.seq:
        yield Break(1, f"{REF} holds {last.commit.short}, which is no anchor")
        return
    aside = _ASIDE.format(ref=REF)
    said = (
        f"git was told of another ledger, {last.repository}, up to row {last.seq} at {last.at}: "
        f"its store is gone (if you moved it away yourself: {aside})"
    )
    yield Break(1, said)


def _by_rows(anchors: Sequence[Anchor], connection: sqlite3.Connection) -> Iterator[Break]:
    """What the ledger says of its anchors, which git should have."""
    there = {str(one.commit) for one in anchors}
    found = connection.execute("SELECT seq, body FROM ledger WHERE event = 'anchor' ORDER BY seq")
    for seq, body in found:
        commit = str(parsed(body).get("commit", ""))
        if commit not in there:
            what = f"does not hold anchor {commit[:10]}" if there else "is gone"
            yield Break(seq, f"it says that git was told, and {REF} {what}")
            return


def _by_trailers(walk: Walk, trailers: Sequence[Trailer], repository: str) -> Iterator[Break]:
    ours = (one for one in trailers if one.head.repository == repository and one.head.seq)
    for one in sorted(ours, key=lambda trailer: trailer.head.seq):
        found = walk.seen.get(one.head.seq, "")
        if found != one.head.hash:
            what = "was another one" if found else "was there"
            yield Break(one.head.seq, f"{what} when commit {one.commit.short} landed")
            return


def _by_refs(refs: Mapping[int, str], connection: sqlite3.Connection) -> Iterator[Break]:
    """Proposals that git has and the ledger does not know, or knows as another one.

    A store that was moved away has left its refs; numbers go on after them.
    """
    known: dict[int, tuple[int, str]] = {}
    for seq, body in connection.execute("SELECT seq, body FROM ledger WHERE event = 'proposal'"):
        fact = parsed(body)
        if isinstance(number := fact.get("proposal"), int):
            known[number] = (seq, str(fact.get("digest")))
    end = connection.execute("SELECT max(seq) FROM ledger").fetchone()[0] or 0
    for number, commit in sorted(refs.items()):
        if known and number > min(known) and number not in known:
            yield Break(end + 1, f"git has proposal {number}, of which the ledger knows nothing")
        elif number in known:
            seq, digest = known[number]
            row = connection.execute(
                "SELECT body FROM proposals WHERE id = ?", (number,)
            ).fetchone()
            body = str(row["body"]) if row else ""
            if sha256(body.encode()) != digest:
                yield Break(seq, f"the store no longer holds proposal {number} as it says")
            elif parsed(body).get("commit") != commit:
                yield Break(seq, f"{REF.rpartition('/')[0]}/proposals/{number} is another commit")
