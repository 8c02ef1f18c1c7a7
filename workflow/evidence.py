"""The evidence stage: every gate that applies judges both trees, side by side."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from workflow import ledger, trees
from workflow.canonical import encode, sha256
from workflow.errors import SandboxUnavailableError, StateError
from workflow.gates import Case
from workflow.process import side_by_side
from workflow.types import Outcome, TreeChange, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow.gates import Gate
    from workflow.git_store import GitStore
    from workflow.sandbox import Sandbox
    from workflow.types import Digest, Keep, Proposal
    from workflow.verdicts import Verdicts

_MAX_ERROR = 300
FRESH = timedelta(hours=1)
"""How long a verdict on two unchanged trees counts; older evidence is made again before landing."""


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to judge: the gates, where they run, and where what they say is kept.

    `keep` seals a log and keeps it, `seal` seals a line that a tool wrote, `token` and `declared`
    are those of `gates.Case`.  `passes` are those of former commands; `None` has every gate judge
    anew.
    """

    gates: tuple[Gate, ...]
    sandbox: Sandbox
    keep: Keep
    seal: Callable[[str], str]
    token: Callable[[str], str]
    passes: Verdicts | None
    declared: frozenset[str] = frozenset()


def judge(
    git: GitStore, change: TreeChange, means: Means, *, tell: Callable[[str], None]
) -> tuple[Verdict, ...]:
    """One verdict for each gate that applies, in the gates' order; none is not clearance.

    `tell` hears the names of the gates that run, and how far a first checkout is.

    Raises `SandboxUnavailableError`, for without a sandbox nothing is run at all, and
    `CheckoutError`.
    """
    with _opened(git, change, means, tell) as case:
        return _verdicts(_applying(means, case), case, means, tell)


def holds(
    git: GitStore,
    change: TreeChange,
    means: Means,
    shown: Sequence[Verdict],
    *,
    tell: Callable[[str], None],
) -> bool:
    """Whether a smaller change passes the same gates, and proves all that `shown` proves.

    The gate that was quickest is asked first, and one that says less ends it.

    Raises what `judge` raises.
    """
    with _opened(git, change, means, tell) as case:
        gates = {gate.name: gate for gate in _applying(means, case)}
        # A gate that has nothing to judge any more was for what is left out.
        if set(gates) != {one.gate for one in shown}:
            return False
        for before in sorted(shown, key=attrgetter("seconds")):
            (now,) = _verdicts([gates[before.gate]], case, means, tell)
            if now.outcome is not Outcome.PASS or not set(now.proofs) >= set(before.proofs):
                return False
    return True


@contextmanager
def _opened(
    git: GitStore, change: TreeChange, means: Means, tell: Callable[[str], None]
) -> Iterator[Case]:
    """Both trees of a change, and what else gates are given."""
    keep = _one_at_a_time(means.keep)
    with trees.opened(git, change, tell=tell) as (base, patched):
        yield Case(change, base, patched, means.sandbox, keep, means.token, means.declared)


def _applying(means: Means, case: Case) -> list[Gate]:
    return [gate for gate in means.gates if gate.applies(case)]


def _verdicts(
    gates: Sequence[Gate], case: Case, means: Means, tell: Callable[[str], None]
) -> tuple[Verdict, ...]:
    keys = {gate.name: _key(gate, case) if means.passes else None for gate in gates}
    found = {name: _remembered(key, means.passes) for name, key in keys.items()}
    left = [gate for gate in gates if found[gate.name] is None]
    kept = [gate.name for gate in gates if found[gate.name]]
    anew = ", ".join(gate.name for gate in left) or "none has to run"
    tell(f"{anew} (kept: {', '.join(kept)})" if kept else anew)
    made = side_by_side([partial(_judge, gate, case) for gate in left])
    for gate, verdict in zip(left, made, strict=True):
        found[gate.name] = verdict
        if means.passes and (key := keys[gate.name]):
            means.passes.put(key, sealed(verdict, means.seal))
    return tuple(verdict for verdict in found.values() if verdict)


def sealed(verdict: Verdict, seal: Callable[[str], str]) -> Verdict:
    """A verdict with every text that a tool wrote sealed by `seal`."""

    def each(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(seal, texts))

    return replace(
        verdict,
        summary=seal(verdict.summary),
        notes=each(verdict.notes),
        hint=seal(verdict.hint),
        proofs=each(verdict.proofs),
        tallies=tuple(replace(one, names=each(one.names)) for one in verdict.tallies),
        doubts=each(verdict.doubts),
    )


def _remembered(key: Digest | None, passes: Verdicts | None) -> Verdict | None:
    verdict = passes.get(key) if passes and key else None
    if passes is None or key is None or verdict is None:
        return None
    return replace(verdict, is_kept=not passes.is_own(key))


def _key(gate: Gate, case: Case) -> Digest | None:
    """Return what a verdict depends on, as one name; `None` where that cannot be told."""
    identity = gate.identity(case)
    trees = [str(case.change.base), str(case.change.proposed)]
    words = [gate.name, identity, *trees, *sorted(case.declared)]
    return sha256(encode(words)) if identity else None


def _one_at_a_time(keep: Keep) -> Keep:
    """What gates keep side by side goes into one store, and through one vault."""
    lock = threading.Lock()

    def kept(data: bytes) -> Digest:
        with lock:
            return keep(data)

    return kept


def is_fresh(proposal: Proposal, now: datetime) -> bool:
    """Whether a proposal's verdicts are young enough to land on."""
    judged = [one.judged for one in proposal.verdicts if one.judged]
    # A clock that was set back makes evidence from the future, which is not fresh either.
    ages = [now - datetime.fromisoformat(at) for at in (proposal.created, *judged)]
    return all(timedelta(0) <= age <= FRESH for age in ages)


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
        return replace(gate.judge(case), judged=ledger.now())
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
