"""What restoring found becomes an objection, and a secret that comes in is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from workflow.policy import Level, Sample, case_of, judge
from workflow.policy.rules import FIXED
from workflow.redaction.interface import Fault, FaultKind, Kind, SealingError, Span
from workflow.redaction.settings import Move, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.policy.conftest import Bench

BASE = {"a/app.py": b"x = 1\n"}
EDITED = {"a/app.py": b"x = 2\n"}
SECRET = b"open sesame"


def rules(bench: Bench, *faults: Fault) -> list[str]:
    """Return the rules that object to an edit with these faults."""
    return [rule for rule, _ in bench.found(Sample(BASE, EDITED, faults=faults))]


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("sealed", [None, Kind.PASSWORD, Kind.MARKER])
def test_each_fault_has_its_rule(bench: Bench, kind: FaultKind, sealed: Kind | None) -> None:
    """It says the file and the line, and the kind of the value where there is one."""
    fault = Fault(kind, "a/app.py", 7, sealed)
    assert rules(bench, fault) == [f"placeholder-{kind.value}"]
    (finding,) = bench.judged(Sample(BASE, EDITED, faults=(fault,))).findings
    assert finding.path == "a/app.py"
    assert finding.reason.startswith("line 7 has ")
    if kind not in {FaultKind.UNKNOWN, FaultKind.ALTERED} and sealed:
        assert f"of the kind {sealed.value}" in finding.reason


def test_what_destroys_a_value_always_refuses(bench: Bench) -> None:
    """No policy lets a placeholder be written in place of a value."""
    fixed = {"placeholder-unknown", "placeholder-altered"}
    assert fixed <= FIXED
    levels = tuple((f"placeholder-{kind.value}", Level.OFF) for kind in FaultKind)
    here = type(bench)(replace(bench.policy, levels=levels))
    faults = (Fault(kind, "a/app.py", 1, Kind.TOKEN) for kind in FaultKind)
    assert set(rules(here, *faults)) == fixed


def test_a_name_may_be_spoken_of_otherwise(bench: Bench) -> None:
    """Tenant data lets nobody in, but it may not go to another place."""
    for kind in (Kind.HOST, Kind.EMAIL, Kind.IP, Kind.CUSTOMER):
        assert rules(bench, Fault(FaultKind.REWIRED, "a/app.py", 1, kind)) == []
        moved = Fault(FaultKind.MOVED, "a/app.py", 1, kind)
        assert rules(bench, moved) == ["placeholder-moved"]


def test_a_policy_lists_where_values_may_move(bench: Bench) -> None:
    """From and to a listed file; what the statement says is another matter."""
    moves = (Move(Scope(("a/**", "b/*.py")), "one team owns both"),)
    sealing = replace(bench.policy.sealing, moves=moves)
    here = type(bench)(replace(bench.policy, sealing=sealing))
    for kind in (FaultKind.MOVED, FaultKind.COPIED):
        for source, is_free in (("b/x.py", True), ("c/x.py", False), ("a/app.py", True)):
            fault = Fault(kind, "a/app.py", 1, Kind.TOKEN, source)
            assert (rules(here, fault) == []) is is_free
        assert rules(here, Fault(kind, "c/x.py", 1, Kind.TOKEN, "a/app.py")) != []
    for kind in (FaultKind.REWIRED, FaultKind.UNKNOWN, FaultKind.ALTERED):
        assert rules(here, Fault(kind, "a/app.py", 1, Kind.TOKEN, "a/app.py")) != []


# --- secrets that come in -------------------------------------------------------------------------


def test_a_secret_on_an_added_line_is_told(bench: Bench) -> None:
    """With its line and kind, and never itself."""
    proposed = {"a/app.py": b"x = 1\ny = 2\nkey = 'open sesame'\n"}
    sample = Sample(BASE, proposed, secrets=(SECRET,))
    (finding,) = bench.judged(sample).findings
    assert (finding.rule, finding.path) == ("secret-added", "a/app.py")
    assert finding.reason.startswith("line 3 brings in a secret of the kind token")


@pytest.mark.parametrize(
    ("base", "proposed"),
    [
        ({"a": b"k = open sesame\n"}, {"a": b"k = open sesame\nx = 1\n"}),
        ({"a": b"k = open sesame\n"}, {"a": b"key = open sesame\n"}),
        ({"a": b"k = open sesame\n", "b": b"x\n"}, {"a": b"k\n", "b": b"x\nk = open sesame\n"}),
        ({"a": b"k = open sesame\nx\n"}, {"a": b"x\n"}),
        ({"a": b"x = 1\n"}, {"a": b"x = 2\n"}),
    ],
    ids=["kept", "edited", "moved", "gone", "none"],
)
def test_a_secret_that_was_there_is_not_new(
    bench: Bench, base: dict[str, bytes], proposed: dict[str, bytes]
) -> None:
    """Where it may stand is the other rules' matter."""
    assert bench.found(Sample(base, proposed, secrets=(SECRET,))) == []


