"""A complaint has what helps to mend a draft, is bounded, and quotes nothing else."""

from __future__ import annotations

from workflow import repair
from workflow.canonical import sha256
from workflow.errors import DraftError
from workflow.patch import PatchError, Reason, Refusal
from workflow.types import Evidence, Finding, Outcome, RepoPath, Side, Verdict

LOG = sha256(b"log")


def verdict(outcome: Outcome, side: Side = Side.PATCHED) -> Verdict:
    """Return what a gate says, with a log."""
    run = Evidence(side, "nginx -t", 1, 0.1, LOG)
    return Verdict("nginx", outcome, "nginx -t fails", (run,), notes=("line 3",))


def kept(_: object) -> bytes:
    """Return a long log with its reason at the end."""
    return b"noise\n" * 5000 + b"invalid value in proxy.conf:10\n"


def test_what_holds_has_nothing_against_it() -> None:
    """An empty complaint ends the rounds."""
    assert repair.of_judgement((), (verdict(Outcome.PASS),), kept) == ""
    assert repair.of_judgement((), (), kept) == ""


def test_a_gate_is_quoted_by_the_end_of_its_log() -> None:
    """Where tools say why they end."""
    said = repair.of_judgement((), (verdict(Outcome.FAIL), verdict(Outcome.PASS)), kept)
    assert said.startswith("The gate nginx says fail: nginx -t fails\n- line 3\n")
    assert said.endswith("invalid value in proxy.conf:10\n")
    assert len(said) < 5000


def test_the_base_trees_log_helps_nobody() -> None:
    """Only what ran on the patched tree is about the draft."""
    said = repair.of_judgement((), (verdict(Outcome.ERROR, Side.BASE),), kept)
    assert "invalid value" not in said


def test_findings_are_told_by_rule_and_file() -> None:
    """In the words of the policy, and not more than help."""
    findings = [Finding("line-length", RepoPath(f"f{n}"), "too long") for n in range(50)]
    lines = repair.of_judgement(findings, (), kept).splitlines()
    assert lines[0] == "The rule line-length objects to f0: too long"
    assert len(lines) == 20


def test_a_hunk_without_a_place_is_sent_the_real_lines() -> None:
    """With their numbers, and cut where they are long."""
    refusal = Refusal(
        *(Reason.NO_PLACE, "hunk 1 has no place", "copy them exactly", "site.conf"),
        nearest=((7, b"one\n"), (8, b"x" * 1000)),
    )
    said = repair.of_refusal(PatchError(refusal, *[refusal] * 20), {"site.conf"})
    assert said.startswith("hunk 1 has no place [no-place]\ncopy them exactly\n")
    assert "     7 | one\n" in said
    assert "x" * 301 not in said
    assert said.count("hunk 1") == 8


def test_of_a_file_that_was_not_given_nothing_is_told() -> None:
    """A model must not read a repository by guessing at its lines."""
    refusal = Refusal(
        *(Reason.NO_PLACE, "hunk 1 has no place", "the nearest line is", "other.conf"),
        nearest=((7, b"private\n"),),
    )
    said = repair.of_refusal(PatchError(refusal), {"site.conf"})
    assert said == ("other.conf was not given to you: change only the files that you were given\n")


def test_another_refusal_is_told_in_its_own_words() -> None:
    """And the record has its first line."""
    said = repair.of_refusal(DraftError("it is no text", hint="ask again"), ())
    assert said == "it is no text\nask again\n"
    assert repair.headline(said) == "it is no text"


def test_a_wish_goes_with_the_patch_that_it_is_about() -> None:
    """Without the patch nobody knows what should be otherwise."""
    said = repair.of_wish("use 20s", "+15s\n" * 20_000)
    assert said.startswith("use 20s\n")
    assert "+15s\n" in said
    assert len(said) < 41_000
