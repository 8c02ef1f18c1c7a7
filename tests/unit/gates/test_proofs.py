"""What a pytest verdict names as proof: tests that need the patch, each by a name of its own."""

from __future__ import annotations

from workflow.gates.pytest import compare, names
from workflow.gates.pytest.compare import Comparison
from workflow.gates.pytest.report import Ended, Report


def proofs(base: Report, patched: Report, brought: Report | None = None) -> list[str]:
    """Return the names of what two reports prove."""
    compared = Comparison(base, patched, brought=brought or Report({}))
    return sorted(compare.proofs(base, compared.settled))


def test_proofs_are_tests_that_need_the_patch() -> None:
    """A test that failed or was not there is a proof; one that passed or was idle is none."""
    every = ("failed", "expected", "new", "passed", "skipped", "idle", "broken")
    patched = Report({**dict.fromkeys(every, Ended.PASSED), "broken": Ended.FAILED})
    base = Report(
        {
            "failed": Ended.FAILED,
            "expected": Ended.XFAILED,
            "passed": Ended.PASSED,
            "skipped": Ended.SKIPPED,
            "idle": Ended.NOT_RUN,
        }
    )
    assert proofs(base, patched) == ["expected", "failed", "new"]
    assert proofs(Report({}), Report({"a": Ended.PASSED})) == ["a"]


def test_a_test_that_the_patch_rewrites_is_held_against_the_base_as_it_is_now() -> None:
    """By its name it passed on the base; in its new words it fails there, and that is a proof."""
    base = Report({"rewritten": Ended.PASSED, "cured": Ended.FAILED, "same": Ended.PASSED})
    patched = Report(dict.fromkeys(base.tests, Ended.PASSED))
    brought = Report({"rewritten": Ended.FAILED, "cured": Ended.PASSED, "same": Ended.PASSED})
    assert proofs(base, patched, brought) == ["rewritten"]


def test_names_are_printable_and_stay_different() -> None:
    """Long and hidden names are cut for a person, and told apart by a hash."""
    given = ["a" * 300, "a" * 301, "a\x1b", "a\x1c", "a b", "a  b", "a\udcff"]
    shown = [names.shown(name) for name in given]
    assert len(set(shown)) == len(given)
    assert all(one.isprintable() and len(one) < 240 for one in shown)
    assert names.shown("t.py::test_a[1-2]") == "t.py::test_a[1-2]"


def test_surplus_is_counted_and_compared() -> None:
    """Beyond the bound names are counted, and another surplus is another proof."""
    many = [f"{n:04}" for n in range(250)]
    kept = names.proofs(many)
    assert len(kept) == 201
    assert kept[-1].startswith("pytest: and 50 more (")
    assert names.proofs(list(reversed(many))) == kept
    fewer = names.proofs(many[:-1])
    assert not set(fewer) >= set(kept)
    assert not set(names.proofs([*many[:-1], "other"])) >= set(kept)
    assert names.proofs([*many[:2], many[0]]) == names.proofs(many[:2])
    assert names.proofs(many[:200]) == tuple(f"pytest: {name}" for name in many[:200])
