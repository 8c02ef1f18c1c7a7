"""What a pytest verdict names as proof: tests that need the patch, each by a name of its own."""

from __future__ import annotations

from workflow.gates.pytest import gate
from workflow.gates.pytest.report import Ended, Report


def test_proofs_are_tests_that_need_the_patch() -> None:
    """A test that failed or was not there is a proof; one that passed or was idle is none."""
    names = ("failed", "new", "passed", "skipped", "idle", "broken")
    patched = Report({**dict.fromkeys(names, Ended.PASSED), "broken": Ended.FAILED})
    base = Report(
        {
            "failed": Ended.FAILED,
            "passed": Ended.PASSED,
            "skipped": Ended.SKIPPED,
            "idle": Ended.NOT_RUN,
        }
    )
    assert sorted(gate._proofs(base, patched, "")) == ["pytest: failed", "pytest: new"]
    assert gate._proofs(Report({}), Report({"a": Ended.PASSED}), "x/y") == ("pytest: x/y/a",)


def test_names_are_printable_and_stay_different() -> None:
    """Long and hidden names are cut for a person, and told apart by a hash."""
    names = ["a" * 300, "a" * 301, "a\x1b", "a\x1c", "a b", "a  b", "a\udcff"]
    shown = [gate._proof(name) for name in names]
    assert len(set(shown)) == len(names)
    assert all(one.isprintable() and len(one) < 240 for one in shown)
    assert gate._proof("t.py::test_a[1-2]") == "pytest: t.py::test_a[1-2]"


def test_surplus_is_counted_and_compared() -> None:
    """Beyond the bound names are counted, and another surplus is another proof."""
    many = [f"pytest: {n:04}" for n in range(250)]
    kept = gate._bounded_proofs(many)
    assert len(kept) == 201
    assert kept[-1].startswith("pytest: and 50 more (")
    assert gate._bounded_proofs(list(reversed(many))) == kept
    fewer = gate._bounded_proofs(many[:-1])
    assert not set(fewer) >= set(kept)
    assert not set(gate._bounded_proofs([*many[:-1], "pytest: other"])) >= set(kept)
    assert gate._bounded_proofs(many[:200]) == tuple(many[:200])
