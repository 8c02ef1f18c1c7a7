"""Gates judge side by side, and a pass on unchanged trees is not asked for twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from workflow import evidence, git_store
from workflow.store import Store
from workflow.types import Evidence, Outcome, RepoPath, Side, TreeChange, Verdict

if TYPE_CHECKING:
    from tests.conftest import GitRepoFactory
    from workflow.gates import Case
    from workflow.process import Ran
    from workflow.sandbox import Command, Wall


@dataclass
class Scripted:
    """A gate with a verdict of its own, that counts how often it is asked."""

    name: str
    outcome: Outcome = Outcome.PASS
    settings: str = "settings"
    proofs: tuple[str, ...] = ()
    seconds: float = 0.1
    meets: threading.Barrier | None = None
    asked: list[str] = field(default_factory=list)

    def applies(self, case: Case) -> bool:
        """Every change."""
        return bool(case.change.files)

    def identity(self, case: Case) -> str:
        """What the test says."""
        del case
        return self.settings

    def judge(self, case: Case) -> Verdict:
        """Meet the other gates, and say what a secret is."""
        self.asked.append(case.token("canary"))
        if self.meets:
            self.meets.wait(timeout=10)
        log = case.keep(f"{self.name} said s3cret".encode())
        runs = (Evidence(Side.PATCHED, self.name, 0, self.seconds, log),)
        said = Verdict(self.name, self.outcome, "said s3cret", runs, doubts=("see s3cret",))
        return replace(said, proofs=self.proofs)


class Nowhere:
    """A sandbox that these gates do not ask."""

    def run(self, command: Command) -> Ran:
        """Nothing."""
        raise AssertionError(command)

    def walls(self) -> tuple[Wall, ...]:
        """None."""
        return ()


@dataclass
class Bench:
    """A repository with one change, and what it takes to judge it."""

    git: git_store.GitStore
    store: Store
    change: TreeChange

    def judge(self, *gates: Scripted, anew: bool = False) -> tuple[Verdict, ...]:
        """Judge the change as a command of its own would."""
        means = self.means(*gates, anew=anew)
        return evidence.judge(self.git, self.change, means, tell=self.told.append)

    def holds(self, shown: tuple[Verdict, ...], *gates: Scripted) -> bool:
        """Ask whether the change shows all that was shown of a larger one."""
        means = self.means(*gates, anew=True)
        return evidence.holds(self.git, self.change, means, shown, tell=self.told.append)

    def means(self, *gates: Scripted, anew: bool) -> evidence.Means:
        """What a command of its own would judge with."""
        return evidence.Means(
            gates=gates,
            sandbox=Nowhere(),
            keep=lambda data: self.store.keep(data.replace(b"s3cret", b"SEALED")),
            seal=lambda text: text.replace("s3cret", "SEALED"),
            token=lambda text: text[::-1],
            passes=None if anew else Store(self.store.folder).passes,
        )

    @property
    def told(self) -> list[str]:
        """What was told of the stage; nobody looks at it here."""
        return []


@pytest.fixture
def bench(git_repo: GitRepoFactory) -> Bench:
    """Return a repository with a change of one file."""
    git = git_store.discover(git_repo({"a": "1"}).path)
    base = git.snapshot().tree
    tree = git.write_tree(base, {RepoPath("a"): ("100644", git.write_blob(b"2"))})
    return Bench(git, Store(git.common_dir / "workflow"), git.change(base, tree))


def test_gates_judge_at_the_same_time(bench: Bench) -> None:
    """Each waits for the other, and the verdicts come in the gates' order."""
    barrier = threading.Barrier(2)
    gates = (Scripted("one", meets=barrier), Scripted("two", meets=barrier))
    verdicts = bench.judge(*gates)
    assert [one.gate for one in verdicts] == ["one", "two"]
    assert all(one.outcome is Outcome.PASS and one.judged for one in verdicts)
    assert gates[0].asked == ["yranac"]


