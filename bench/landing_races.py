"""Two processes at one repository at the same moment: what they do is done once, and none is lost.

Two workers are told by the clock when to begin, with a random head start.  After
each round git, the files, the index, the states and the ledger have to agree; `rounds` without a
fault is what counts.  `both` says how often both had done something, in whichever order.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow import apply, approval, git_store, ledger, recovery, votes
from workflow.canonical import sha256
from workflow.errors import BusyError, NotApprovedError, RefusedError, WorkflowError
from workflow.journal import Journal
from workflow.store import Store
from workflow.types import (
    BlastRadius,
    ChangeRequest,
    Consent,
    Identity,
    Outcome,
    Person,
    Proposal,
    RepoPath,
    Route,
    SelfApproval,
    State,
    Verdict,
    Way,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.apply import Move
    from workflow.git_store import GitStore

SEED = 8
ROUNDS = 200
HEAD_STARTS_S = {"land": 0.02, "approve": 0.02, "reject": 0.4, "rollback": 0.1, "commit": 0.4}
"""At most so much later than the other each begins: about as long as the other takes."""
LEAD_S = 0.01
DEADLINE_S = 60.0
ASKER = Identity("Ann Asker", "ann@example.test")
PEOPLE = tuple(
    Person(Identity(name, f"{name.lower()}@example.test"), name.lower()) for name in ("Bo", "Cy")
)
RACES = {
    "land, land": ("land", "land"),
    "approve and land, twice": ("approve", "approve"),
    "land, reject": ("land", "reject"),
    "land, roll back": ("land", "rollback"),
    "land, git commit": ("land", "commit"),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """One repository with its store and journal."""

    git: GitStore
    store: Store
    journal: Journal


@dataclass(frozen=True, slots=True)
class Tally:
    """How the rounds of one race ended: how often what was done by whom, and what was wrong."""

    rounds: int
    ends: Counter[str]
    faults: tuple[str, ...]
    seconds: float


def main() -> None:
    """Print the table; as a worker, do what is asked."""
    if sys.argv[1:2] == ["worker"]:
        _work()
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print("| race | rounds | faults | ends | s a round |\n| --- | --- | --- | --- | --- |")
    faults: list[str] = []
    for name in RACES:
        with tempfile.TemporaryDirectory(prefix="races-") as folder:
            tally = race(name, rounds, Path(folder))
        ends = ", ".join(f"{count} {end}" for end, count in tally.ends.most_common())
        each = tally.seconds / max(rounds, 1)
        print(f"| {name} | {rounds} | {len(tally.faults)} | {ends} | {each:.2f} |", flush=True)
        faults += tally.faults
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


def race(name: str, rounds: int, folder: Path, seed: int = SEED) -> Tally:
    """Run a race a number of times in a new repository below `folder`."""
    top = folder / "repo"
    top.mkdir()
    _git(top, "init", "--quiet", "--initial-branch", "main")
    for key, value in (("user.name", "Carl"), ("user.email", "carl@example.test")):
        _git(top, "config", key, value)
    (top / "site.conf").write_text("0\n")
    (top / "mine.txt").write_text("0\n")
    _git(top, "add", "--all")
    _git(top, "commit", "--quiet", "--message", "base")
    chance = random.Random(seed)  # noqa: S311 - the same rounds each time, and no secrets
    workers = [_start(), _start()]
    ends: Counter[str] = Counter()
    faults: list[str] = []
    started = time.monotonic()
    try:
        for number in range(1, rounds + 1):
            proposal, before = _set_up(top, name, number)
            results = _together(workers, top, RACES[name], proposal, chance)
            ends[" + ".join(result["end"] for result in results)] += 1
            found = _faults(top, results, proposal, before)
            faults += [f"{name}, round {number}: {fault} {results}" for fault in found]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    return Tally(rounds, ends, tuple(faults), time.monotonic() - started)


# --- a round -----------------------------------------------------------------------------------


def _set_up(top: Path, name: str, number: int) -> tuple[int, str]:
    """Make what the round is about: a proposal, approved unless that is raced for."""
    with _desk(top) as desk:
        if name == "land, roll back":
            first = _propose(desk, "mine.txt", f"landed {number}", quorum=1)
            _approve(desk, first, PEOPLE[0])
            _land(desk, first)
        is_raced = name == "approve and land, twice"
        proposal = _propose(desk, "site.conf", str(number), quorum=2 if is_raced else 1)
        if not is_raced:
            _approve(desk, proposal, PEOPLE[0])
        return proposal, str(desk.git.head_of("main"))


def _together(
    workers: list[subprocess.Popen[str]],
    top: Path,
    what: tuple[str, str],
    proposal: int,
    chance: random.Random,
) -> list[dict[str, Any]]:
    """Have both workers begin at once, but for a head start of one of them."""
    begin = time.monotonic() + LEAD_S
    for number, worker in enumerate(workers):
        order = {
            "top": str(top),
            "what": what[number],
            "proposal": proposal,
            "who": number,
            "at": begin + chance.uniform(0, HEAD_STARTS_S[what[number]]),
        }
        assert worker.stdin  # noqa: S101 - it was asked for
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
    results = []
    for worker in workers:
        assert worker.stdout  # noqa: S101 - it was asked for
        results.append(json.loads(worker.stdout.readline()))
    return results


def _faults(top: Path, results: list[dict[str, Any]], proposal: int, before: str) -> list[str]:
    """What does not agree after a round."""
    ends = [result["end"] for result in results]
    landed = ends.count("landed")
    found = [f"{result['end']}: {result['why']}" for result in results if result["end"] == "?"]
    if landed > 1:
        found.append("two say that they have landed it")
    with _desk(top) as desk:
        said = _git(top, "log", "--format=%(trailers:key=Workflow-Proposal,valueonly)", "main")
        commits = said.split().count(str(proposal))
        state = desk.store.get(proposal).state
        if commits != landed or (state is State.APPLIED) != bool(landed):
            found.append(f"{commits} commits, {landed} landings, {state}")
        if "rejected" in ends and (landed or state is not State.REJECTED):
            found.append(f"rejected, and {state}")
        given = {vote.approver for vote in votes.approvals(desk.store.connection, proposal)}
        said_yes = {name for result in results for name in result["approved"]}
        if not said_yes <= given and "rejected" not in ends:
            found.append(f"an approval is lost: {said_yes - given}")
        if "committed" in ends and "mine" not in _git(top, "log", "--format=%s", f"{before}..main"):
            found.append("a commit is lost")
        here = _git(top, "show", "main:site.conf").strip()
        if landed and here != desk.store.get(proposal).proposal.request.text:
            found.append(f"the landing was taken back: {here!r}")
        if desk.journal.unfinished() or (desk.git.git_dir / "index.lock").exists():
            found.append("something is open")
        if ledger.verify(desk.store.connection)[1]:
            found.append("the ledger does not hold")
    status = _git(top, "status", "--porcelain")
    if status:
        found.append(f"not clean: {status!r}")
    return found


# --- a worker ----------------------------------------------------------------------------------


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, "worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _work() -> None:
    """Do what standard input orders, one line each, and answer with a line."""
    for line in sys.stdin:
        order = json.loads(line)
        top, number, who = Path(order["top"]), order["proposal"], PEOPLE[order["who"]]
        end, why, approved = "?", "", []
        with _desk(top) as desk:
            if order["what"] == "approve":
                votes.look(desk.store.connection, number, desk.store.get(number).digest, who)
            while time.monotonic() < order["at"]:
                pass
            try:
                if order["what"] == "approve":
                    approved = [_approve(desk, number, who, look=False)]
                end = _act(desk, order["what"], number, who)
            except RefusedError as error:
                end, why = "refused", str(error)
            except (WorkflowError, OSError, sqlite3.Error) as error:
                why = f"{type(error).__name__}: {error}"
        print(json.dumps({"end": end, "why": why, "approved": approved}), flush=True)


def _act(desk: Desk, what: str, number: int, who: Person) -> str:
    """Do one thing until it is done or refused; another command at work is waited for."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            match what:
                case "land" | "approve":
                    _land(desk, number)
                    return "landed"
                case "reject":
                    with desk.journal.exclusive(f"workflow reject {number}"):
                        approval.reject(desk.store, number, who, "no")
                    return "rejected"
                case "rollback":
                    _roll_back(desk, number - 1)
                    return "rolled back"
                case _:
                    return _commit(desk.git.top)
        except NotApprovedError:
            # The other's yes is still to come.
            if time.monotonic() > deadline:
                raise
        except BusyError:
            if time.monotonic() > deadline:
                raise


