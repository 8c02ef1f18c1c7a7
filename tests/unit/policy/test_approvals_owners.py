"""CODEOWNERS as GitHub reads it, GitLab's sections, and owners who are nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow.policy import (
    Approvals,
    Reserved,
    Sample,
    case_of,
    judge,
    required,
    unknown_owners,
)
from workflow.policy.codeowners import PLACES, find, parse
from workflow.types import RepoPath, Requirement

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench
    from workflow.policy import Judgement, Policy

HERE = RepoPath("CODEOWNERS")


def owners(text: str, path: str) -> tuple[str, ...]:
    """Return the owners that a file says a path has; every section's."""
    found = parse(text.encode(), HERE)
    assert found.faults == []
    return tuple(owner for entry in found.of(path) for owner in entry.owners)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ("a", "a/b", "a/b/c.js"), ()),
        ("*.js", ("a.js", "x/y/a.js", "x.js/inside"), ("a.jsx", "a.js.map")),
        ("/build/logs/", ("build/logs/a", "build/logs/b/c"), ("x/build/logs/a", "build/logs")),
        ("docs/*", ("docs/a.md",), ("docs/a/b.md", "x/docs/a.md", "docs")),
        ("apps/", ("apps/a", "x/apps/b", "x/apps/b/c"), ("apps", "xapps/a")),
        ("/docs/", ("docs/a", "docs/b/c"), ("x/docs/a",)),
        ("/scripts", ("scripts", "scripts/a"), ("x/scripts", "scriptsx")),
        ("scripts", ("scripts", "x/scripts/a"), ("scripts2",)),
        ("**/logs", ("logs", "a/logs/b", "a/b/logs"), ("a/blogs",)),
        ("a/**", ("a/b", "a/b/c"), ("a", "x/a/b")),
        ("a/**/b", ("a/b", "a/x/b", "a/x/y/b/c"), ("a/xb", "x/a/b")),
        ("/**", ("a", "a/b"), ()),
        ("**/*", ("a", "a/b/c"), ()),
        ("*.t?t", ("a.txt", "b/c.tot"), ("a.tt", "a.t/t")),
        ("a*b*c", ("abc", "axxbxxc"), ("ab", "a/b/c")),
        (r"with\ blank.md", ("with blank.md", "x/with blank.md"), ("with",)),
        ("/Makefile", ("Makefile",), ("makefile",)),
        ("apps/github", ("apps/github", "apps/github/x"), ("x/apps/github",)),
    ],
)
def test_patterns(pattern: str, yes: tuple[str, ...], no: tuple[str, ...]) -> None:
    """What each form matches, anchored or not, and how deep."""
    text = f"{pattern} @me\n"
    assert [path for path in yes if owners(text, path) != ("@me",)] == []
    assert [path for path in no if owners(text, path)] == []


def test_the_last_line_that_matches_counts() -> None:
    """Also where it names nobody: then nobody has to approve."""
    text = "* @all\n/docs/ @docs  # who writes\n/docs/free/\n# a comment\n\n*.md @all a@x.test\n"
    assert owners(text, "site.conf") == ("@all",)
    assert owners(text, "docs/a") == ("@docs",)
    assert owners(text, "docs/free/a") == ()
    assert owners(text, "docs/free/a.md") == ("@all", "a@x.test")


def test_sections_count_each_by_itself() -> None:
    """GitLab's: an owner for a whole section, a number of them, and sections that are optional."""
    text = (
        "* @all\n[Docs][2] @docs @more\n*.md\nREADME.md @one\n^[Maybe]\n*.conf @maybe\n"
        "[docs]\n*.txt @text\n"
    )
    found = parse(text.encode(), HERE)
    assert found.faults == []
    entries = [(entry.owners, entry.needed) for entry in found.of("x/a.md")]
    assert entries == [(("@all",), 1), (("@docs", "@more"), 2)]
    assert owners(text, "README.md") == ("@all", "@one")
    assert owners(text, "site.conf") == ("@all",)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("!secret.md @me", "`!` has no meaning"),
        ("file[0-9].txt @me", "ranges in brackets"),
        ("a//b @me", "can match no path"),
        ("/ @me", "can match no path"),
        ("../x @me", "can match no path"),
        ("*.js me", "me is neither @name"),
        ("*.js @", "neither @name"),
        ("*.js <a@x.test>", "neither @name"),
        ("[Docs] docs", "neither @name"),
    ],
)
def test_a_line_that_is_not_understood_is_a_fault(line: str, words: str) -> None:
    """It is not skipped, and its number is said."""
    (fault,) = parse(f"# head\n{line}\n".encode(), HERE).faults
    assert fault.startswith("line 2: ")
    assert words in fault


def test_a_file_that_is_too_large_is_a_fault() -> None:
    """As on GitHub, where it is not loaded; here nothing goes through then."""
    assert "more than" in parse(b"#" * (3 * 1024 * 1024 + 1), HERE).faults[0]


def test_the_first_place_counts() -> None:
    """GitHub's order."""
    for at, place in enumerate(PLACES):
        there = dict.fromkeys(PLACES, b"* @me\n") | dict.fromkeys(PLACES[:at])
        found = find(there.__getitem__)
        assert found is not None
        assert found.source == place
    assert find(lambda _: None) is None


