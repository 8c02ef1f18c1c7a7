"""What a tool found, read from its report: JUnit's XML or SARIF 2.1.0, both from a hostile hand.

A finding is known by what it says and where, without its line, which every patch moves.  Findings
of one name are counted: a second one is new.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from workflow.canonical import no_constant, unique_members
from workflow.gates.text import MAX_LINE, one_line
from workflow.sandbox import TREE

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REPORT = 16 * 1024 * 1024
_MAX_FINDINGS = 20_000
_MAX_DEPTH = 64
_BAD = {"failure": "failed", "error": "failed", "skipped": "skipped"}


class ReportError(ValueError):
    """A report is not what it should be; the message says in a line why."""


@dataclass(frozen=True, slots=True)
class Report:
    """Findings with how often each is there, and the checks that passed or were skipped.

    SARIF has findings alone.  Of JUnit each failed test is a finding.
    """

    findings: Counter[str]
    passed: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()


def read(parser: str, data: bytes) -> Report:
    """Return what a report says; `parser` is `junit` or `sarif`.

    Raises `ReportError`.
    """
    if not data.strip():
        message = "there is no report"
        raise ReportError(message)
    return _junit(data) if parser == "junit" else _sarif(data)


def _sarif(data: bytes) -> Report:
    """Read the results that count: neither suppressed nor of a kind that is no fault (3.27.9)."""
    try:
        said = json.loads(data, object_pairs_hook=unique_members, parse_constant=no_constant)
        found = Counter(
            _result(result)
            for run in _list(said, "runs")
            for result in _list(run, "results")
            if result.get("kind", "fail") == "fail"
            and not result.get("suppressions")
            and result.get("baselineState") not in {"absent", "unchanged"}
        )
    except RecursionError as error:
        message = "the SARIF report is nested too deeply"
        raise ReportError(message) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the report is no SARIF: {one_line(str(error), 100)}"
        raise ReportError(message) from error
    return Report(_bounded(found))


def _list(said: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = said[key]
    if not isinstance(found, list):
        message = f"{key} is no list"
        raise TypeError(message)
    return found


def _result(result: Mapping[str, Any]) -> str:
    rule = result.get("ruleId") or result.get("rule", {}).get("id", "")
    places = result.get("locations") or [{}]
    place = places[0].get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "")
    words = result["message"].get("text") or result["message"].get("id", "")
    path = str(place).removeprefix("file://").removeprefix(f"{TREE}/")
    return _name(": ".join(part for part in (path, str(rule), str(words)) if part))


def _junit(data: bytes) -> Report:
    reading = _Junit()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    # No entity is declared where there is no document type: nothing can grow.
    parser.StartDoctypeDeclHandler = reading.refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        message = f"the report is no XML: {one_line(str(error), 100)}"
        raise ReportError(message) from error
    if not reading.is_junit:
        message = "the report is XML, but not JUnit's"
        raise ReportError(message)
    ended = reading.ended
    names = {how: [name for name, one in ended if one == how] for how in ("passed", "skipped")}
    failed = Counter(name for name, how in ended if how == "failed")
    return Report(_bounded(failed), frozenset(names["passed"]), frozenset(names["skipped"]))


class _Junit:
    """Listens to a parser: each test case with how it ended."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []
        self.is_junit = False
        self._name = ""
        self._how = ""
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.is_junit = tag in {"testsuites", "testsuite"}
        if self._depth > _MAX_DEPTH or len(self.ended) > _MAX_FINDINGS:
            message = "the JUnit report is too large"
            raise ReportError(message)
        if tag == "testcase":
            parts = (attributes.get("classname", ""), attributes.get("name", ""))
            self._name, self._how = "::".join(part for part in parts if part), "passed"
        elif self._name and self._how != "failed":
            self._how = _BAD.get(tag, self._how)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag == "testcase" and self._name:
            self.ended.append((_name(self._name), self._how))
            self._name = ""

    def refuse(self, *_: object) -> None:
        message = "the report declares a document type, which JUnit's has none of"
        raise ReportError(message)


def _name(text: str) -> str:
    """Return a finding's name: one printable line, and of no other finding, however long it is."""
    shown = one_line(text)
    if shown == text:
        return shown
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{one_line(text, MAX_LINE - 15)} ({mark})"


def _bounded(found: Counter[str]) -> Counter[str]:
    if len(found) > _MAX_FINDINGS:
        message = f"the report has more than {_MAX_FINDINGS} findings"
        raise ReportError(message)
    return found