def _land(desk: Desk, number: int) -> None:
    with desk.journal.exclusive(f"workflow apply {number}"), tempfile.TemporaryDirectory() as at:
        recovery.require_finished(desk.journal)
        cleared = approval.cleared(desk.store, desk.git, number)
        move = apply.prepare(desk.git, desk.store, cleared)
        _carry_out(desk, move, Path(at))


def _roll_back(desk: Desk, number: int) -> None:
    with desk.journal.exclusive("workflow rollback"), tempfile.TemporaryDirectory() as at:
        recovery.require_finished(desk.journal)
        landing = apply.to_roll_back(desk.journal, number)
        who = PEOPLE[1].identity
        move = apply.prepare_rollback(desk.git, desk.store, landing, who)
        _carry_out(desk, move, Path(at))


def _carry_out(desk: Desk, move: Move, scratch: Path) -> None:
    who = PEOPLE[0].identity
    landing = apply.carry_out(desk.git, desk.store, desk.journal, move, who=who, scratch=scratch)
    apply.keep(desk.git, desk.journal, landing)
    ledger.anchor(desk.git, desk.store.connection)


def _commit(top: Path) -> str:
    """Commit by hand, as a person would: what is in the way of it is theirs to see."""
    words = ["git", "commit", "--quiet", "--allow-empty", "--message", "mine"]
    ran = subprocess.run(words, cwd=top, check=False, capture_output=True)
    return "refused" if ran.returncode else "committed"