def test_a_pass_is_kept_and_sealed(bench: Bench) -> None:
    """The second command does not ask the gate; what it gets holds no secret."""
    gate = Scripted("one")
    (first,) = bench.judge(gate)
    (second,) = bench.judge(gate)
    assert len(gate.asked) == 1
    assert not first.is_kept
    assert second == replace(first, summary="said SEALED", doubts=("see SEALED",), is_kept=True)
    assert bench.store.kept(second.evidence[0].log) == b"one said SEALED"


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_other_verdicts_are_made_again(bench: Bench, outcome: Outcome) -> None:
    """A failure is judged anew each time."""
    gate = Scripted("one", outcome)
    bench.judge(gate)
    bench.judge(gate)
    assert len(gate.asked) == 2


def test_what_may_have_changed_is_judged_again(bench: Bench) -> None:
    """Other settings, settings that cannot be told, and a landing take no former pass."""
    gate = Scripted("one")
    bench.judge(gate)
    gate.settings = "others"
    bench.judge(gate)
    gate.settings = ""
    bench.judge(gate)
    bench.judge(gate)
    gate.settings = "settings"
    bench.judge(gate, anew=True)
    assert len(gate.asked) == 5


def test_another_change_is_judged(bench: Bench) -> None:
    """A pass is for its two trees alone."""
    gate = Scripted("one")
    bench.judge(gate)
    base, git = bench.change.base, bench.git
    tree = git.write_tree(base, {RepoPath("a"): ("100644", git.write_blob(b"3"))})
    bench.change = git.change(base, tree)
    bench.judge(gate)
    assert len(gate.asked) == 2


def test_a_gate_that_breaks_is_an_error(bench: Bench) -> None:
    """Whatever it raises, the others still judge."""
    broken = Scripted("one")
    broken.judge = None  # type: ignore[assignment,method-assign]  # calling it raises TypeError
    said = bench.judge(broken, Scripted("two"))
    assert [one.outcome for one in said] == [Outcome.ERROR, Outcome.PASS]
    assert "the gate itself broke: TypeError" in said[0].summary


PROVEN = Verdict("pytest", Outcome.PASS, "1 passed", proofs=("pytest: test_it",))
LOADS = Verdict("nginx", Outcome.PASS, "it loads")


@pytest.mark.parametrize(
    ("gates", "is_so"),
    [
        ((), False),
        ((Scripted("pytest", proofs=PROVEN.proofs), Scripted("nginx")), True),
        ((Scripted("pytest", proofs=("more", *PROVEN.proofs)), Scripted("nginx")), True),
        ((Scripted("pytest"), Scripted("nginx")), False),
        ((Scripted("pytest", Outcome.ERROR, proofs=PROVEN.proofs), Scripted("nginx")), False),
        ((Scripted("pytest", proofs=PROVEN.proofs), Scripted("nginx", Outcome.FAIL)), False),
        ((Scripted("pytest", proofs=PROVEN.proofs), Scripted("other")), False),
        ((Scripted("pytest", proofs=PROVEN.proofs),), False),
    ],
)
def test_less_than_was_shown_does_not_hold(
    bench: Bench,
    gates: tuple[Scripted, ...],
    is_so: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A proof that is lost, a gate that does not pass, and one that has nothing to judge do not."""
    assert bench.holds((PROVEN, LOADS), *gates) is is_so


def test_the_quickest_gate_is_asked_first(bench: Bench) -> None:
    """What it does not find is found by the slower one, which has nothing to do where it did."""
    slow, quick = Scripted("slow", seconds=2), Scripted("quick")
    shown = bench.judge(slow, quick, anew=True)
    for gate in (slow, quick):
        gate.asked.clear()
    assert bench.holds(shown, slow, quick)
    quick.outcome = Outcome.FAIL
    assert not bench.holds(shown, slow, quick)
    assert (len(slow.asked), len(quick.asked)) == (1, 2)
