"""What landed, as in-toto statements in DSSE envelopes, for those who do not have this program.

Statement: in-toto attestation specification, v1.  Envelope and pre-authentication encoding: DSSE
protocol, v1.  A signature is what `ssh-keygen -Y sign` makes of the encoded statement.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from workflow.canonical import encode, sha256
from workflow.errors import StoreError
from workflow.ledger.chain import facts, in_words
from workflow.text import is_hidden, one_line

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.types import TreeId

NAMESPACE = "attestation@change-workflow"
"""What a signature over an attestation is for, so that it can be taken for nothing else."""
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "tag:change-workflow.example,2026:landing/v1"
_APPROVALS = ("approval", "approval-carried")
# What stands behind a name in a trailer, and how much of a name surely stands there uncut.
_MARKS = re.compile(r" \(([a-z, ]+)\)\Z")
_UNCUT = 400
_APPROVAL_KEYS = ("approver", "at", "digest", "proof", "is_own", "signature", "carried_from")


def landings(
    connection: sqlite3.Connection, proposal: int | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of landings that moved a branch, oldest first: their bodies, `row`, `hash`, `at`."""
    for row in connection.execute(
        "SELECT seq, at, body, hash FROM ledger WHERE event = 'landing-moved' ORDER BY seq"
    ):
        with in_words(connection):
            fact = json.loads(row["body"])
        if proposal in {None, fact["proposal"]}:
            yield {**fact, "row": row["seq"], "hash": row["hash"], "at": row["at"]}


def statement(
    connection: sqlite3.Connection,
    landing: Mapping[str, Any],
    tree: TreeId,
    approved_by: Sequence[str],
) -> dict[str, Any]:
    """What is said of one landing, whose commit has `tree` and these trailers `Approved-by`.

    Its approvals are those that counted when it landed, which the commit names; a rollback has
    none.  Raises `StoreError` when the proposal's row is not what the ledger says it is, and when
    the ledger has no approval that the commit names.
    """
    number = landing["proposal"]
    said = _proposal(connection, number)
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": "commit", "digest": {"gitCommit": landing["after"]}},
            {"name": "tree", "digest": {"gitTree": str(tree)}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "landing": {key: landing[key] for key in ("kind", "branch", "who", "at")},
            "ledger": {"repository": said["repository"], **_of(landing, "row", "hash")},
            "materials": [
                {"name": "base", "digest": {"gitCommit": said["base"]["commit"]}},
                {"name": "before", "digest": {"gitCommit": landing["before"]}},
            ],
            "proposal": {"number": number, "digest": said["digest"], "patch": said["patch"]},
            "request": {
                "digest": sha256(encode(said["request"])),
                "requester": said["request"]["requester"],
                "revisers": [one["identity"] for one in said["revisers"]],
            },
            "policy": said["policy"],
            **_made(said),
            **_consent(connection, landing, said["digest"], approved_by),
        },
    }


def _made(said: Mapping[str, Any]) -> dict[str, Any]:
    """How the proposal came about: what judged it, who drafted it, and what was sent for that."""
    rounds = [one for one in said["rounds"] if one["stands"]]
    return {
        "gates": [
            {
                **_of(one, "gate", "outcome", "judged", "proofs"),
                "evidence": [_of(run, "side", "exit_status", "log") for run in one["evidence"]],
            }
            for one in said["verdicts"]
        ],
        "drafts": [
            _of(one, "role", "recipe_name", "recipe", "provider", "model", "draft")
            for one in rounds
        ],
        "receipts": [
            _of(
                one["receipt"],
                "destination",
                "prompt",
                "prompt_bytes",
                "sent_bytes",
                "requests",
            )
            for one in rounds
        ],
    }


def _consent(
    connection: sqlite3.Connection,
    landing: Mapping[str, Any],
    digest: str,
    approved_by: Sequence[str],
) -> dict[str, Any]:
    """Whose approvals counted, and whether the glass was broken instead."""
    return {
        "approvals": [
            _of(fact, *_APPROVAL_KEYS)
            for fact in _counted(connection, landing, digest, approved_by)
        ],
        "glass": [
            _of(fact, "who", "reason")
            for fact in facts(connection, "break-glass", landing["proposal"], landing["row"])
        ],
    }


def payload(said: Mapping[str, Any]) -> bytes:
    """A statement's bytes: canonical JSON."""
    return encode(dict(said))


def encoded(data: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of a payload."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(data), data)


def envelope(data: bytes, signature: str, fingerprint: str) -> dict[str, Any]:
    """A payload with an armored SSH signature over its encoding, as a DSSE envelope."""
    return {
        "payload": base64.b64encode(data).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {"keyid": fingerprint, "sig": base64.b64encode(signature.encode()).decode()}
        ],
    }


def _of(said: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: said.get(key) for key in keys}


def _proposal(connection: sqlite3.Connection, number: int) -> dict[str, Any]:
    row = connection.execute(
        "SELECT digest, body FROM proposals WHERE id = ?", (number,)
    ).fetchone()
    body = str(row["body"]) if row else ""
    recorded = [one["digest"] for one in facts(connection, "proposal", number)]
    if not row or recorded != [row["digest"]] or sha256(body.encode()) != row["digest"]:
        message = f"the row of proposal {number} is not what the ledger says of it"
        raise StoreError(message, hint="workflow ledger verify")
    said: dict[str, Any] = json.loads(body)
    return {**said, "digest": row["digest"]}


def _counted(
    connection: sqlite3.Connection,
    landing: Mapping[str, Any],
    digest: str,
    approved_by: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """The newest approval of the digest that each trailer can mean, in the trailers' order."""
    given = [
        fact
        for event in _APPROVALS
        for fact in facts(connection, event, landing["proposal"], landing["row"])
        if fact["digest"] == digest
    ]
    for value in approved_by:
        found = next((fact for fact in reversed(given) if _is_meant(fact, value)), None)
        if found is None:
            message = f"commit {landing['after'][:10]} has an Approved-by that the ledger lacks"
            raise StoreError(message, hint="workflow ledger verify; git log -1 of that commit")
        given.remove(found)
        yield found


def _is_meant(fact: Mapping[str, Any], value: str) -> bool:
    """Whether a trailer `Approved-by`, as `apply.message` writes it, means an approval."""
    shown = (" " if is_hidden(char) else char for char in fact["approver"])
    name = one_line("".join(shown))
    if len(name) > _UNCUT:
        return value.startswith(name[:_UNCUT])
    found = _MARKS.match(value, len(name))
    marks = found[1].split(", ") if found else []
    return (
        (value == name or (value.startswith(name) and found is not None))
        and ("signed" in marks) == (fact["proof"] == "signature")
        and ("carried" in marks) == bool(fact.get("carried_from"))
    )
