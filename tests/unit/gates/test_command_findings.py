"""Reports of tools, read strictly: findings are what they say, and nothing grows or hangs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.gates.command.findings import ReportError, read

if TYPE_CHECKING:
    from collections.abc import Mapping

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="s">
<testcase classname="a.b" name="good"/>
<testcase classname="a.b" name="bad"><failure message="x">&lt;trace&gt;</failure></testcase>
<testcase name="broken"><error/></testcase>
<testcase name="idle"><skipped/></testcase>
</testsuite></testsuites>"""


def sarif(*results: Mapping[str, Any]) -> bytes:
    """Return a report with one run."""
    return json.dumps({"version": "2.1.0", "runs": [{"results": list(results)}]}).encode()


def result(text: str, line: int = 1, **more: object) -> dict[str, Any]:
    """Return one finding of the rule R1 in `app.py`."""
    place = {"artifactLocation": {"uri": "file:///tree/app.py"}, "region": {"startLine": line}}
    locations = [{"physicalLocation": place}]
    return {"ruleId": "R1", "message": {"text": text}, "locations": locations, **more}


def test_junit_tells_how_each_test_ended() -> None:
    """A failure and an error are findings; a skipped test is neither passed nor failed."""
    found = read("junit", JUNIT.encode())
    assert dict(found.findings) == {"a.b::bad": 1, "broken": 1}
    assert found.passed == {"a.b::good"}
    assert found.skipped == {"idle"}


def test_sarif_findings_have_no_line() -> None:
    """The same words about the same file are one finding, as often as it is there."""
    found = read("sarif", sarif(result("unused"), result("unused", line=7), result("other")))
    assert dict(found.findings) == {"app.py: R1: unused": 2, "app.py: R1: other": 1}


@pytest.mark.parametrize(
    "more",
    [
        {"suppressions": [{"kind": "inSource"}]},
        {"kind": "pass"},
        {"baselineState": "unchanged"},
    ],
    ids=["suppressed", "no fault", "known"],
)
def test_sarif_results_that_do_not_count(more: dict[str, Any]) -> None:
    """What the tool itself takes out is no finding."""
    assert not read("sarif", sarif(result("unused", **more))).findings


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    + "]><testsuite><testcase name='&i;'/></testsuite>"
)


@pytest.mark.parametrize(
    ("parser", "data", "said"),
    [
        ("junit", b"", "no report"),
        ("junit", b"<testsuite>", "no XML"),
        ("junit", b"<html/>", "not JUnit"),
        ("junit", BOMB.encode(), "document type"),
        ("junit", b"<testsuite>" + b"<a>" * 100 + b"</a>" * 100 + b"</testsuite>", "too large"),
        ("sarif", b"{}", "no SARIF"),
        ("sarif", b"[" * 100_000, "nested|no SARIF"),
        ("sarif", b'{"runs": [{"results": {}}]}', "no list"),
        ("sarif", b'{"runs": [], "runs": []}', "no SARIF"),
        ("sarif", b'{"runs": [{"results": [{"message": "x"}]}]}', "no SARIF"),
        ("sarif", b"\xff\xfe", "no SARIF"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_report_is_refused(parser: str, data: bytes, said: str) -> None:
    """A report that cannot be one is an error with a reason, and no crash."""
    with pytest.raises(ReportError, match=said):
        read(parser, data)


def test_long_findings_are_told_apart() -> None:
    """Two that differ behind what is shown are two."""
    found = read("sarif", sarif(result("x" * 400 + "1"), result("x" * 400 + "2"))).findings
    assert list(found.values()) == [1, 1]


def test_names_are_fit_to_show() -> None:
    """A finding's words are one printable line."""
    (name,) = read("sarif", sarif(result("a\nb\x1b[31m\u202e" + "x" * 1000))).findings
    assert name.isprintable()
    assert len(name) <= 300