def test_hostile_patterns_cost_little() -> None:
    """Stars against a long name: no time that grows with their number's power."""
    text = "a*" * 500 + "/" + "**/" * 200 + "b @me\n"
    assert owners(text, "/".join(["a" * 2000, *["x"] * 200])) == ()


# --- with a policy --------------------------------------------------------------------------------


def judged(policy: Policy, approvals: Approvals, codeowners: str | None) -> Judgement:
    """Judge a change of `site.conf` in a repository with a CODEOWNERS file."""
    files = {} if codeowners is None else {"CODEOWNERS": codeowners.encode()}
    sample = Sample({**files, "site.conf": b"one;\n"}, {**files, "site.conf": b"two;\n"})
    return judge(case_of(sample, replace(policy, approvals=approvals)))


def test_owners_become_requirements(bench: Bench) -> None:
    """Addresses as they are, names by the policy's teams, whatever their case."""
    teams = (("@example/ops", ("a@x.test", "b@x.test")),)
    found = judged(
        bench.policy, Approvals(owners=teams), "* @nobody\n*.conf c@x.test @Example/OPS\n"
    )
    assert found.findings == ()
    assert found.requirements == (
        Requirement(
            RepoPath("site.conf"), ("c@x.test", "a@x.test", "b@x.test"), 1, "CODEOWNERS line 2"
        ),
    )


@pytest.mark.parametrize(
    ("codeowners", "words"),
    [
        ("* @example/ops\n", "approval.teams of the policy who @example/ops is"),
        ("[S][2]\n* a@x.test A@X.test\n", "it wants 2 people and names 1"),
        ("docs/[ab] a@x.test\n", "line 1"),
    ],
)
def test_what_nobody_could_approve_is_refused(bench: Bench, codeowners: str, words: str) -> None:
    """With the line and the mend; it is never left out in silence."""
    found = judged(bench.policy, Approvals(), codeowners)
    assert found.requirements == ()
    (finding,) = found.findings
    assert finding.rule == "approver-unknown"
    assert words in finding.reason
    assert "codeowners: off" in finding.reason


def test_names_that_a_policy_gives_nobody_for_are_found() -> None:
    """Each once, wherever it stands; nothing without a file, or where it is not heeded."""
    text = b"* @example/ops a@x.test\n*.md @Bob @EXAMPLE/ops @Carol\n^[Maybe]\nz @nobody\n"
    here = {HERE: text}
    known = Approvals(owners=(("@carol", ("carol@x.test",)),))
    assert unknown_owners(known, here.get) == ("@example/ops", "@Bob")
    assert unknown_owners(replace(known, codeowners=False), here.get) == ()
    assert unknown_owners(known, lambda _: None) == ()


def test_codeowners_can_be_switched_off(bench: Bench) -> None:
    """Then the file is not even read."""
    found = judged(bench.policy, Approvals(codeowners=False), "* @nobody\n![ nonsense\n")
    assert not found.findings
    assert not found.requirements


def test_paths_of_the_policy_need_their_people(bench: Bench) -> None:
    """Besides what CODEOWNERS says, and with as many of them as it wants."""
    approvals = Approvals(paths=(Reserved(("*.conf",), ("a@x.test", "b@x.test"), 2),))
    found = judged(bench.policy, approvals, "* c@x.test\n")
    assert [(one.approvers, one.needed, one.because) for one in found.requirements] == [
        (("a@x.test", "b@x.test"), 2, "approval.paths *.conf"),
        (("c@x.test",), 1, "CODEOWNERS line 1"),
    ]


def test_the_proposed_codeowners_does_not_count(bench: Bench) -> None:
    """A patch that gives itself an owner, or takes them all away, is judged by the base's file."""
    base = {"CODEOWNERS": b"* a@x.test\n", "site.conf": b"one;\n"}
    proposed = {"CODEOWNERS": b"* mallory@x.test\n", "site.conf": b"two;\n"}
    found = bench.judged(Sample(base, proposed))
    assert {one.approvers for one in found.requirements} == {("a@x.test",)}
    assert {one.path for one in found.requirements} == {"CODEOWNERS", "site.conf"}


def test_all_requirements_can_be_asked_for_again(bench: Bench) -> None:
    """What landing asks is what judging found."""
    approvals = Approvals(paths=(Reserved(("*.conf",), ("a@x.test",)),))
    policy = replace(bench.policy, approvals=approvals)
    files = {HERE: b"* c@x.test\n"}
    found = judged(bench.policy, approvals, "* c@x.test\n")
    assert required(policy, (RepoPath("site.conf"),), files.get) == found.requirements


def test_patterns_that_cost_too_much_are_a_finding() -> None:
    """A file that nobody can wait for matches nothing any more, and says so by a line."""
    found = parse(b"**/a*a*b @x\n" * 20, HERE)
    found.steps = 500
    assert [list(found.of("a" * 40)) for _ in range(2)] == [[], []]
    (fault,) = found.faults
    assert fault.startswith("line 9:")
    assert "steps to match" in fault


def test_folders_in_a_row_are_one() -> None:
    """`**` after `**` means what one means, at the beginning, in the middle and at the end."""
    for pattern in ("**/**/x", "a/**/**/x", "a/**/**"):
        text = f"{pattern} @me\n"
        assert owners(text, "a/b/c/x") == ("@me",)
        assert owners(text, "a") == ()