# --- making ------------------------------------------------------------------------------------


@contextmanager
def _desk(top: Path) -> Iterator[Desk]:
    git = git_store.discover(top)
    with closing(Store(git.common_dir / "workflow")) as store:
        yield Desk(git, store, Journal(store.folder, store.connection))


def _propose(desk: Desk, name: str, data: str, *, quorum: int) -> int:
    """Store a proposal that changes one file; its text is what the file will hold."""
    git, base = desk.git, desk.git.snapshot()
    blob = git.write_blob(f"{data}\n".encode())
    tree = git.write_tree(base.tree, {RepoPath(name): ("100644", blob)})
    change = git.change(base.tree, tree)
    stored = desk.store.add(
        Proposal(
            repository=desk.store.repository,
            base=base,
            commit=git.commit(tree, (base.commit,), "Propose", ASKER),
            tree=tree,
            patch=sha256(git.patch(base.tree, tree)),
            files=change.files,
            blast_radius=BlastRadius(1, 1, 1, 1),
            request=ChangeRequest(data, change.paths, ASKER, account="ann"),
            route=Route(Way.SURGEON, ("by hand",)),
            rounds=(),
            policy=sha256(b"policy"),
            findings=(),
            verdicts=(Verdict("always", Outcome.PASS, "it passes"),),
            created=ledger.now(),
            consent=Consent(quorum=quorum, self_approval=SelfApproval.NEVER),
        )
    )
    apply.anchor(git, desk.store, stored.id)
    return stored.id


def _approve(desk: Desk, number: int, who: Person, *, look: bool = True) -> str:
    if look:
        votes.look(desk.store.connection, number, desk.store.get(number).digest, who)
    return approval.approve(desk.store, desk.git, number, who).approver


def _git(top: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=top, check=True, capture_output=True)
    return ran.stdout.decode()


if __name__ == "__main__":
    main()
