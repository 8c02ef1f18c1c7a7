"""Every rule objects to its bad sample and to nothing else, and lets its good one pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.policy import RULES, Level, Rule, Sample, Special, case_of, judge
from workflow.types import BlobId, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.policy.conftest import Bench

TOP = Path(__file__).resolve().parents[3]
FILE, PROGRAM, LINK, MODULE = "100644", "100755", "120000", "160000"
rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@rule
def test_a_good_sample_passes(rule: Rule, bench: Bench) -> None:
    """No rule at all objects to it."""
    assert bench.found(rule.good) == []


@rule
def test_a_bad_sample_is_refused_by_its_rule_alone(rule: Rule, bench: Bench) -> None:
    """So that the sample shows what the rule is about."""
    assert {found for found, _ in bench.found(rule.bad)} == {rule.id}


@rule
def test_a_rule_has_words_for_people(rule: Rule) -> None:
    """A reason in one line, a paragraph, and a section in the generated page."""
    assert rule.id == rule.id.lower()
    assert "\n" not in rule.reason
    assert rule.about.endswith((".", ")."))
    assert f"\n## {rule.id}\n" in (TOP / "docs/rules.md").read_text(encoding="utf-8")


def test_ids_are_unique() -> None:
    """Policies and `--allow` name rules by them."""
    assert len({rule.id for rule in RULES}) == len(RULES)


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "proposed",
    [{"a": b"x\n", "b": b"y\n"}, {}, {"a": Special(LINK, b"x")}, {"c": b"x\n"}],
    ids=["adds", "deletes", "retypes", "moves"],
)
def test_a_surgeon_only_edits(proposed: dict[str, bytes | Special], bench: Bench) -> None:
    """A file that appears, vanishes or becomes another type is not an edit."""
    assert "surgeon-edits" in bench.rules({"a": b"x\n"}, proposed, Role.SURGEON)


def test_a_surgeon_that_was_given_nothing_edits_nothing(bench: Bench) -> None:
    """No file given is not the same as any file."""
    sample = Sample({"a": b"x\n"}, {"a": b"y\n"}, Role.SURGEON, given=())
    assert bench.found(sample) == [("outside-request", "a")]


@pytest.mark.parametrize("proposed", [{"a": b"y\n"}, {}])
def test_an_architect_only_creates(proposed: dict[str, bytes], bench: Bench) -> None:
    """What works already is not the architect's business."""
    assert "architect-creates" in bench.rules({"a": b"x\n"}, proposed, Role.ARCHITECT)


def test_a_patch_from_anywhere_may_do_both(bench: Bench) -> None:
    """The rules on roles are for drafters."""
    assert bench.rules({"a": b"x\n"}, {"a": b"y\n", "b": b"z\n"}) == set()


# --- modes ----------------------------------------------------------------------------------------


def test_modes(bench: Bench) -> None:
    """Only ordinary files come in, and none becomes another thing in silence."""
    for old, new, expected in [
        (None, LINK, {"symlink"}),
        (LINK, LINK, {"symlink"}),
        (FILE, LINK, {"symlink", "file-type"}),
        (LINK, FILE, {"file-type"}),
        (None, MODULE, {"submodule"}),
        (MODULE, MODULE, {"submodule"}),
        (FILE, MODULE, {"submodule", "file-type"}),
        (MODULE, FILE, {"file-type"}),
        (LINK, None, {"deleted-file"}),
        (MODULE, None, {"deleted-file"}),
        (None, PROGRAM, {"executable-bit"}),
        (FILE, PROGRAM, {"executable-bit"}),
        (PROGRAM, FILE, {"executable-bit"}),
        (PROGRAM, PROGRAM, set()),
        (LINK, PROGRAM, {"file-type"}),
        (None, "100600", {"file-type"}),
        (FILE, "100664", {"file-type"}),
        (FILE, "040000", {"file-type"}),
    ]:
        base = {"x": Special(old, b"old\n")} if old else {}
        proposed = {"x": Special(new, b"new\n")} if new else {}
        assert bench.rules(base, proposed) == expected, (old, new, expected)


def test_what_a_submodule_names_is_never_read(bench: Bench) -> None:
    """Its object is a commit of another repository, which git does not have here."""
    sample = Sample({"x": Special(MODULE, b"one")}, {"x": Special(MODULE, b"two")})
    case = case_of(sample, bench.policy)

    def blobs(ids: Sequence[BlobId]) -> list[bytes]:
        assert not ids
        return []

    assert [finding.rule for finding in judge(replace(case, blobs=blobs)).findings] == ["submodule"]


# --- reading --------------------------------------------------------------------------------------


def test_blobs_are_read_once_and_many_at_a_time(bench: Bench) -> None:
    """A process for each file would cost more than all rules together."""
    base = {f"f{number:04}": b"%d\n" % number for number in range(1000)}
    case = case_of(Sample(base, {path: b"x" + data for path, data in base.items()}), bench.policy)
    asked: list[list[BlobId]] = []

    def blobs(ids: Sequence[BlobId]) -> Sequence[bytes]:
        asked.append(list(ids))
        return case.blobs(ids)

    judge(replace(case, blobs=blobs))
    flat = [blob for batch in asked for blob in batch]
    assert len(flat) == len(set(flat)) == 2000
    assert len(asked) <= 10


def test_folders_are_listed_for_added_files_only(bench: Bench) -> None:
    """Each folder on the way once, however many files come into it."""
    base = {"x/y/old": b"1\n", "z/old": b"1\n"}
    added = {f"x/y/new{number}": b"%d\n" % number for number in range(5)}
    case = case_of(Sample(base, {"x/y/old": b"2\n", "z/old": b"2\n", **added}), bench.policy)
    asked: list[str] = []

    def names(folder: str) -> Sequence[str]:
        asked.append(folder)
        return list(case.names(folder))

    assert judge(replace(case, names=names)).findings == ()
    assert sorted(asked) == ["", "x", "x/y"]


def test_no_change_is_not_judged(bench: Bench) -> None:
    """Without a file there is nothing to object to."""
    assert bench.judged(Sample({"a": b"x"}, {"a": b"x"})).findings == ()


def test_every_level_has_its_use(bench: Bench) -> None:
    """The built-in policy refuses by default and lets some rules be declared."""
    levels = {rule.id: bench.policy.level(rule.id) for rule in RULES}
    assert levels["symlink"] is Level.REFUSE
    assert levels["weakened-test"] is Level.DECLARE
    assert Level.OFF not in levels.values()
