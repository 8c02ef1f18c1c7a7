"""`workflow keys`: whose SSH keys may sign approvals, by the file that the base's policy names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow import wiring
from workflow.cli import session
from workflow.cli.output import visible
from workflow.errors import WorkflowError
from workflow.git_store import discover
from workflow.identity import signatures

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.git_store import GitStore
    from workflow.identity import Signer

KEYS = (
    *("line", "principals", "type", "fingerprint", "is_authority", "namespaces"),
    *("after", "before", "counts", "problem", "is_yours"),
)
"""The keys of each line of the file."""
_HOW = "approval.signers of the policy names the file; its lines are `EMAIL KEYTYPE KEY`"


def run(output: Output) -> None:
    """Print a line for each key of the base's file of allowed signers."""
    git = discover(session.here())
    base = git.snapshot()
    policy = wiring.read_policy(git, base.tree, wiring.read_settings(git, base.tree))
    consent = policy.approvals.consent
    data: dict[str, Any] = {
        "commit": base.commit,
        "policy": policy.source,
        "file": consent.signers,
        "required": consent.signatures,
        "namespace": signatures.NAMESPACE,
        "keys": [],
    }
    if consent.signers is None:
        following = "workflow whoami"
        said = f"{policy.source} names no file of signers, so no signature counts; {_HOW}"
        output.result({**data, "next": following}, visible(said))
        output.next(following)
        return
    file = signatures.signers(git, base.tree, consent.signers)
    mine = _own_fingerprint(git)
    data["keys"] = [_row(one, mine) for one in signatures.listed(file)]
    needed = "every approval has to be signed" if consent.signatures else "approvals may be signed"
    head = f"{file.path} at {base.commit.short}: {needed} (namespace {signatures.NAMESPACE})"
    following = "workflow approve ID --sign"
    lines = [_line(row) for row in data["keys"]] or [Text("  it has no key")]
    output.result({**data, "next": following}, Text(visible(head), "bold"), *lines)
    output.next(following)


def _own_fingerprint(git: GitStore) -> str:
    """The fingerprint of the key that `--sign` would take, empty where there is none."""
    try:
        key = signatures.own_key(git)
        return signatures.key_fingerprint(key) if key else ""
    except WorkflowError:
        return ""


def _row(one: Signer, mine: str) -> dict[str, Any]:
    problem = signatures.why_not(one, signatures.NAMESPACE, datetime.now(UTC))
    return {
        "line": one.line,
        "principals": list(one.principals),
        "type": one.key_type or None,
        "fingerprint": one.fingerprint or None,
        "is_authority": one.is_authority,
        "namespaces": list(one.namespaces),
        "after": one.after or None,
        "before": one.before or None,
        "counts": not problem,
        "problem": problem or None,
        "is_yours": bool(mine) and one.fingerprint == mine,
    }


def _line(row: dict[str, Any]) -> Text:
    names = ", ".join(row["principals"]) or f"line {row['line']}"
    key = f"{row['type']} {row['fingerprint']}" if row["type"] else ""
    notes = [
        "yours" if row["is_yours"] else "",
        "an authority: those whom it certifies" if row["is_authority"] else "",
        f"from {row['after']}" if row["after"] and row["counts"] else "",
        f"until {row['before']}" if row["before"] and row["counts"] else "",
        f"does not count: {row['problem']}" if row["problem"] else "",
    ]
    style = "yellow" if row["problem"] else ""
    said = "; ".join(note for note in notes if note)
    return Text.assemble(
        f"  {visible(names)}  ",
        (visible(key), "dim"),
        (f"  {visible(said)}" if said else "", style),
    )
