"""The nginx gate as a whole: the test, the rules, the second opinion and the live answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.gates.nginx.gate import NginxGate
from workflow.types import Outcome, Turn

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase

SITE = "nginx/nginx.conf"
BASE = """\
events {}
http {
    server {
        listen 80;
        server_name a.example.test;
        add_header X-Frame-Options DENY always;
        location / { return 200 here; }
    }
}
"""
HEALTHY = BASE.replace(
    "        location / {", "        location = /healthz { return 204; }\n        location / {"
)
LOSES = HEALTHY.replace("return 204;", "return 204; add_header X-Own yes;")


def test_a_good_change_is_proved_by_what_it_answers(make_case: MakeCase) -> None:
    """It loads, has no silent fault, and a request is answered as it says and not before."""
    verdict = NginxGate().judge(make_case({SITE: BASE}, {SITE: HEALTHY}))
    assert (verdict.outcome, verdict.doubts) == (Outcome.PASS, ()), verdict
    assert "1 real change, no silent fault" in verdict.summary
    assert any("/healthz" in proof for proof in verdict.proofs)
    counts = {one.turn: one.count for one in verdict.tallies}
    assert counts[Turn.FAIL_TO_PASS] >= 1
    assert counts[Turn.PASS_TO_PASS] >= 1


def test_a_silent_fault_refuses_until_it_is_declared(make_case: MakeCase) -> None:
    """`nginx -t` and the live answers are not asked for their opinion on what was declared."""
    case = make_case({SITE: BASE}, {SITE: LOSES})
    verdict = NginxGate(probe=False).judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "X-Frame-Options" in verdict.summary
    rules = ("nginx:header-inheritance", "nginx:header-removed")
    declared = replace(case, declared=frozenset(rules))
    verdict = NginxGate(probe=False).judge(declared)
    assert verdict.outcome is Outcome.PASS
    assert any(doubt.startswith("declared as intended") for doubt in verdict.doubts)


def test_the_second_opinion_is_a_doubt(make_case: MakeCase) -> None:
    """What gixy-ng finds in the patched tree alone is told, and refuses nothing."""
    leaky = BASE.replace("return 200 here;", "return 200 here; server_tokens on;")
    verdict = NginxGate(probe=False).judge(make_case({SITE: BASE}, {SITE: leaky}))
    assert verdict.outcome is Outcome.PASS
    told = [doubt for doubt in verdict.doubts if doubt.startswith("gixy-ng: ")]
    assert len(told) == 1, verdict.doubts
    assert "server_tokens" in told[0]


def test_what_cannot_be_started_is_a_doubt(make_case: MakeCase) -> None:
    """A stream has no HTTP answers: nginx -t has judged it, and a person is told."""
    stream = "events {}\nstream { server { listen 9000; proxy_pass 127.0.0.1:9001; } }\n"
    patched = stream.replace("9001", "9002")
    verdict = NginxGate().judge(make_case({SITE: stream}, {SITE: patched}))
    assert verdict.outcome is Outcome.PASS
    assert any("no live answers of nginx/nginx.conf" in doubt for doubt in verdict.doubts)
