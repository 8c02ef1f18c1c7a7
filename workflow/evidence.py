"""Runs every gate whose business a change is, on both trees, in the sandbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workflow.errors import SandboxUnavailableError, StateError
from workflow.gates import Case
from workflow.scratch import check_out
from workflow.types import Outcome, TreeChange, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.gates import Gate
    from workflow.git_store import GitStore
    from workflow.sandbox import Sandbox
    from workflow.types import Keep, Proposal

_MAX_ERROR = 300
FRESH = timedelta(hours=1)
"""How long a verdict on two unchanged trees counts; older evidence is made again before landing."""


def judge(  # noqa: PLR0913 - the change, the means to judge it, and whom to tell
    git: GitStore,
    change: TreeChange,
    *,
    gates: Sequence[Gate],
    sandbox: Sandbox,
    keep: Keep,
    scratch: Path,
    tell: Callable[[str], None],
) -> tuple[Verdict, ...]:
    """One verdict for each gate that applies; none is not clearance.

    `scratch` is an empty folder of this command's own; `tell` hears each gate's name as it starts.

    Raises `SandboxUnavailableError`: without a sandbox nothing is run at all.
    """
    base = check_out(git, change.base, scratch / "base")
    patched = check_out(git, change.proposed, scratch / "patched")
    case = Case(change=change, base=base, patched=patched, sandbox=sandbox, keep=keep)
    verdicts = []
    for gate in gates:
        if gate.applies(case):
            tell(gate.name)
            verdicts.append(_judge(gate, case))
    return tuple(verdicts)


def is_fresh(proposal: Proposal, now: datetime) -> bool:
    """Whether a proposal's verdicts are young enough to land on."""
    # A clock that was set back makes evidence from the future, which is not fresh either.
    return timedelta(0) <= now - datetime.fromisoformat(proposal.created) <= FRESH


def require_clear(verdicts: Sequence[Verdict], number: int) -> None:
    """Refuse to land on anything but passes.

    Raises `StateError` naming the first gate that did not pass, or that there was none.
    """
    against = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]
    if verdicts and not against:
        return
    said = f"{against[0].gate}: {against[0].summary}" if against else "no gate judges it"
    message = f"proposal {number} does not hold any more: {said}"
    raise StateError(message, hint="propose the change again")


def _judge(gate: Gate, case: Case) -> Verdict:
    """A gate's verdict; a gate that breaks could not judge, which does not pass."""
    try:
        return gate.judge(case)
    except SandboxUnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 - the gate runner: whatever broke is an ERROR verdict
        reason = f"{type(error).__name__}: {error}"[:_MAX_ERROR]
        return Verdict(
            gate=gate.name,
            outcome=Outcome.ERROR,
            summary=f"the gate itself broke: {reason}",
            hint="run `workflow doctor`",
        )
