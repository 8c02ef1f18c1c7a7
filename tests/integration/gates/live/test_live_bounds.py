"""What cannot be probed is said, and hostile configurations are bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.gates.live.conftest import server
from workflow.gates.nginx.live import Options, Times
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.live.conftest import Probed
    from workflow.types import Digest

_SOON = Options(times=Times(timeout_s=6.0, start_s=3.0, request_s=0.2))


def test_a_base_that_does_not_start_is_said(probed: Probed) -> None:
    """The reason is nginx's own, and it is no pass."""
    result = probed("events {}\nhttp { serverr {} }", server("location / { return 204; }"))
    assert result.outcome is Outcome.ERROR
    assert 'on the base, nginx ended with status 1: unknown directive "serverr"' in result.why


def test_a_patch_with_which_nginx_does_not_start_fails(probed: Probed) -> None:
    """It started before."""
    base = server("location / { return 204; }")
    result = probed(base, base.replace("listen 80;", "listen 80; listen 80;"))
    assert result.outcome is Outcome.FAIL
    assert "on the patched tree, nginx ended with status 1: a duplicate listen" in result.why


def test_streams_alone_are_said_not_to_be_probed(probed: Probed) -> None:
    """Only HTTP is asked."""
    base = "events {}\nstream { server { listen 53; proxy_pass 10.0.0.1:53; } }"
    result = probed(base, base.replace("listen 53", "listen 54"))
    assert result.outcome is Outcome.ERROR
    assert result.why == "it has no HTTP server: only those are probed"


def test_answers_without_end_are_given_up(probed: Probed) -> None:
    """Three in a row that come to no end; the rest is said not to have been asked."""
    base = server("location / { limit_rate 1; }")
    result = probed(base, base.replace("limit_rate 1;", "limit_rate 1; expires 1h;"), options=_SOON)
    assert len(result.compared) == 3
    assert any("requests were not sent: too many before them" in note for note in result.notes)
    assert result.seconds < 20


def test_a_large_answer_is_cut(probed: Probed) -> None:
    """Twenty megabytes made of one short word: no more is read than is compared."""
    sets = "set $a 0123456789;" + "".join(
        f"set ${new} {f'${old}' * 10};" for old, new in zip("abcdef", "bcdefg", strict=True)
    )
    base = server("location / { return 200 a; }")
    patched = server(f"{sets} location / {{ return 200 $g$g; }}")
    result = probed(base, patched, options=Options(limit=4))
    page = next(one for one in result.answers if one.name == "GET http://a.example.test/probe.html")
    assert page.patched == "200, limit"


def test_thousands_of_servers_are_asked_a_few_things(probed: Probed) -> None:
    """The changed one comes first, whatever its place, and the rest is counted."""
    names = range(1500)
    servers = [f"server {{ listen 80; server_name s{n}.example.test; }}\n" for n in names]
    base = f"events {{}}\nhttp {{ {''.join(servers)} }}"
    servers[1400] = servers[1400].replace("; }", "; return 410; }")
    result = probed(base, f"events {{}}\nhttp {{ {''.join(servers)} }}", options=Options(limit=10))
    assert {one.request for one in result.differences} >= {"GET http://s1400.example.test/"}
    assert len(result.compared) == 10
    assert any("more requests could be made" in note for note in result.notes)


def test_what_a_configuration_says_stays_on_one_line(probed: Probed) -> None:
    """Control characters and marks of direction in answers are shown as escapes."""
    base = server("location / { return 200 a; }")
    result = probed(base, server('location / { return 200 "\x1b[31m\u202eevil\n"; }'))
    lines = (*result.told, *result.doubts, *result.proofs, result.summary)
    assert any("evil" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_every_request_and_answer_is_kept(probed: Probed, kept: dict[Digest, bytes]) -> None:
    """The evidence of both trees has what was asked, answered, and received upstream."""
    base = server("location / { proxy_pass http://app:3000; }")
    result = probed(base, base.replace("app:3000;", "app:3000; add_header X-New 1;"))
    before, after = (kept[one.log].decode() for one in result.evidence)
    assert "> GET http://a.example.test/probe.html" in before
    assert "the upstream app:3000 received http/1." in before
    assert "< x-new: 1" in after
    assert "< x-new: 1" not in before
