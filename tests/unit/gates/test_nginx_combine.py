"""How the kinds of nginx evidence become one verdict; nothing is run here."""

from __future__ import annotations

import pytest

from tests.unit.gates.cases import tree
from workflow.gates.nginx.combine import Found, faults_of, with_faults
from workflow.gates.nginx.effective import Pair, pairs, told
from workflow.gates.nginx.source import LargeError, Source
from workflow.semantics.nginx.fault import Fault, Level
from workflow.semantics.nginx.files import Place
from workflow.types import ChangeKind, FileChange, Outcome, RepoPath, Verdict

SITE = RepoPath("conf.d/a.conf")
BASE = """\
server {
    listen 80;
    server_name a.example.test;
    add_header X-Frame-Options DENY always;
    location / { root /srv; }
}
"""
LOSES = BASE.replace("root /srv;", "root /srv; add_header Cache-Control no-store;")
PASS = Verdict("nginx", Outcome.PASS, "nginx -t passes on a.conf")


def _pairs(base: str, patched: str) -> tuple[Pair, ...]:
    old, new = Source(tree({SITE: base}, "b")), Source(tree({SITE: patched}, "p"))
    return pairs(old, new, [SITE])


def _fault(level: Level) -> Fault:
    return Fault("a-rule", level, Place(SITE, 3), "server", "x on;", "it breaks", "x off", ("s",))


def test_a_new_fault_fails_with_cause_and_mend() -> None:
    """A passing test is no pass with a silent fault that the patch brings in."""
    found = faults_of(_pairs(BASE, LOSES))
    verdict = with_faults(PASS, found, frozenset())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary.startswith(f"{SITE}:5: ")
    assert "X-Frame-Options" in verdict.summary
    assert "--allow nginx:header-inheritance" in verdict.hint


def test_an_old_fault_is_a_note() -> None:
    """What the base has, too, does not count, and is told."""
    verdict = with_faults(PASS, faults_of(_pairs(LOSES, LOSES)), frozenset())
    assert (verdict.outcome, verdict.doubts) == (Outcome.PASS, ())
    assert verdict.notes == ("silent faults from before the change: 1 (header-inheritance)",)
    assert verdict.summary == f"{PASS.summary}; nothing really changes, no silent fault"


def test_a_declared_fault_is_a_doubt() -> None:
    """What the requester says is intended passes, and the reviewer reads it."""
    declared = frozenset({"nginx:header-inheritance"})
    verdict = with_faults(PASS, faults_of(_pairs(BASE, LOSES)), declared)
    assert verdict.outcome is Outcome.PASS
    assert verdict.doubts[0].startswith("declared as intended: ")


@pytest.mark.parametrize(
    ("outcome", "level", "expected"),
    [
        (Outcome.PASS, Level.DOUBT, Outcome.PASS),
        (Outcome.PASS, Level.FAULT, Outcome.FAIL),
        (Outcome.ERROR, Level.FAULT, Outcome.FAIL),
        (Outcome.ERROR, Level.DOUBT, Outcome.ERROR),
        (Outcome.FAIL, Level.FAULT, Outcome.FAIL),
    ],
)
def test_the_worst_counts(outcome: Outcome, level: Level, expected: Outcome) -> None:
    """A doubt changes no outcome, and a fault never makes one better; nginx's own words stay."""
    verdict = with_faults(
        Verdict("nginx", outcome, "said"), Found((_fault(level),), (), 1, ()), frozenset()
    )
    assert verdict.outcome is expected
    if outcome is Outcome.FAIL:
        assert verdict.summary == "said"


def test_what_could_not_be_read_is_a_doubt() -> None:
    """A file that our reader stops at is named, not passed over."""
    found = faults_of(_pairs(BASE, BASE + "}"))
    verdict = with_faults(PASS, found, frozenset())
    assert any("not read for silent faults" in doubt for doubt in verdict.doubts)


def test_a_template_s_tags_are_words() -> None:
    """A changed tag is a change; the same tags in another layout are none."""
    base = BASE.replace("/srv", "{{ root }}").replace("80;", "{{ port|default(80) }};")
    (pair,) = _pairs(base, base.replace("{{ root }}", "{{root}}"))
    assert (pair.unread, pair.changes()) == ((), ())
    (pair,) = _pairs(base, base.replace("{{ root }}", "{{ folder }}"))
    assert [(one.before, one.after) for one in pair.changes()] == [("root <root>", "root <folder>")]


def test_changes_are_told_by_file_and_with_what_follows() -> None:
    """Each changed file has its sentences, consequences behind an arrow."""
    files = [FileChange(SITE, ChangeKind.MODIFIED, "100644", "100644", None, None)]
    said = told(tree({SITE: BASE}, "b"), tree({SITE: LOSES}, "p"), files)
    first, second = said[SITE]
    assert "`Cache-Control`" in first
    assert second.startswith("→ ")
    assert "X-Frame-Options" in second


def test_a_huge_file_is_an_error_and_never_empty() -> None:
    """Nothing is said of a file that is not read."""
    huge = BASE + "#" * (17 * 1024 * 1024)
    with pytest.raises(LargeError, match="has 17 MiB"):
        _pairs(BASE, huge)
