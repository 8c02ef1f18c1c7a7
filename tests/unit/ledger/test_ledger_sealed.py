"""No text gets into the ledger as a model, a tool or a rule wrote it."""

from __future__ import annotations

import random
import string
import zlib
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from workflow import ledger, policy, record
from workflow.canonical import plain, sha256
from workflow.draft import Origin, Placed
from workflow.types import (
    Evidence,
    Finding,
    Forecast,
    Observation,
    Outcome,
    Route,
    Side,
    Tally,
    Turn,
    Verdict,
    Way,
)
from workflow.wiring.settings import built_in_policy

if TYPE_CHECKING:
    from tests.unit.conftest import Desk

SECRET = "".join(random.choices(string.ascii_letters, k=40))  # noqa: S311 - a sample
SEALED = "<sealed>"
TEXTS = 23
EVENT = "policy-change"
# Fields that hold names of ours, ids and times, and what was sealed before it came this far.
NAMES = {
    *("gate", "rule", "recipe_name", "provider", "model", "command", "judged", "severity"),
    *("request", "receipt", "base", "objection", "usage"),
}


def planted(value: Any) -> Any:
    """Return the same value with the secret in each of its texts."""
    if is_dataclass(value) and not isinstance(value, type):
        named = [one.name for one in fields(value) if one.name not in NAMES]
        return replace(value, **{name: planted(getattr(value, name)) for name in named})
    if isinstance(value, tuple):
        return tuple(map(planted, value))
    return f"{value} {SECRET}" if type(value) is str else value


def found(desk: Desk) -> record.Outcome:
    """Return what the stages of a proposal may find, with the secret wherever there is a text."""
    made = desk.proposal({"site.conf": b"two\n"})
    verdict = Verdict(
        "always",
        Outcome.PASS,
        "it passes",
        evidence=(Evidence(Side.BASE, "true", 0, 0.1, sha256(b"log")),),
        notes=("a note",),
        hint="a hint",
        proofs=("a proof",),
        tallies=(Tally(Turn.NEW_PASS, 1, ("a check",)),),
        doubts=("a doubt",),
    )
    one = replace(
        made.rounds[0],
        forecasts=(Forecast("always", Outcome.PASS, "why", tests=("a test",)),),
        repairs=("a repair",),
        observations=(Observation("a.txt", 1, "high", "what", "mend"),),
        verdicts=(verdict,),
    )
    route = Route(Way.SURGEON, ("a reason",), looked_at=("a name",))
    finding = Finding("a-rule", made.files[0].path, "a reason")
    return record.Outcome(
        planted(Origin(made.request, made.base, route, (one,), wish="a wish")),
        Placed(desk.git.change(made.base.tree, made.tree), made.patch, made.blast_radius),
        planted(policy.Judgement((finding,), (finding,))),
        (planted(verdict),),
        None,
    )


def test_each_text_is_sealed_before_it_is_a_fact(desk: Desk) -> None:
    """Wherever a text stands, it is sealed in the rows, in the body and in the file itself."""
    outcome = found(desk).sealed(lambda text: text.replace(SECRET, SEALED))
    desk.store.log("round", plain(outcome.origin.rounds[0]))
    record.record(desk.git, desk.store, outcome, policy=built_in_policy())
    rows = [str(row.body) for row in ledger.rows(desk.store.connection)]
    # Twice in the round and its verdict, and in finding, declaration, route, verdict of their own.
    assert sum(row.count(SEALED) for row in rows) == TEXTS
    assert SECRET not in "".join(rows)
    desk.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in desk.store.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    for (data,) in desk.store.connection.execute("SELECT data FROM blobs"):
        assert SECRET.encode() not in zlib.decompress(data)


def test_a_policy_of_another_digest_is_a_fact(desk: Desk) -> None:
    """When the policy of the base is not that of the proposal before, both digests are told."""
    for name in (b"one", b"one", b"two"):
        made = desk.proposal({"site.conf": b"two\n"})
        desk.store.add(replace(made, policy=sha256(name)))
    changes = [row.body for row in ledger.rows(desk.store.connection) if row.event == EVENT]
    told = {"proposal": 3, "before": sha256(b"one"), "after": sha256(b"two")}
    assert changes == [told]