def test_a_secret_that_only_the_text_has_is_not_new(bench: Bench) -> None:
    """The finder may not have seen it in the old file, whose syntax did not give it away."""
    base, proposed = {"a": b"# open sesame\n"}, {"a": b"key = open sesame\n"}
    case = case_of(Sample(base, proposed, secrets=(SECRET,)), bench.policy)

    def secrets(data: bytes, _path: str) -> list[Span]:
        at = data.find(b"key = ")
        return [Span(at + 6, at + 17, Kind.PASSWORD, "x")] if at >= 0 else []

    assert judge(replace(case, secrets=secrets)).findings == ()


def test_tenant_data_is_no_secret(bench: Bench) -> None:
    """A host name may be written down."""
    case = case_of(Sample(BASE, EDITED), bench.policy)

    def hosts(_data: bytes, _path: str) -> list[Span]:
        return [Span(4, 5, Kind.HOST, "x")]

    assert judge(replace(case, secrets=hosts)).findings == ()


def test_many_secrets_are_told(bench: Bench) -> None:
    """All count, however many there are."""
    values = tuple(b"sesame-%04d!" % number for number in range(500))
    proposed = {"a": b"".join(value + b"\n" for value in values)}
    findings = bench.judged(Sample({"a": b""}, proposed, secrets=values)).findings
    assert [finding.rule for finding in findings] == ["secret-added"] * 21
    assert findings[-1].reason.startswith("480 more objections of this rule to this file")


def test_many_secrets_that_were_there_are_not_new(bench: Bench) -> None:
    """They are looked up, however many there are."""
    values = tuple(b"sesame-%04d!" % number for number in range(500))
    base = {"a": b"".join(b"x = " + value + b"\n" for value in values)}
    proposed = {"a": base["a"].replace(b"x = ", b"y = ")}
    assert bench.rules(base, proposed) == set()
    assert bench.found(Sample(base, proposed, secrets=values)) == []


def test_what_cannot_be_read_is_refused(bench: Bench) -> None:
    """Text may hold anything then; binary files have a rule of their own."""

    def unreadable(_data: bytes, _path: str) -> Sequence[Span]:
        message = "cannot be read"
        raise SealingError(message, hint="none")

    for data, expected in ((b"x = 2\n", {"secret-added"}), (b"\0\n", {"binary-file"})):
        case = case_of(Sample(BASE, {"a/app.py": data}), bench.policy)
        findings = judge(replace(case, secrets=unreadable)).findings
        assert {finding.rule for finding in findings} == expected


def test_a_finder_that_fails_is_no_clearance(bench: Bench) -> None:
    """Its error goes up: nothing was judged."""

    def broken(_data: bytes, _path: str) -> Sequence[Span]:
        raise OSError(5, "broken")

    case = case_of(Sample(BASE, EDITED), bench.policy)
    with pytest.raises(OSError, match="broken"):
        judge(replace(case, secrets=broken))
